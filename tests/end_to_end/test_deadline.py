"""A cell that hangs is an ERROR that says where, and the cells after it are as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

HANGS = """
import threading

import pytest

pytestmark = [pytest.mark.registration, pytest.mark.flow("registration-home", each="federation")]


def test_a_lock(cell):
    cell.terminal().register()
    threading.Event().wait()


def test_a_call_that_nobody_makes(cell):
    terminal = cell.terminal()
    terminal.register()
    terminal.await_call(3600)


def test_after_it(cell):
    cell.terminal().register()
"""


def test_what_hangs_is_an_error_and_the_next_cell_begins_afresh(run_cells: Callable, tmp_path: Path) -> None:
    file = tmp_path / "test_hangs.py"
    file.write_text(HANGS)

    ended = run_cells(str(file), "--cell-deadline", "3")

    assert ended.code == 4, ended.output
    first, second, third = ended.run.cells
    assert [str(cell.pair) for cell in (first, second, third)] == ["ERROR/ERROR", "ERROR/ERROR", "PASS/PASS"]
    assert "within 3 s, stopped it in test_hangs.py:11: threading.Event().wait()" in first.reasons[0]
    assert "terminal.await_call(3600) (awaited sip:alice@uc3m.netlab.test: a call)" in second.reasons[0]
    assert first.procedures, "what was captured before is kept"
    assert first.procedures[0].conformance == "PASS"
    assert not third.reasons


def test_a_deadline_that_is_none_is_refused(run_cells: Callable) -> None:
    ended = run_cells("--cell-deadline", "0")
    assert ended.code == 2, ended.output
    assert "expected seconds, more than 0" in ended.output
