"""JUnit, Allure and CSV of a run that has every outcome: each reader sees what the verdicts say, and no more."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from conformance.runs.folder import read_run
from tests.end_to_end.conftest import NETLAB, ROOT, environment
from tests.end_to_end.test_broken_testbeds import secrets_left_in

EVERY_OUTCOME = '''
import pytest

NO_ICID = pytest.mark.fault("p-cscf", "no-charging-vector")
FLOW = pytest.mark.flow("registration-home")

@FLOW
def test_good(cell):
    """As it has to be."""
    cell.terminal().register()

@FLOW
@NO_ICID
def test_bad(cell):
    """A node misbehaves."""
    cell.terminal().register()

@FLOW
@NO_ICID
@pytest.mark.expected(conformance="FAIL", criteria=["REG-18"])
def test_bad_as_expected(cell):
    """A node misbehaves, and that is known."""
    cell.terminal().register()

@FLOW
@pytest.mark.expected(conformance="FAIL", criteria=["REG-18"])
def test_better_than_expected(cell):
    """A known deviation has gone."""
    cell.terminal().register()

@FLOW
def test_no_service(cell):
    """The user does not get what the test case asks for."""
    cell.terminal().register()
    raise AssertionError("a second line")

@FLOW
def test_silent(cell):
    """Nothing is sent."""

@FLOW
@pytest.mark.expected(interoperability="INCONCLUSIVE", conformance="INCONCLUSIVE")
def test_silent_as_expected(cell):
    """Nothing is sent, and that is known."""

@FLOW
@pytest.mark.feature("ipsec-3gpp")
def test_without_feature(cell):
    """The testbed does not declare what is needed."""
    cell.terminal().register()

@FLOW
def test_wrong_test_case(cell):
    """The test case itself is wrong."""
    cell.terminal().register()
    {}["no such key"]

@FLOW
def test_node_stops(cell, bench):
    """The HSS goes down in the middle."""
    bench.core.stop_node("uc3m/hss")
    cell.terminal().register()

@FLOW
def test_node_is_down(cell):
    """The HSS is down since an earlier cell, which has told so."""
    cell.terminal().register()
'''
OUTCOMES = {
    "test_good": "passed",
    "test_bad": "failure",
    "test_bad_as_expected": "passed",
    "test_better_than_expected": "failure",
    "test_no_service": "failure",
    "test_silent": "skipped",
    "test_silent_as_expected": "skipped",
    "test_without_feature": "skipped",
    "test_wrong_test_case": "error",
    "test_node_stops": "error",
    "test_node_is_down": "skipped",
}
CATEGORY = {
    "test_bad": "Testbed: messages",
    "test_better_than_expected": "Known deviation",
    "test_no_service": "Testbed: the user",
    "test_silent": "Evidence is missing",
    "test_silent_as_expected": "Evidence is missing",
    "test_without_feature": "Not applicable",
    "test_wrong_test_case": "Harness error",
    "test_node_stops": "Testbed is down",
    "test_node_is_down": "Not run: an earlier cell found the testbed dead",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run."""
    folder = tmp_path_factory.mktemp("readers")
    file = folder / "test_every_outcome.py"
    file.write_text(EVERY_OUTCOME)
    subprocess.run(
        [NETLAB, "run", "--reports", str(folder / "reports"), "--fabric", "loopback", "--home", "uc3m", str(file)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    return (folder / "reports" / "latest").resolve()


@pytest.fixture
def junit(run: Path) -> dict[str, etree._Element]:
    root = etree.parse(run / "junit.xml").getroot()
    return {case.attrib["name"].partition("[")[0]: case for case in root.iter("testcase")}


@pytest.fixture
def allure(run: Path) -> dict[str, dict[str, Any]]:
    found = [json.loads(file.read_text()) for file in (run / "allure").glob("*-result.json")]
    return {one["fullName"].rpartition("#")[2]: one for one in found}


def properties(case: etree._Element) -> dict[str, str]:
    return {one.attrib["name"]: one.attrib["value"] for one in case.iterfind("properties/property")}


def test_junit_knows_every_outcome_and_passes_nothing_that_was_not_judged(
    junit: dict[str, etree._Element],
) -> None:
    words = ("failure", "error", "skipped")
    found = {
        name: next((word for word in words if case.find(word) is not None), "passed") for name, case in junit.items()
    }
    assert found == OUTCOMES


def test_junit_has_the_verdicts_of_each_cell_whatever_its_outcome(run: Path, junit: dict[str, etree._Element]) -> None:
    cells = {cell.cell.partition("[")[0]: cell for cell in read_run(run).cells}
    assert cells.keys() == OUTCOMES.keys()
    for name, cell in cells.items():
        said = properties(junit[name])
        assert f"{said['interoperability']}/{said['conformance']}" == str(cell.pair)
        assert (said["expected"], said["home"], said["evidence"]) == (str(cell.expected_pair), "uc3m", cell.folder)


def test_a_failure_in_junit_names_criterion_clause_node_and_frame(junit: dict[str, etree._Element]) -> None:
    failure = junit["test_bad"].find("failure")
    assert failure is not None
    for words in ("conformance FAIL", "REG-18", "3GPP TS 24.229 5.2.2.1", "home-pcscf of uc3m", "frames: "):
        assert words in failure.attrib["message"]
    assert (
        "clause: 3GPP TS 24.229 5.2.2.1 | node: home-pcscf of uc3m" in properties(junit["test_bad"])["failing.REG-18"]
    )


def test_an_error_in_junit_names_the_node_that_is_down(junit: dict[str, etree._Element]) -> None:
    error = junit["test_node_stops"].find("error")
    assert error is not None
    assert "uc3m/hss" in error.attrib["message"]
    later = junit["test_node_is_down"].find("skipped")
    assert later is not None
    assert "uc3m/hss went down before: test_node_stops[uc3m@uc3m] tells of it" in later.attrib["message"]


def test_allure_tells_testbed_from_harness_from_missing_evidence(run: Path, allure: dict[str, dict[str, Any]]) -> None:
    categories = json.loads((run / "allure" / "categories.json").read_text())
    assert allure.keys() == OUTCOMES.keys()
    for name, result in allure.items():
        message = result.get("statusDetails", {}).get("message", "")
        fitting = [
            one["name"]
            for one in categories
            if result["status"] in one["matchedStatuses"] and re.fullmatch(one.get("messageRegex", r"[\s\S]*"), message)
        ]
        if name in CATEGORY:
            assert fitting, f"{name}: {result['status']} {message}"
            assert fitting[0].startswith(CATEGORY[name]), f"{name}: {result['status']} {message}"
        else:
            assert (result["status"], fitting) == ("passed", [])


def test_allure_has_what_is_evidence_of_each_cell(run: Path, allure: dict[str, dict[str, Any]]) -> None:
    bad = allure["test_bad"]
    assert {"capture.pcapng", "result.json"} <= {one["name"] for one in bad["attachments"]}
    (procedure,) = bad["steps"]
    assert procedure["status"] == "failed"
    (ladder,) = procedure["attachments"]
    etree.parse(run / "allure" / ladder["source"])
    (failed,) = [step for step in procedure["steps"] if step["status"] == "failed"]
    assert failed["name"].startswith("FAIL REG-18 [3GPP TS 24.229 5.2.2.1]")
    assert "home-pcscf of uc3m" in failed["statusDetails"]["message"]
    assert "trace" not in failed["statusDetails"]


def test_allure_knows_the_set_up(run: Path) -> None:
    said = (run / "allure" / "environment.properties").read_text().splitlines()
    assert "fabric=loopback" in said
    assert "testbed.uc3m=uc3m.netlab.test" in said


def test_the_table_has_a_line_of_each_cell(run: Path) -> None:
    with (run / "cells.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["cell"].partition("[")[0]: row for row in csv.DictReader(file)}
    assert rows.keys() == OUTCOMES.keys()
    assert rows["test_bad"]["failing_criteria"] == "REG-18"
    assert rows["test_bad"]["blamed_nodes"].startswith("home-pcscf of uc3m")
    assert "ipsec-3gpp" in rows["test_without_feature"]["reasons"]


def test_no_file_of_the_run_has_a_secret(run: Path) -> None:
    assert secrets_left_in(run.parent) == []
