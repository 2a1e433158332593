"""From test cases to cells: one test each, unless the options leave it out.

Fifty testbeds have tens of thousands of cells. So what the options leave out is not made in the first place where that
can be known before: by `-m` (the markers are those of the test case, its class and its module), --manual, --home,
--visited, --third and --access. The words of `-k`, node ids, and the cells of an earlier run are compared with the
tests made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from _pytest.mark import MarkMatcher  # so that the words of -m mean here what they mean to pytest
from _pytest.mark.expression import Expression

from conformance.federation.matrix import Cell as Square
from conformance.federation.quirk_matrix import ADAPTED, with_profiles
from conformance.plugin.identity import id_of_test_case
from conformance.plugin.stash import EARLIER, FEDERATION
from conformance.quirks.profiles import profile_named
from conformance.runs.cell_identity import MANUAL
from conformance.runs.selection import squares
from conformance.vocabulary.errors import BadInput

SQUARES = pytest.StashKey[dict[str, list[Square]]]()
"""The cells that the options leave of each marker `flow` that was met: many test cases have the same."""
LEFT_OUT = object()
"""Stands for all cells of a test case of which none is asked for: of nothing pytest would make a test that is skipped.
It is deselected."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test a cell."""
    marker = metafunc.definition.get_closest_marker("flow")
    if marker is None or "cell" not in metafunc.fixturenames:
        return
    try:
        found = _cells(marker.kwargs, metafunc.config) if _has_markers_asked_for(metafunc) else []
        found = _with_profiles(metafunc, found)
    except BadInput as error:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: {error}") from None
    if metafunc.config.getoption("--once"):
        found = list({square.profile: square for square in reversed(found)}.values())[::-1]
    if found:
        metafunc.parametrize("cell", found, ids=[square.id for square in found], indirect=True)
    else:
        metafunc.parametrize("cell", [LEFT_OUT], ids=["left-out"], indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what the options leave out."""
    earlier = config.stash[EARLIER]
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        call = getattr(item, "callspec", None)
        cell = call.params.get("cell") if call else None
        is_wanted = earlier.wants((id_of_test_case(item), item.name)) if isinstance(cell, Square) else True
        (kept if is_wanted and cell is not LEFT_OUT else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _has_markers_asked_for(metafunc: pytest.Metafunc) -> bool:
    """Whether `-m` may want any cell of a test case; of a mistake in its words pytest tells by itself.

    Cells in which a person takes part are wanted by nobody who does not speak of them.
    """
    words = metafunc.config.getoption("markexpr")
    markers = list(metafunc.definition.iter_markers())
    if any(marker.name == MANUAL for marker in markers) and not (
        metafunc.config.getoption("--manual") or re.search(rf"\b{MANUAL}\b", words)
    ):
        return False  # nobody said that there is a person at a phone
    if not words or any(marker.name == "parametrize" for marker in markers):  # a parameter may have markers, too
        return True
    try:
        return Expression.compile(words).evaluate(MarkMatcher.from_markers(markers))
    except SyntaxError:
        return True


def _cells(wanted: Mapping[str, Any], config: pytest.Config) -> list[Square]:
    """Return the cells of a marker `flow` that --home, --visited, --third and --access leave.

    Raises:
        BadInput: a keyword or value that does not exist.
    """
    known = config.stash.setdefault(SQUARES, {})
    about_cells = {key: value for key, value in wanted.items() if key != "then"}
    key = repr(sorted(about_cells.items()))
    if key not in known:
        full = config.getoption("--full")
        asked_for = _asked_for(config)
        found = squares(config.stash[FEDERATION], about_cells, full=full)
        known[key] = [square for square in found if all(getattr(square, axis) in some for axis, some in asked_for)]
    return known[key]


def _with_profiles(metafunc: pytest.Metafunc, cells: list[Square]) -> list[Square]:
    """Return the cells with each profile that the marker `profiles` names; themselves without that marker.

    Raises:
        BadInput: a keyword or a profile that does not exist.
    """
    marker = metafunc.definition.get_closest_marker("profiles")
    if marker is None:
        return cells
    if unknown := sorted(set(marker.kwargs) - {"adapted"}):
        raise BadInput(f"marker profiles: found {unknown[0]}, expected names of profiles and adapted=(False, True)")
    for name in marker.args:
        profile_named(name)
    adapted = marker.kwargs.get("adapted", ADAPTED)
    return with_profiles(metafunc.config.stash[FEDERATION], cells, marker.args, adapted)


def _asked_for(config: pytest.Config) -> list[tuple[str, frozenset[str]]]:
    """Return the values that an axis may have, by axis; without those of which the options say nothing."""
    access = config.getoption("--access")
    said = {axis: config.getoption(f"--{axis}") for axis in ("home", "visited", "third")}
    said["access_point"] = [access] if access else []
    return [(axis, frozenset(values)) for axis, values in said.items() if values]
