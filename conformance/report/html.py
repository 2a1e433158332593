"""The HTML report of a run: one page, self-contained, readable without script."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.report.cell_view import cell_view, whose
from conformance.report.environment import asset, environment
from conformance.vocabulary.results import CellResult, RunFooter, RunHeader


def render_run(header: RunHeader, cells: Sequence[CellResult], footer: RunFooter | None) -> str:
    """Return the page.

    Args:
        header: the run's header.
        cells: finished cells in the order in which they ran.
        footer: None where the run was cut short; the page then says so.
    """
    views = [cell_view(cell) for cell in cells]
    template = environment().get_template("run.html.j2")
    return template.render(
        header=header,
        footer=footer,
        cells=sorted(views, key=lambda view: view.as_expected),
        differing=sum(not view.as_expected for view in views),
        failing=sum(bool(view.worst_findings) for view in views),
        whose=whose,
        style=asset("report.css") + asset("cell.css"),
    )
