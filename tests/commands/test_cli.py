"""The command line: exit codes, and one line for every mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.cli import main

ROOT = Path(__file__).parents[2]


def test_flows_are_listed_and_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flows"]) == 0
    assert "registration-home" in capsys.readouterr().out
    assert main(["flows", "registration-home"]) == 0
    drawing = capsys.readouterr().out
    assert "REGISTER" in drawing
    assert "home-scscf" in drawing


def test_an_unknown_flow_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flows", "registration-hom"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("netlab: ")
    assert error.count("\n") == 1


def test_requirements_agree_with_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["requirements", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert all(bool(row["criteria"] or row["test_cases"]) != bool(row["not_tested_reason"]) for row in rows)


def test_validate_prints_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["validate", str(ROOT / "captures/kamailio-registration-home/capture.pcapng"), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == 1  # Kamailio's P-CSCF hands ck and ik to the terminal
    assert found["schema"] == 1
    assert [procedure["flow"] for procedure in found["procedures"]] == ["registration-home"]
    (procedure,) = found["procedures"]
    assert {c["id"] for c in procedure["criteria"] if c["verdict"] == "FAIL" and c["level"] == "SHALL"} == {"REG-30"}


@pytest.mark.parametrize(
    "words", [["validate", "no-such-file.pcap"], ["validate", __file__], ["report", "/nonexistent"]]
)
def test_bad_input_is_one_line(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("netlab: ")
    assert error.count("\n") == 1


def test_reports_that_cannot_be_written_are_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert main(["run", "--reports", str(tmp_path / "file" / "reports")]) == 4
    error = capsys.readouterr().err
    assert error.startswith(f"netlab: {tmp_path}/file/reports: no run can be written there (Not a directory); ")
    assert error.count("\n") == 1


def test_an_unknown_option_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as left:
        main(["flows", "--colour"])
    assert left.value.code == 2
