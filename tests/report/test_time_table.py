"""How long users waited in a run, along each axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.report.cell_summary import summary
from conformance.report.cell_view import cell_view
from conformance.report.time_table import MOST_VALUES, SHORT, TimeTable, time_tables
from conformance.vocabulary.results import RunHeader

Make = Callable[..., Any]
FIRST = {"registration": 40.0}


def tables(make_cell: Make, header: RunHeader, *cells: dict[str, Any]) -> list[TimeTable]:
    made = [summary(cell_view(make_cell(folder=f"cells/{n}", **words))) for n, words in enumerate(cells)]
    return time_tables(made, header)


def test_a_run_without_times_has_no_table(make_cell: Make, header: RunHeader) -> None:
    assert tables(make_cell, header, {}, {}) == []


def test_the_slowest_value_of_an_axis_comes_first(make_cell: Make, header: RunHeader) -> None:
    away = {"home": "stuba", "access_point": "visited"}
    (table,) = tables(
        make_cell,
        header,
        {"times": FIRST},
        {"times": {"registration": 60.0}},
        {**away, "times": {"registration": 200.0}},
        {},
    )
    assert (table.named.title, table.cells, len(table.whole.times.values)) == ("Registration", 3, 3)
    assert (table.whole.times.median, table.whole.times.most) == (60.0, 200.0)
    assert {axis.name: [(line.value, line.times.median) for line in axis.lines] for axis in table.axes} == {
        "home": [("stuba", 200.0), ("uc3m", 50.0)],
        "access point": [("visited access point", 200.0), ("at home", 50.0)],
    }


def test_what_is_the_same_everywhere_is_no_axis(make_cell: Make, header: RunHeader) -> None:
    (table,) = tables(make_cell, header, {"times": FIRST})
    assert table.axes == []
    assert ("terminal", "standard") in table.same
    assert ("core", header.core) in table.same


def test_the_core_of_each_network_is_an_axis(make_cell: Make, header: RunHeader) -> None:
    mixed = header.model_copy(update={"cores": {"uc3m": "emulated", "stuba": "kamailio"}})
    homes = ({"home": home, "visited": visited, "times": FIRST} for home in mixed.cores for visited in mixed.cores)
    (table,) = tables(make_cell, mixed, *homes)
    (axis,) = (axis for axis in table.axes if axis.name == "core")
    assert sorted(line.value for line in axis.lines) == [
        "emulated",
        "emulated, visiting kamailio",
        "kamailio",
        "kamailio, visiting emulated",
    ]


def test_each_kind_has_a_table_and_a_scale_of_its_own(make_cell: Make, header: RunHeader) -> None:
    both = tables(make_cell, header, {"times": {"set-up": 2000.0, "post-dial-delay": 80.0}}, {"times": FIRST})
    assert [table.named.name for table in both] == ["registration", "post-dial-delay", "set-up"]
    assert [table.scale.high for table in both] == [40.0, 80.0, 2000.0]


def test_a_long_axis_tells_its_slowest_values(make_cell: Make, header: RunHeader) -> None:
    cells = ({"home": f"net{n}", "times": {"registration": float(n + 1)}} for n in range(MOST_VALUES + 5))
    (table,) = tables(make_cell, header, *cells)
    (axis,) = table.axes
    assert (len(axis.lines), axis.more, axis.lines[0].value) == (MOST_VALUES, 5, f"net{MOST_VALUES + 4}")
    assert not table.is_short
    assert len(axis.lines) > SHORT
