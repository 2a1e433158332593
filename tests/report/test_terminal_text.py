"""Terminals as text, and the profile file that reproduces one."""

from __future__ import annotations

import tomllib
from pathlib import Path

from conformance.quirks.profiles import profile_named
from conformance.report.terminal_text import MOST, identification_lines, profile_text
from conformance.vocabulary.identified import Identification, NearestProfile, TerminalResult, UnknownDeviation
from conformance.vocabulary.results import Evidence, Excerpt, FrameRef, QuirkResult
from conformance.vocabulary.verdicts import Severity

HOSTILE = '"""\x1b[2J\r\nquirks = ["Q9"]\x7f\u202e\\' + "x" * 2000


def quirk(**changes: object) -> QuirkResult:
    marked = Excerpt(before="sip:h.test", marked=":4060", after=" SIP/2.0")
    fields: dict[str, object] = {
        "id": "Q1",
        "title": "a port",
        "words": "There is a port.",
        "severity": Severity.BLOCKING,
        "deviates": True,
        "evidence": [Evidence(capture=0, frame=7, field="Request-URI", offset=20, length=5, excerpt=marked)],
        "places": 3,
        "breaks": ["REG-02"],
        "blocks": ["strict"],
        "cure": "request-uri",
        "advice": "leave it out",
    }
    return QuirkResult.model_validate(fields | changes)


def terminal(**changes: object) -> TerminalResult:
    fields: dict[str, object] = {
        "endpoint": "192.0.2.1:5060/udp",
        "identities": ["sip:a@h.test"],
        "registers": [FrameRef(capture=0, frame=7)],
        "profile": "standard+Q1",
        "quirks": [quirk()],
        "unknown": [],
        "undecided": ["Q15"],
        "nearest": NearestProfile(name="symbian-s60", more=["Q9"], less=["Q4"]),
    }
    return TerminalResult.model_validate(fields | changes)


def lines(*terminals: TerminalResult) -> list[str]:
    return list(identification_lines(Identification(captures=[], terminals=list(terminals))))


def test_a_terminal_is_told_with_bytes_and_frames() -> None:
    assert lines(terminal()) == [
        "terminal 1 of 1: 192.0.2.1:5060/udp sip:a@h.test",
        "  1 REGISTER (frames: 7)",
        "  Q1 (blocking) a port: Request-URI bytes 20 to 25 ':4060' (frames: 7, and 2 more); breaks REG-02; "
        "blocks registration at strict; adapter cures it (request-uri)",
        "  no occasion to show: Q15",
        "  nearest known profile: symbian-s60, and also Q9, but not Q4",
        "  reproduced by the profile standard+Q1",
    ]


def test_what_is_unknown_is_told_with_its_clause() -> None:
    one = UnknownDeviation(
        what="expected 600000; found 60", criterion="REG-12", clause="TS 5.1", level="SHOULD",
        evidence=[Evidence(capture=0, frame=7, field="Contact", offset=1, length=2)],
    )  # fmt: skip
    told = lines(terminal(quirks=[], unknown=[one]))
    assert told[2] == "  no quirk that is known"
    assert told[3] == (
        "  unknown deviation: REG-12 (SHOULD) [TS 5.1] expected 600000; found 60, Contact bytes 1 to 3 (frames: 7)"
    )


def test_hostile_words_stay_one_bounded_line_each() -> None:
    one = UnknownDeviation(what=HOSTILE, criterion=None, clause=None, level=None, evidence=[])
    marked = Excerpt(before="", marked=HOSTILE, after="")
    cited = Evidence(capture=0, frame=7, field=HOSTILE, offset=0, length=9, excerpt=marked)
    evil = terminal(endpoint=HOSTILE, identities=[HOSTILE], unknown=[one], quirks=[quirk(evidence=[cited])])
    told = lines(evil)
    assert all("\n" not in line and "\x1b" not in line and len(line) < 800 for line in told)
    assert len(told) == 7


def test_many_terminals_are_counted() -> None:
    assert lines(*[terminal()] * (MOST + 3))[-1] == "3 more terminals are in the output of --json"


def test_the_profile_file_is_read_as_what_was_found(tmp_path: Path) -> None:
    file = tmp_path / "phone.toml"
    file.write_text(profile_text(terminal(), ["a.pcapng"]), encoding="utf-8")
    assert profile_named(str(file)).ids == {"Q1"}


def test_hostile_words_add_nothing_to_the_profile_file(tmp_path: Path) -> None:
    one = UnknownDeviation(what=HOSTILE, criterion=None, clause=None, level=None, evidence=[])
    evil = terminal(endpoint=HOSTILE, unknown=[one], quirks=[quirk(title=HOSTILE)])
    text = profile_text(evil, [HOSTILE])
    assert tomllib.loads(text)["quirks"] == ["Q1"]
    file = tmp_path / "phone.toml"
    file.write_text(text, encoding="utf-8")
    assert profile_named(str(file)).ids == {"Q1"}
