"""The published schemas are what the models write, real results fit them, and broken ones do not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conformance.report.schemas import schemas, write_schemas
from conformance.validation import validate

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "schema"
SAMPLE = ROOT / "reports" / "sample"
NAMES = ("run", "result", "judgement")


def checker(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((PUBLISHED / f"{name}.schema.json").read_text(encoding="utf-8")))


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLE / "run.jsonl").read_text(encoding="utf-8").splitlines()]


def result() -> dict[str, Any]:
    cell = next(line for line in lines() if line.get("conformance") == "FAIL")
    found: dict[str, Any] = json.loads((SAMPLE / cell["folder"] / "result.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def judgement() -> dict[str, Any]:
    """Of a capture that is part of the checkout, as `netlab validate --json` prints it."""
    file = next(SAMPLE.glob("cells/*/capture.pcapng"), None) or next(ROOT.glob("captures/**/*.pcapng"))
    found: dict[str, Any] = json.loads(validate(file).model_dump_json(by_alias=True))
    return found


def test_the_published_files_are_what_the_models_give(tmp_path: Path) -> None:
    """After a change of the models: `python -m conformance.report.schemas docs/schema`."""
    written = write_schemas(tmp_path)
    assert {file.name for file in written} == {file.name for file in PUBLISHED.iterdir()}
    for file in written:
        assert file.read_text() == (PUBLISHED / file.name).read_text(), file.name


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_schema_of_draft_2020_12(name: str) -> None:
    schema = schemas()[f"{name}.schema.json"]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", NAMES)
def test_fields_that_come_later_are_allowed(name: str) -> None:
    assert 'additionalProperties": false' not in json.dumps(schemas()[f"{name}.schema.json"])


def test_fields_say_what_they_mean() -> None:
    field = schemas()["result.schema.json"]["$defs"]["Evidence"]["properties"]["offset"]
    assert field["description"].startswith("Byte offset in the message")


def test_every_line_of_a_real_run_fits() -> None:
    for line in lines():
        checker("run").validate(line)


def test_every_result_of_a_real_run_fits() -> None:
    files = list(SAMPLE.glob("cells/*/result.json"))
    assert files
    for file in files:
        checker("result").validate(json.loads(file.read_text(encoding="utf-8")))


def test_a_real_judgement_fits(judgement: dict[str, Any]) -> None:
    assert judgement["procedures"]
    checker("judgement").validate(judgement)


def without(path: list[Any]) -> Callable[[Any], None]:
    def change(instance: Any) -> None:
        for key in path[:-1]:
            instance = instance[key]
        del instance[path[-1]]

    return change


def put(path: list[Any], value: Any) -> Callable[[Any], None]:
    def change(instance: Any) -> None:
        for key in path[:-1]:
            instance = instance[key]
        instance[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [put(["kind"], "song"), put(["schema"], 2), without(["kind"]), without(["run"]), put(["testbeds"], ["uc3m"])],
)
def test_a_broken_line_does_not_fit(change: Callable[[Any], None]) -> None:
    header = lines()[0]
    change(header)
    assert not checker("run").is_valid(header)


def test_a_cell_line_without_verdict_and_a_footer_without_count_do_not_fit() -> None:
    *_, cell, footer = lines()
    del cell["conformance"]
    footer["cells"] = "eight"
    assert not checker("run").is_valid(cell)
    assert not checker("run").is_valid(footer)


PROCEDURES: list[tuple[str, Callable[[Any], None]]] = [
    ("schema", put(["schema"], 2)),
    ("captures", without(["captures"])),
    ("verdict", put(["procedures", 0, "conformance"], "MAYBE")),
    ("criterion", without(["procedures", 0, "criteria", 0, "clause"])),
    ("frame", put(["procedures", 0, "frames", 0, "frame"], "8")),
]


@pytest.mark.parametrize("change", [change for _, change in PROCEDURES], ids=[name for name, _ in PROCEDURES])
def test_a_broken_result_does_not_fit(change: Callable[[Any], None]) -> None:
    broken = result()
    change(broken)
    assert not checker("result").is_valid(broken)


@pytest.mark.parametrize("change", [change for _, change in PROCEDURES], ids=[name for name, _ in PROCEDURES])
def test_a_broken_judgement_does_not_fit(change: Callable[[Any], None], judgement: dict[str, Any]) -> None:
    broken = copy.deepcopy(judgement)
    change(broken)
    assert not checker("judgement").is_valid(broken)
