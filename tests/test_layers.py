"""The two sides never meet: what makes packets and what judges them import nothing of each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "conformance"
DRIVING = {"protocols", "stack", "cores", "fabric", "terminals"}
JUDGING = {"trace", "flows", "criteria", "identification", "judgement"}
IMPURE = {"socket", "subprocess", "pytest", "scapy", "pyshark", "asyncio"}


def imports(file: Path) -> set[str]:
    """All modules that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms(modules: set[str]) -> set[str]:
    return {name.split(".")[1] for name in modules if name.startswith("conformance.")}


def files_of(*names: str) -> list[Path]:
    return sorted(file for name in names for file in (PACKAGE / name).rglob("*.py"))


@pytest.mark.parametrize("file", files_of(*JUDGING), ids=lambda f: str(f.relative_to(PACKAGE)))
def test_the_judging_side_does_not_import_the_driving_side(file: Path) -> None:
    assert not rooms(imports(file)) & (DRIVING | {"runs", "plugin", "cli", "commands", "faults"})


@pytest.mark.parametrize("file", files_of(*DRIVING), ids=lambda f: str(f.relative_to(PACKAGE)))
def test_the_driving_side_does_not_import_the_judging_side(file: Path) -> None:
    assert not rooms(imports(file)) & (JUDGING | {"runs", "plugin", "cli", "commands", "report"})


@pytest.mark.parametrize("file", files_of("vocabulary"), ids=lambda f: f.name)
def test_the_vocabulary_imports_nothing_but_itself(file: Path) -> None:
    assert rooms(imports(file)) <= {"vocabulary"}
    assert not {name.split(".")[0] for name in imports(file)} & IMPURE


@pytest.mark.parametrize("file", files_of("pcapng"), ids=lambda f: f.name)
def test_the_container_imports_nothing_but_itself_and_the_vocabulary(file: Path) -> None:
    assert rooms(imports(file)) <= {"pcapng", "vocabulary"}
    assert not {name.split(".")[0] for name in imports(file)} & IMPURE


PURE = files_of("flows", "criteria", "identification", "judgement")


@pytest.mark.parametrize("file", PURE, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_judgement_is_pure(file: Path) -> None:
    assert not {name.split(".")[0] for name in imports(file)} & IMPURE


@pytest.mark.parametrize("file", files_of("report"), ids=lambda f: f.name)
def test_the_report_reads_results_only(file: Path) -> None:
    assert rooms(imports(file)) <= {"vocabulary", "report"}


@pytest.mark.parametrize("file", files_of("quirks"), ids=lambda f: f.name)
def test_quirks_stand_on_neither_side(file: Path) -> None:
    assert rooms(imports(file)) <= {"vocabulary", "quirks"}
    assert not {name.split(".")[0] for name in imports(file)} & IMPURE


@pytest.mark.parametrize("file", files_of("redaction"), ids=lambda f: f.name)
def test_redaction_stands_on_neither_side_and_borrows_one_formula(file: Path) -> None:
    assert rooms(imports(file)) <= {"vocabulary", "pcapng", "faults", "redaction", "criteria"}
    borrowed = {name for name in imports(file) if name.startswith("conformance.criteria")}
    assert {name for name in borrowed if not name.startswith("conformance.criteria.digest")} == set()
    assert not {name.split(".")[0] for name in imports(file)} & IMPURE
