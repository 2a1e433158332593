"""The published sample run, as its partners may see it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from conformance.pcapng.contents import ContentReader, Packet
from conformance.redaction.capture import RedactedCapture
from conformance.runs import bundle as bundles
from conformance.runs.bundle import write_bundle
from conformance.runs.folder import read_run
from conformance.vocabulary.errors import BadInput, HarnessFault
from conformance.vocabulary.results import CellResult

SAMPLE = Path(__file__).parents[2] / "reports" / "sample"
USERS = {"uc3m": ("alice", "erin"), "stuba": ("bob",), "octopus": ("carol",)}
SECRET = re.compile(r'(?:nonce|response|cnonce)=\\?"([0-9A-Za-z+/=]{12,})\\?"')
LONG_HEX = re.compile(r"\b[0-9a-f]{64}\b")


def octets_of(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("partner", ["stuba", "uc3m", None])
def test_no_octet_of_a_bundle_shows_what_the_partner_must_not_see(tmp_path: Path, partner: str | None) -> None:
    write_bundle(SAMPLE, tmp_path / "bundle", partner, redact=True)
    run = read_run(tmp_path / "bundle")
    names = [name for testbed, users in USERS.items() if testbed != partner for name in users]
    secrets: set[str] = set()
    for cell in run.cells:
        text = (SAMPLE / cell.folder / "result.json").read_text()
        secrets |= set(SECRET.findall(text)) | set(LONG_HEX.findall(text))
    assert len(secrets) > len(run.cells)
    for file, data in octets_of(tmp_path / "bundle").items():
        lower = data.lower()
        for name in names:
            assert not re.search(rb"(?<![a-z])" + name.encode() + rb"(?![a-z])", lower), f"{name} in {file}"
            assert name.encode().hex() not in lower.decode("latin-1"), f"{name} in {file}"
            assert name.encode().hex(" ") not in lower.decode("latin-1"), f"{name} in {file}"
        for secret in secrets:
            assert secret.encode() not in data, f"{secret} in {file}"


def test_the_partner_reads_his_own_users(tmp_path: Path) -> None:
    write_bundle(SAMPLE, tmp_path / "bundle", "stuba", redact=True)
    assert "sip:bob@stuba.netlab.test" in (tmp_path / "bundle" / "index.html").read_text()


def test_only_cells_of_the_partner_are_written_and_the_rest_is_counted(tmp_path: Path) -> None:
    found = write_bundle(SAMPLE, tmp_path / "bundle", "uc3m", redact=True)
    run, whole = read_run(tmp_path / "bundle"), read_run(SAMPLE)
    assert found.cells + found.left_out == len(whole.cells)
    assert {cell.cell for cell in run.cells} == {c.cell for c in whole.cells if "uc3m" in (c.home, c.visited)}
    assert any(f"{found.left_out} others are left out" in limit for limit in run.header.limits)
    assert run.footer is not None
    assert run.footer.cells == found.cells
    pairs = {file.name for file in (tmp_path / "bundle" / "adapter").iterdir()}
    assert len(pairs) == len({cell.profile for cell in run.cells if cell.adapted})
    names = {file.name for file in octets_of(tmp_path / "bundle")} - pairs
    assert names == {
        "README.md",
        "cells.csv",
        "index.html",
        "run.jsonl",
        "result.json",
        "capture.pcapng",
        "events.jsonl",
    }


def shape(value: object, key: str = "") -> object:
    """A result without its texts: what must not change."""
    if isinstance(value, dict):
        return {name: shape(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(one, key) for one in value]
    kept = ("verdict", "interoperability", "conformance", "id", "cell", "node", "clause", "statement", "kind", "folder")
    return value if not isinstance(value, str) or key in kept else len(value)


def test_verdicts_places_and_lengths_of_all_results_stay(tmp_path: Path) -> None:
    write_bundle(SAMPLE, tmp_path / "bundle", "stuba", redact=True)
    for cell in read_run(tmp_path / "bundle").cells:
        # Through the model, so that it has all fields that were added since.
        whole = CellResult.model_validate_json((SAMPLE / cell.folder / "result.json").read_text())
        old = json.loads(whole.model_dump_json(by_alias=True))
        new = json.loads((tmp_path / "bundle" / cell.folder / "result.json").read_text())
        old["node_logs"] = {}
        assert shape(new) == shape(old)


def test_frames_keep_number_time_and_length(tmp_path: Path) -> None:
    write_bundle(SAMPLE, tmp_path / "bundle", "stuba", redact=True)
    for cell in read_run(tmp_path / "bundle").cells:
        packets = [
            [
                (p.interface, p.time_ns, len(p.data))
                for p in ContentReader().feed(file.read_bytes())
                if isinstance(p, Packet)
            ]
            for file in (root / cell.folder / "capture.pcapng" for root in (SAMPLE, tmp_path / "bundle"))
        ]
        assert packets[0] == packets[1]


def test_two_bundles_call_the_same_user_differently(tmp_path: Path) -> None:
    subjects = []
    for name in ("one", "two"):
        write_bundle(SAMPLE, tmp_path / name, "stuba", redact=True)
        subjects.append({s for c in read_run(tmp_path / name).cells for p in c.procedures for s in p.subject})
    assert subjects[0] & subjects[1] == {"sip:bob@stuba.netlab.test"}


def test_what_leaks_is_not_delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def copied(file: Path, redactor: object) -> RedactedCapture:
        return RedactedCapture(file.read_bytes(), real(file, redactor).messages)  # type: ignore[arg-type]

    real = bundles.redact_capture
    monkeypatch.setattr(bundles, "redact_capture", copied)
    with pytest.raises(HarnessFault, match="nothing was delivered"):
        write_bundle(SAMPLE, tmp_path / "bundle", "stuba", redact=True)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_used_only_when_it_is_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_bundle(SAMPLE, tmp_path / "empty", "stuba", redact=True)
    with pytest.raises(BadInput, match="not empty"):
        write_bundle(SAMPLE, tmp_path / "empty", "stuba", redact=True)


def test_a_testbed_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--partner tuba: no testbed of this run; expected one of octopus, stuba, uc3m"):
        write_bundle(SAMPLE, tmp_path / "bundle", "tuba", redact=True)
    assert list(tmp_path.iterdir()) == []


def test_without_redaction_cells_are_chosen_and_nothing_else_changes(tmp_path: Path) -> None:
    write_bundle(SAMPLE, tmp_path / "bundle", "stuba", redact=False)
    for cell in read_run(tmp_path / "bundle").cells:
        file = Path(cell.folder) / "capture.pcapng"
        assert (tmp_path / "bundle" / file).read_bytes() == (SAMPLE / file).read_bytes()
