"""A cell as the page shows it: what `templates/cell.html.j2` draws."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from conformance.report.ladder import Ladder, draw
from conformance.report.side_by_side import SideBySide, side_by_side
from conformance.vocabulary.results import CellResult, CriterionResult, ProcedureResult
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
    """What all ids in the cell begin with."""
    files: str
    """Path from the page to the cell's folder, quoted for a link; ends with `/` or is empty."""
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

    def whose(self, role: str | None) -> str:
        """Return who played a role in this cell."""
        return whose(role, self.result)

    @property
    def _partings(self) -> list[str]:
        """Who is to blame for a flow that was left, and where."""
        found = [procedure.result.difference for procedure in self.procedures]
        return [f"{whose(one.node, self.result)}: {one.sentence}" for one in found if one is not None and one.node]


def whose(role: str | None, cell: CellResult) -> str:
    """Return who played a role, as a partner would say it: `home-scscf of stuba (127.1.2.13:6060/udp)`."""
    if role is None:
        return "unknown"
    testbed = cell.visited if role.startswith("visited-") else cell.home
    addresses = next((p.roles[role] for p in cell.procedures if p.roles.get(role)), [])
    return f"{role} of {testbed}" + (f" ({addresses[0]})" if addresses else "")


def anchor_of(cell: CellResult) -> str:
    """Return what all ids of a cell begin with; two cells of one run have different ones."""
    return re.sub(r"[^A-Za-z0-9]+", "-", cell.folder).strip("-")


def cell_view(cell: CellResult, files: str | None = None) -> CellView:
    """Prepare a cell for the page.

    Args:
        cell: its result.
        files: path from the page to the cell's folder, empty where both are the same; None: the page stands in the
            run's folder.
    """
    folder = cell.folder if files is None else files
    return CellView(
        result=cell,
        anchor=anchor_of(cell),
        files=quote(folder.rstrip("/") + "/", safe="/@") if folder else "",
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
