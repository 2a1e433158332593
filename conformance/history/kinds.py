"""To which list of a comparison a cell belongs: the one place where it is decided what counts as worse."""

from __future__ import annotations

from enum import Enum
from typing import TypeGuard

from conformance.runs.brief import CellBrief
from conformance.runs.outcome import Outcome, outcome
from conformance.vocabulary.verdicts import Verdict, VerdictPair

_BROKEN = (Verdict.FAIL, Verdict.ERROR)
_ALL_WELL = VerdictPair(Verdict.PASS, Verdict.PASS)
_NOT_APPLICABLE = VerdictPair(Verdict.NOT_APPLICABLE, Verdict.NOT_APPLICABLE)


class Kind(Enum):
    """A list of `Comparison`, by the name of its field; the last two are only counted."""

    NEW_FAILURES = "new_failures"
    NEWLY_INCONCLUSIVE = "newly_inconclusive"
    STILL_FAILING = "still_failing"
    FIXED = "fixed"
    NEWLY_KNOWN = "newly_known"
    NO_LONGER_RUN = "no_longer_run"
    NEWLY_RUN = "newly_run"
    SAME = "same"
    NOWHERE = "not_applicable"


COUNTED = (Kind.SAME, Kind.NOWHERE)
WORSE = (Kind.NEW_FAILURES, Kind.NEWLY_INCONCLUSIVE)


def applies(cell: CellBrief | None) -> TypeGuard[CellBrief]:
    """Whether the cell was run: one that does not apply, or was not run, is written down, but nothing was driven."""
    return cell is not None and cell.pair != _NOT_APPLICABLE and not cell.not_run


def kind_of(old: CellBrief | None, new: CellBrief | None) -> Kind:
    """Return the list of a cell.

    Args:
        old: the cell in the run that is compared with; None where that run has no such cell.
        new: the cell in the later run, likewise.
    """
    if not applies(new):
        return Kind.NO_LONGER_RUN if applies(old) else Kind.NOWHERE
    if new.as_expected:
        return _as_expected(old, new) if applies(old) else Kind.NEWLY_RUN
    # A cell that was never run before and fails is news that nobody may miss.
    if outcome(new) is Outcome.SKIPPED:
        return Kind.NEWLY_INCONCLUSIVE if not applies(old) or _lost_evidence(old, new) else Kind.STILL_FAILING
    return Kind.NEW_FAILURES if not applies(old) or _fails_newly(old, new) else Kind.STILL_FAILING


def says_less(old: CellBrief | None, new: CellBrief | None) -> bool:
    """Whether a verdict of a cell that fails in both runs became worse: FAIL before, and not even judged now."""
    if old is None or new is None:
        return False
    return any(b is Verdict.ERROR and a is not Verdict.ERROR for a, b in zip(old.pair, new.pair, strict=True))


def _as_expected(old: CellBrief, new: CellBrief) -> Kind:
    if new.pair == old.pair and old.as_expected and set(new.findings) == set(old.findings):
        return Kind.SAME
    expectation_is_new = (new.expected_pair, new.expected_criteria) != (old.expected_pair, old.expected_criteria)
    if expectation_is_new and new.pair != _ALL_WELL:
        return Kind.NEWLY_KNOWN
    return Kind.SAME if old.as_expected and new.pair == old.pair else Kind.FIXED


def _lost_evidence(old: CellBrief, new: CellBrief) -> bool:
    return any(
        b in (Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE) and b is not a
        for a, b in zip(old.pair, new.pair, strict=True)
    )


def _fails_newly(old: CellBrief, new: CellBrief) -> bool:
    """Whether the failure is new: nothing unexpected before, or one of the two verdicts became a failure.

    A failure after which nothing could be judged any more (FAIL, then ERROR) is no new one; the reverse is: what could
    not be judged before is known to fail now.
    """
    if old.as_expected:
        return True
    verdicts = zip(old.pair, new.pair, new.expected_pair, strict=True)
    return any(b in _BROKEN and b is not wanted and a not in (b, Verdict.FAIL) for a, b, wanted in verdicts)
