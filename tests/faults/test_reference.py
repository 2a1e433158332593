"""The reference captures are what their data says, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.faults import reference
from conformance.faults.pcapfile import encode_pcapng
from conformance.vocabulary.errors import BadInput


@pytest.mark.parametrize("name", reference.cases())
def test_a_committed_capture_is_the_one_that_its_data_gives(name: str) -> None:
    assert encode_pcapng(reference.build(name)) == (reference.CAPTURES / name / reference.CAPTURE_NAME).read_bytes()


@pytest.mark.parametrize("name", reference.cases())
def test_a_committed_readme_is_the_one_that_its_data_gives(name: str) -> None:
    assert reference.readme(name) == (reference.CAPTURES / name / "README.md").read_text("utf-8")


def test_the_committed_overview_is_the_one_that_the_cases_give() -> None:
    assert reference.overview() == (reference.CAPTURES / "README.md").read_text("utf-8")


def test_no_folder_lacks_its_data() -> None:
    folders = {path.name for path in reference.CAPTURES.iterdir() if path.is_dir()}
    assert folders == set(reference.cases())


def test_all_captures_together_stay_small() -> None:
    total = sum(path.stat().st_size for path in reference.CAPTURES.rglob("*") if path.is_file())
    assert total < 6_500_000  # a call is 56 packets on six hops, and a second of voice 100


def test_a_case_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert reference.main(["none"]) == 2
    assert "none/case.toml" in capsys.readouterr().err


def test_outside_of_a_checkout_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reference, "CAPTURES", tmp_path / "captures")
    assert reference.main([]) == 2
    assert "in a checkout only" in capsys.readouterr().err


def test_edits_without_a_base_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "case.toml").write_text(
        'title = "t"\norigin = "o"\nwhy = "w"\n[expected]\n[[edit]]\nkind = "drop"\nframes = [1]\n'
    )
    with pytest.raises(BadInput, match="go together"):
        reference.load_case("x", tmp_path)
