"""What came of one fault, and the table of all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from conformance.report.text import short
from conformance.vocabulary.results import ProcedureResult
from conformance.vocabulary.verdicts import Verdict

BENIGN = "benign"
"""Kind of a row that stands for a change which no standard forbids."""


@dataclass(frozen=True, slots=True)
class Row:
    """One fault, or one benign change, against the judge."""

    fault: str
    kind: str
    """`node`, `terminal`, `capture` or `benign`."""
    expected: tuple[str, ...]
    """Criteria that must fail."""
    found: tuple[str, ...]
    """Those of them that failed."""
    collateral: tuple[str, ...]
    """Criteria that failed and must not."""
    blamed: str | None
    """Role that the judge blames; None where nothing failed."""
    remark: str = ""
    """What else is not as expected; empty: nothing."""
    warnings: tuple[str, ...] = ()
    """What terminals warned of meanwhile: with a fault that is shown on purpose they have reason to."""

    @property
    def ok(self) -> bool:
        """True where exactly the expected criteria failed and nothing else differs."""
        return not self.missed and not self.collateral and not self.remark

    @property
    def missed(self) -> tuple[str, ...]:
        """Criteria that must fail and did not."""
        return tuple(one for one in self.expected if one not in self.found)

    def as_json(self) -> dict[str, object]:
        """Return the row as `netlab faults --json` prints it."""
        return {
            "fault": self.fault,
            "kind": self.kind,
            "expected": list(self.expected),
            "found": list(self.found),
            "collateral": list(self.collateral),
            "blamed": self.blamed,
            "ok": self.ok,
            "warnings": list(self.warnings),
        }


def row(
    fault: str,
    kind: str,
    expected: Collection[str],
    procedures: Iterable[ProcedureResult],
    *,
    blamed: str | None = None,
    remark: str = "",
) -> Row:
    """Compare what the judge says with what was expected.

    Args:
        fault: its name.
        kind: who shows it.
        expected: ids of the criteria that must fail, and no others.
        procedures: what the judge says.
        blamed: role that must be blamed; any where it is None.
        remark: what else is not as expected.
    """
    nodes: dict[str, str | None] = {}
    remarks = [remark] if remark else []
    for procedure in procedures:
        for criterion in procedure.criteria:
            if criterion.verdict is Verdict.FAIL:
                nodes.setdefault(criterion.id, criterion.node)
            elif criterion.verdict is Verdict.ERROR:
                remarks.append(f"{criterion.id} is ERROR: {criterion.found}")
    found = tuple(sorted(one for one in nodes if one in expected))
    whom = next((nodes[one] for one in (*found, *sorted(nodes))), None)
    if found and blamed is not None and {nodes[one] for one in found} != {blamed}:
        named = ", ".join(sorted({str(nodes[one]) for one in found}))
        remarks.append(f"expected to blame {blamed}, blamed {named}")
    collateral = tuple(sorted(one for one in nodes if one not in expected))
    return Row(fault, kind, tuple(sorted(expected)), found, collateral, whom, "; ".join(remarks))


def line(one: Row) -> str:
    """Return a row as one line of the table; names of a fault are ours, what was found is made printable.

    Warnings explain a row that is not as expected; where all is, they are in the JSON alone.
    """
    cells = [
        f"{one.fault:44}",
        f"{one.kind:8}",
        f"{', '.join(one.expected) or '-':16}",
        f"{', '.join(one.found) or '-':16}",
        f"{', '.join(one.collateral) or '-':10}",
        f"{one.blamed or '-':14}",
        "ok" if one.ok else "NOT OK",
    ]
    remarks = [one.remark, *one.warnings] if not one.ok else []
    words = "; ".join(filter(None, remarks))
    return " ".join(cells) + (f"  {short(words, 200)}" if words else "")


HEAD = f"{'fault':44} {'kind':8} {'must fail':16} {'did':16} {'collateral':10} {'blamed':14} ok"


def summary(rows: Sequence[Row]) -> list[str]:
    """Return the last lines of the table: benign changes, then faults."""
    benign = [one for one in rows if one.kind == BENIGN]
    faults = [one for one in rows if one.kind != BENIGN]
    lines = []
    if benign:
        changed = sum(not one.ok for one in benign)
        lines.append(f"{len(benign)} benign changes: {changed} changed a verdict")
    missed = sum(bool(one.missed) for one in faults)
    other = sum(bool(one.remark) and not one.missed and not one.collateral for one in faults)
    found, collateral = len(faults) - missed, sum(bool(one.collateral) for one in faults)
    if faults or not benign:
        counts = f"{len(faults)} faults: {found} found, {missed} missed, {collateral} with collateral"
        lines.append(counts + (f", {other} otherwise not as expected" if other else ""))
    return lines
