"""The HTML report of a run: one page, self-contained, readable without script."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from conformance.report.ladder import Ladder, draw
from conformance.report.side_by_side import SideBySide, side_by_side
from conformance.report.text import short, visible
from conformance.vocabulary.results import CellResult, CriterionResult, ProcedureResult, RunFooter, RunHeader
from conformance.vocabulary.verdicts import Verdict

_ORDER = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PASS, Verdict.NOT_APPLICABLE)


@dataclass(frozen=True)
class ProcedureView:
    """A procedure as the page shows it."""

    result: ProcedureResult
    ladder: Ladder
    compared: SideBySide | None
    """Expected and actual ladder; None where the result has no explanation."""
    criteria: Sequence[CriterionResult]
    """Failures first."""
    counts: dict[str, int]


@dataclass(frozen=True)
class CellView:
    """A cell as the page shows it."""

    result: CellResult
    anchor: str
    procedures: Sequence[ProcedureView]

    @property
    def as_expected(self) -> bool:
        """Whether the pair is the expected one."""
        return self.result.as_expected

    @property
    def worst_findings(self) -> list[CriterionResult]:
        """Criteria that fail or err, over all procedures."""
        return [
            criterion
            for procedure in self.procedures
            for criterion in procedure.criteria
            if criterion.verdict in (Verdict.FAIL, Verdict.ERROR)
        ]

    @property
    def first_reason(self) -> str:
        """The sentence to show where no criterion is to blame."""
        reasons = [*self.result.reasons, *self._partings, *(r for p in self.procedures for r in p.result.reasons)]
        return reasons[0] if reasons else ""

    @property
    def _partings(self) -> list[str]:
        """Who is to blame for a flow that was left, and where."""
        found = [procedure.result.difference for procedure in self.procedures]
        return [f"{whose(one.node, self.result)}: {one.sentence}" for one in found if one is not None and one.node]


def render_run(header: RunHeader, cells: Sequence[CellResult], footer: RunFooter | None) -> str:
    """Return the page.

    Args:
        header: the run's header.
        cells: finished cells in the order in which they ran.
        footer: None where the run was cut short; the page then says so.
    """
    views = [_cell_view(cell) for cell in cells]
    template = _environment().get_template("run.html.j2")
    return template.render(
        header=header,
        footer=footer,
        cells=sorted(views, key=lambda view: view.as_expected),
        differing=sum(not view.as_expected for view in views),
        failing=sum(bool(view.worst_findings) for view in views),
        whose=whose,
        style=Markup(files("conformance.report").joinpath("templates/report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own file
    )


def whose(role: str | None, cell: CellResult) -> str:
    """Return who played a role, as a partner would say it: `home-scscf of stuba (127.1.2.13:6060/udp)`."""
    if role is None:
        return "unknown"
    testbed = cell.visited if role.startswith("visited-") else cell.home
    addresses = next((p.roles[role] for p in cell.procedures if p.roles.get(role)), [])
    return f"{role} of {testbed}" + (f" ({addresses[0]})" if addresses else "")


def _cell_view(cell: CellResult) -> CellView:
    return CellView(
        result=cell,
        anchor=re.sub(r"[^A-Za-z0-9]+", "-", cell.folder).strip("-"),
        procedures=[
            ProcedureView(
                result=procedure,
                ladder=draw(procedure),
                compared=None if procedure.difference is None else side_by_side(procedure.difference),
                criteria=sorted(procedure.criteria, key=lambda c: (_ORDER.index(c.verdict), c.id)),
                counts={str(v): n for v, n in Counter(c.verdict for c in procedure.criteria).items()},
            )
            for procedure in cell.procedures
        ],
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("conformance.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    environment.filters["short"] = short
    environment.filters["when"] = _when
    environment.filters["verdict_class"] = lambda verdict: str(verdict).lower().replace("_", "-")
    return environment


def _when(nanoseconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(nanoseconds / 1e9))
