"""Finds the test cases: functions `test_*` of `testcases/**/test_*.py`, by their text, without importing them."""

from __future__ import annotations

import ast
from pathlib import Path

from conformance.vocabulary.errors import HarnessFault


def find_test_cases(root: Path | None = None) -> list[str]:
    """List the identifiers of all test cases, sorted.

    Args:
        root: Folder that holds `testcases`; the folder of the project when None.

    Returns:
        Identifiers as pytest spells them without parameters:
        `testcases/registration/test_home.py::test_registration`.

    Raises:
        HarnessFault: There is no folder `testcases`, or a file in it is not Python.
    """
    root = root or Path(__file__).parents[2]
    folder = root / "testcases"
    if not folder.is_dir():
        raise HarnessFault(
            f"{folder}: found no such folder, expected the test cases: run from a checkout of the project"
        )
    return sorted(case for file in folder.rglob("test_*.py") for case in _cases(root, file))


def _cases(root: Path, file: Path) -> list[str]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError) as error:
        raise HarnessFault(f"{file}: found {error}, expected Python: correct the file") from None
    module = file.relative_to(root).as_posix()
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [f"{module}::{function.name}" for function in functions if function.name.startswith("test_")]
