"""The torture test messages of RFC 4475: read without a loss, and as tshark reads them but for what is listed."""

from __future__ import annotations

import re
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from conformance.trace.decode import read_trace
from conformance.trace.sip import read_sip
from tests.fuzz.judging import check_sip
from tests.trace.torture_readings import FOLDER, MESSAGES, Difference, all_differences, pcap_of

LISTED: dict[str, Any] = tomllib.loads((FOLDER / "readings.toml").read_text())
DIFFERENCES: list[dict[str, Any]] = LISTED["difference"]
PAGE = Path(__file__).parents[2] / "docs" / "sip-reader.md"


def test_every_message_of_the_rfc_is_there() -> None:
    assert len(MESSAGES) == 49
    assert LISTED["message"].keys() == MESSAGES.keys()


@pytest.mark.parametrize("name", MESSAGES)
def test_no_octet_is_lost(name: str) -> None:
    check_sip(MESSAGES[name])


@pytest.mark.parametrize("name", MESSAGES)
def test_the_start_line_and_the_headers_come_out_again(name: str) -> None:
    """Start line, headers and body by their spans, with the line ends between them, are the message."""
    raw = MESSAGES[name]
    sip = read_sip(raw)
    spans = [sip.start_span, *(header.span for header in sip.headers), sip.body_span]
    between = [raw[one.end : other.offset] for one, other in pairwise(spans)]
    assert set(b"".join(between)) <= set(b"\r\n \t")
    behind = raw[sip.body_span.end :]
    noted = [raw[one.span.offset : one.span.end] for one in sip.problems if one.what.endswith("behind the body")]
    assert noted == ([behind] if behind else [])
    pieces = [raw[span.offset : span.end] for span in spans]
    again = b"".join(piece + gap for piece, gap in zip(pieces, [*between, behind], strict=True))
    assert again == raw


@pytest.mark.parametrize("name", MESSAGES)
def test_what_departs_from_the_grammar_is_noted(name: str) -> None:
    assert [problem.what for problem in read_sip(MESSAGES[name]).problems] == LISTED["message"][name]["notes"]


def test_tshark_reads_the_same_but_for_the_listed_differences(tmp_path: Path) -> None:
    said = subprocess.run(["tshark", "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    version = re.search(r"[0-9]+\.[0-9]+", said)
    if version is None or version.group() != LISTED["wireshark"]:
        pytest.skip(f"differences are listed for Wireshark {LISTED['wireshark']}, here is {said.splitlines()[0]}")
    listed = {
        (one["message"], one["aspect"]): Difference(tuple(one["ours"]), tuple(one["theirs"])) for one in DIFFERENCES
    }
    assert all_differences(tmp_path) == listed


def test_a_capture_gives_every_message_but_the_one_without_a_status_code(tmp_path: Path) -> None:
    file = tmp_path / "torture.pcap"
    file.write_bytes(pcap_of(list(MESSAGES.values())))
    assert [message.raw for message in read_trace([file]).sip] == [
        raw for name, raw in MESSAGES.items() if name != "bigcode"
    ]


def rows(about: str) -> list[list[str]]:
    """Return the cells of the table below a heading of the page."""
    text = PAGE.read_text().partition(f"## {about}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_page_has_a_row_of_each_message() -> None:
    wanted = [
        [f"`{name}`", one["section"], one["about"], "; ".join(one["notes"]) or "nothing"]
        for name, one in LISTED["message"].items()
    ]
    assert rows("The messages of RFC 4475") == wanted


def test_the_page_has_a_row_of_each_difference_with_its_reason() -> None:
    wanted: dict[tuple[str, str], list[str]] = {}
    for one in DIFFERENCES:
        assert len(one["why"]) > 20
        wanted.setdefault((f"`{one['message']}`", one["why"]), []).append(one["aspect"])
    assert rows("Where tshark reads something else") == [
        [message, ", ".join(aspects), why] for (message, why), aspects in wanted.items()
    ]
