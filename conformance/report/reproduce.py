"""The command that runs one cell again."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from conformance.vocabulary.results import CellResult

_IDENTIFIER = re.compile(r"(\w+)/(\w+)/(\w+)")


def reproduce(cell: CellResult, options: Sequence[str] = ()) -> str:
    """Return one line for a shell in the checkout; empty where the cell does not say which test case it is of.

    Args:
        cell: names its test case as group, module and function.
        options: what its run was called with beside the choice of cells: `--fault=stuba/p-cscf=no-charging-vector`.
    """
    found = _IDENTIFIER.fullmatch(cell.test_case)
    if found is None or not cell.cell.startswith(f"{found[3]}["):
        return ""
    node = f"testcases/{found[1]}/test_{found[2]}.py::{cell.cell}"
    return shlex.join(["./netlab", "run", *options, node])
