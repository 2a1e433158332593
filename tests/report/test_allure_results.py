"""Our Allure results have the form of what allure-pytest itself writes of a trivial test."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allure_commons.model2 import Status

from conformance.report.allure_results import document_of
from conformance.vocabulary.results import CellResult, CriterionResult
from conformance.vocabulary.verdicts import Verdict

STATUSES = {value for name, value in vars(Status).items() if name.isupper()}

TRIVIAL = '''
import allure
import pytest

@allure.epic("an epic")
@allure.feature("a feature")
@allure.story("a story")
@pytest.mark.parametrize("number", [1])
def test_trivial(number):
    """A description."""
    allure.dynamic.parameter("name", "value")
    with allure.step("outer"):
        allure.attach("<svg/>", name="picture", attachment_type=allure.attachment_type.SVG)
        with allure.step("inner"):
            raise AssertionError("as it has to be here")

def test_attached():
    allure.attach("{}", name="object", attachment_type=allure.attachment_type.JSON)
'''

OURS = '''
import json
from pathlib import Path

import pytest

from conformance.report.allure_results import attach_result
from conformance.requirements.covered import requirements_of
from conformance.vocabulary.results import CellResult

FOLDER = Path(__file__).parent

@pytest.mark.parametrize("name", json.loads((FOLDER / "names.json").read_text()))
def test_cell(name):
    """A description."""
    cell = CellResult.model_validate_json((FOLDER / name).read_text())
    attach_result(cell, FOLDER, requirements_of(cell.test_case))
    if cell.conformance == "FAIL":
        raise AssertionError(cell.cell)
'''


def results_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in sorted(folder.glob("*-result.json"))]


def held(folder: Path, source: str, name: str) -> list[dict[str, Any]]:
    file = folder / f"test_{name}.py"
    file.write_text(source)
    options = ["-p", "no:randomly", "-p", "no:cacheprovider", f"--rootdir={folder}", f"--alluredir={folder / name}"]
    command = [sys.executable, "-m", "pytest", *options, str(file)]
    subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=60)
    found = results_of(folder / name)
    assert found
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the results of all tests here are: they only read them, and a run takes a second."""
    return tmp_path_factory.mktemp("allure")


@pytest.fixture(scope="module")
def theirs(folder: Path) -> list[dict[str, Any]]:
    return held(folder, TRIVIAL, "theirs")


@pytest.fixture(scope="module")
def ours(
    folder: Path, make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> dict[str, dict[str, Any]]:
    """Results of a cell with criteria of every verdict, of one that passes, and of one without a procedure."""
    every = [make_criterion(id=f"REG-{number}", verdict=verdict) for number, verdict in enumerate(Verdict, start=30)]
    cells = {
        "every": make_cell(
            cell="every", conformance=Verdict.FAIL, criteria=every, test_case="registration/home/test_registration"
        ),
        "good": make_cell(cell="good"),
        "empty": make_cell(cell="empty", procedures=[], captures=[]),
    }
    for name, cell in cells.items():
        (folder / name).write_text(cell.model_dump_json(by_alias=True))
    (folder / "names.json").write_text(json.dumps(list(cells)))
    (folder / "capture.pcapng").write_bytes(b"a capture")
    return {one["name"].partition(":")[0]: one for one in held(folder, OURS, "ours")}


Form = dict[str, set[str]]


def form_of(value: Any, place: str = "", found: Form | None = None) -> Form:
    """The types that stand at each place; places in lists are one, and steps in steps are steps."""
    found = {} if found is None else found
    place = place.replace(".steps[].steps[]", ".steps[]")
    found.setdefault(place, set()).add(type(value).__name__)
    for key, inner in value.items() if isinstance(value, dict) else ():
        form_of(inner, f"{place}.{key}", found)
    for inner in value if isinstance(value, list) else ():
        form_of(inner, f"{place}[]", found)
    return found


def test_every_field_of_ours_is_one_of_theirs_with_the_same_type(
    ours: dict[str, dict[str, Any]], theirs: list[dict[str, Any]]
) -> None:
    known: Form = {}
    for result in theirs:
        form_of(result, found=known)
    for result in ours.values():
        for place, types in form_of(result).items():
            assert place in known, f"{place}: allure-pytest writes no such field"
            assert types <= known[place], place


def test_every_field_that_theirs_always_has_is_in_ours(
    ours: dict[str, dict[str, Any]], theirs: list[dict[str, Any]]
) -> None:
    always = set.intersection(*(set(result) for result in theirs))
    assert {"uuid", "historyId", "fullName", "labels", "status", "start", "stop", "name"} <= always
    for result in ours.values():
        assert always <= set(result)


def statuses(result: dict[str, Any]) -> set[str]:
    inner = (statuses(step) for step in result.get("steps", ()))
    return {result["status"]}.union(*inner)


def test_statuses_are_those_that_allure_knows(ours: dict[str, dict[str, Any]]) -> None:
    assert statuses(ours["every"]) == {"passed", "failed", "broken", "skipped"} < STATUSES
    assert statuses(ours["good"]) == {"passed"}


def test_a_step_is_failed_where_the_testbed_is_wrong_and_broken_where_we_are(ours: dict[str, dict[str, Any]]) -> None:
    (procedure,) = ours["every"]["steps"]
    found = {step["name"].split()[0]: step["status"] for step in procedure["steps"]}
    assert found == {"PASS": "passed", "FAIL": "failed", "INCONCLUSIVE": "skipped", "ERROR": "broken"}
    assert procedure["status"] == "failed"
    failed = next(step for step in procedure["steps"] if step["status"] == "failed")
    assert failed["statusDetails"]["message"].startswith("Fails: home-scscf of uc3m: expected Service-Route")


def test_attachments_are_there_with_their_types(folder: Path, ours: dict[str, dict[str, Any]]) -> None:
    every = ours["every"]
    attached = {one["name"]: one for one in [*every["attachments"], *every["steps"][0]["attachments"]]}
    assert {name: one["type"] for name, one in attached.items()} == {
        "capture.pcapng": "application/vnd.tcpdump.pcap",
        "result.json": "application/json",
        "ladder of registration-home": "image/svg+xml",
    }
    for one in attached.values():
        assert (folder / "ours" / one["source"]).stat().st_size
    again = (folder / "ours" / attached["result.json"]["source"]).read_text()
    assert CellResult.model_validate_json(again).cell == "every"


def labels(result: dict[str, Any], name: str) -> list[str]:
    return [one["value"] for one in result["labels"] if one["name"] == name]


def test_a_cell_stands_below_document_flow_and_requirement(ours: dict[str, dict[str, Any]]) -> None:
    every = ours["every"]
    assert labels(every, "epic") == ["D2.2"]
    assert labels(every, "feature") == ["registration-home"]
    stories = labels(every, "story")
    assert any(story.startswith("D22-2.7-07 ") for story in stories)
    assert not any(story.startswith("STD-") for story in stories), "a requirement of another document"
    assert "STD-RFC3261-18" in labels(every, "requirement")


def test_a_test_case_that_no_requirement_names_has_its_purpose_for_a_story(ours: dict[str, dict[str, Any]]) -> None:
    assert labels(ours["good"], "story") == ["A subscriber at home registers with IMS AKA over UDP."]


def test_axes_of_the_matrix_are_parameters(ours: dict[str, dict[str, Any]]) -> None:
    found = {one["name"]: one["value"] for one in ours["good"]["parameters"]}
    assert found["home"] == found["visited"] == "'uc3m'"
    assert (found["access point"], found["terminal"]) == ("'none'", "'standard'")


@pytest.mark.parametrize(
    ("source", "document"),
    [
        ("3GPP TS 24.229 5.4.1.2.2F", "3GPP TS 24.229"),
        ("RFC 3261 10.3, 16.6", "RFC 3261"),
        ("D2.2 A.4.2.1", "D2.2"),
        ("a house rule", "a house rule"),
    ],
)
def test_the_document_of_a_source(source: str, document: str) -> None:
    assert document_of(source) == document
