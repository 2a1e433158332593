"""From test cases to cells: one test each, unless the options leave it out."""

from __future__ import annotations

import pytest

from conformance.federation.matrix import Cell as Square
from conformance.plugin.identity import id_of_test_case
from conformance.plugin.stash import EARLIER, FEDERATION
from conformance.runs.selection import squares
from conformance.vocabulary.errors import BadInput

SQUARES = pytest.StashKey[dict[str, list[Square]]]()
"""The cells of each marker `flow` that was met: many test cases have the same."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test a cell."""
    marker = metafunc.definition.get_closest_marker("flow")
    if marker is None or "cell" not in metafunc.fixturenames:
        return
    known = metafunc.config.stash.setdefault(SQUARES, {})
    wanted = repr(sorted(marker.kwargs.items()))
    try:
        if wanted not in known:
            full = metafunc.config.getoption("--full")
            known[wanted] = squares(metafunc.config.stash[FEDERATION], marker.kwargs, full=full)
    except BadInput as error:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: {error}") from None
    # What the options leave out is not even made. Of nothing pytest would make a test that is skipped.
    found = [square for square in known[wanted] if _is_asked_for(square, metafunc.config)] or known[wanted][:1]
    metafunc.parametrize("cell", found, ids=[square.id for square in found], indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the cells that --home, --visited, --third and --access leave out."""
    earlier = config.stash[EARLIER]
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        square = _square(item)
        is_wanted = square is None or (
            _is_asked_for(square, config) and earlier.wants((id_of_test_case(item), item.name))
        )
        (kept if is_wanted else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _is_asked_for(square: Square, config: pytest.Config) -> bool:
    homes, visits, thirds, access = (config.getoption(f"--{name}") for name in ("home", "visited", "third", "access"))
    return (
        (not homes or square.home in homes)
        and (not visits or square.visited in visits)
        and (not thirds or square.third in thirds)
        and access in (None, square.access_point)
    )


def _square(item: pytest.Item) -> Square | None:
    call = getattr(item, "callspec", None)
    square = call.params.get("cell") if call else None
    return square if isinstance(square, Square) else None
