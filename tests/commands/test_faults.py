"""`netlab faults`: the table, its JSON, its exit codes. What it finds is in `tests/faults/test_detection.py`."""

from __future__ import annotations

import json

import pytest

from conformance.cli import main
from conformance.criteria import all_criteria
from conformance.detection import captures
from conformance.faults.catalogue import load_catalogue
from conformance.faults.reference import CAPTURE_NAME, CAPTURES


def test_named_faults_give_a_table_that_ends_with_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults", "REG-05-fail-absent", "benign-header-order", "joined-lists"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["fault", "kind"]
    assert lines[1].split() == ["REG-05-fail-absent", "capture", "REG-05", "REG-05", "-", "ue", "ok"]
    assert lines[-2:] == ["2 benign changes: 0 changed a verdict", "1 faults: 1 found, 0 missed, 0 with collateral"]


def test_json_is_a_list_of_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults", "--json", "REG-38-fail-no-service-route"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "fault": "REG-38-fail-no-service-route",
            "kind": "capture",
            "expected": ["REG-38"],
            "found": ["REG-38"],
            "collateral": [],
            "blamed": "home-scscf",
            "ok": True,
            "warnings": [],
        }
    ]


def test_what_is_missed_makes_it_fail(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captures, "judged", lambda trace, case: ())
    assert main(["faults", "REG-05-fail-absent"]) == 1
    assert "1 faults: 0 found, 1 missed, 0 with collateral" in capsys.readouterr().out


def test_the_list_has_every_fault_and_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults", "--list", "--kind", "node", "--kind", "terminal"]) == 0
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    assert listed == {fault.name for fault in load_catalogue().fault}


def test_each_criterion_is_listed_with_its_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults", "--criteria"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert set(lines) == {criterion.id for criterion in all_criteria()}
    assert lines["REG-38"].startswith("driven: no-service-route; captured: ")


def test_chance_ends_with_percentages(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(CAPTURES / "handbuilt-registration-home" / CAPTURE_NAME)
    assert main(["faults", "--random", "6", "--seed", "2", "--base", file]) == 0
    *tried, count, reasons, shares = capsys.readouterr().out.splitlines()
    assert len(tried) == 6
    assert count == "6 mutations of 1 captures"
    assert reasons.startswith("not found, by reason: ")
    assert shares.startswith("found ")
    assert main(["faults", "--random", "6", "--seed", "2", "--base", file, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 6


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nothing-of-that-name"], "netlab faults --list shows all"),
        (["no-service-route", "--kind", "terminal"], "none of that name and kind"),
        (["--random", "3", "REG-05-fail-absent"], "chance chooses"),
        (["--base", "a.pcapng"], "give --random N too"),
        (["--random", "3", "--base", "none.pcapng"], "No such file"),
    ],
)
def test_a_mistake_is_one_line(words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults", *words]) == 2
    told = capsys.readouterr().err
    assert complaint in told
    assert told.count("\n") == 1


def test_a_number_out_of_range_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["faults", "--random", "0"])
    assert ended.value.code == 2
    assert "from 1 to 1000" in capsys.readouterr().err
