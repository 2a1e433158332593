"""The command that runs a cell again."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.report.reproduce import reproduce
from conformance.vocabulary.results import CellResult

ROOT = Path(__file__).parents[2]
CELLS = [
    ("registration/home/test_registration", "test_registration[stuba@stuba]"),
    ("registration/visited/test_registration", "test_registration[uc3m@stuba-visited]"),
    ("registration/home_access/test_registration", "test_registration[uc3m@stuba-home]"),
    ("registration/refused/test_silent_hss", "test_silent_hss[octopus@octopus]"),
]


class Collected:
    """Keeps what pytest has chosen."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.names = [item.nodeid for item in session.items]


@pytest.mark.parametrize(("test_case", "name"), CELLS)
def test_pytest_chooses_this_cell_and_no_other(
    make_cell: Callable[..., CellResult], monkeypatch: pytest.MonkeyPatch, test_case: str, name: str
) -> None:
    cell = make_cell(test_case=test_case, cell=name)
    program, run, *words = shlex.split(reproduce(cell, ["--fault=stuba/p-cscf=no-charging-vector"]))
    assert (program, run) == ("./netlab", "run")
    monkeypatch.chdir(ROOT)
    collected = Collected()
    quiet = ["--collect-only", "-qq", "-pno:cacheprovider", "-Wignore::pytest.PytestAssertRewriteWarning"]
    assert pytest.main([*quiet, *words], plugins=[collected]) == 0
    group, module, _ = test_case.split("/")
    assert collected.names == [f"testcases/{group}/test_{module}.py::{name}"]


@pytest.mark.parametrize("test_case", ["", "home.test_registration", "../x/test_registration", "a/b/test_other"])
def test_without_a_test_case_there_is_no_command(make_cell: Callable[..., CellResult], test_case: str) -> None:
    assert reproduce(make_cell(test_case=test_case)) == ""


def test_a_hostile_name_stays_one_word(make_cell: Callable[..., CellResult]) -> None:
    name = "test_registration[$(reboot); 'x]"
    command = reproduce(make_cell(test_case="registration/home/test_registration", cell=name))
    assert shlex.split(command)[-1].endswith(name)
