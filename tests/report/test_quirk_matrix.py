"""The matrix of quirks on the first page."""

from __future__ import annotations

import re
from collections.abc import Callable

from conformance.vocabulary.results import CellResult, RunHeader
from conformance.vocabulary.verdicts import Level, Severity, Verdict

Render = Callable[..., str]


def quirky(make_cell: Callable[..., CellResult], core: str, *, adapted: bool, **changes: object) -> CellResult:
    name = f"test_uct[uc3m@uc3m-uct-{core}{'-adapted' if adapted else ''}]"
    folder = "cells/" + re.sub(r"[\[\]]", ".", name)
    return make_cell(cell=name, folder=folder, profile="uct", core=core, adapted=adapted, **changes)


def test_a_run_without_quirks_has_no_such_table(
    render_run: Render, header: RunHeader, make_cell: Callable[..., CellResult]
) -> None:
    assert "Terminals with quirks" not in render_run(header, [make_cell()], None)


def test_a_column_for_each_core_strict_behind_lenient_real_ones_last(
    render_run: Render, header: RunHeader, make_cell: Callable[..., CellResult]
) -> None:
    cells = [quirky(make_cell, core, adapted=False) for core in ("kamailio", "strict", "lenient")]
    page = render_run(header, cells, None)
    assert re.findall(r'colspan="2">(\w+)', page) == ["lenient", "strict", "kamailio"]
    assert "UCT IMS Client" in page


def test_what_is_tolerated_here_is_told_with_what_it_costs_elsewhere(
    render_run: Render, header: RunHeader, make_cell: Callable[..., CellResult]
) -> None:
    cell = quirky(make_cell, "lenient", adapted=False, conformance=Verdict.FAIL)
    failing = cell.procedures[0].model_copy(update={"conformance": Verdict.FAIL})
    one = failing.criteria[0].model_copy(
        update={"verdict": Verdict.FAIL, "severity": Severity.DEGRADED, "level": Level.SHALL}
    )
    cell = cell.model_copy(update={"procedures": [failing.model_copy(update={"criteria": [one]})]})
    assert "tolerated deviations, elsewhere degraded in 1." in render_run(header, [cell], None)
