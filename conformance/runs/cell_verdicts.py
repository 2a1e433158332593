"""The two verdicts of a cell where something stopped its test case."""

from __future__ import annotations

from conformance.runs.cell_result import BOTH_ERROR, BOTH_NOT_APPLICABLE
from conformance.terminals.call_failures import CallFailed
from conformance.terminals.message_failures import MessageFailed
from conformance.terminals.presence_failures import PresenceFailed
from conformance.terminals.terminal import RegistrationFailed
from conformance.vocabulary.errors import BeyondProgram, NetlabError, NothingSeen
from conformance.vocabulary.verdicts import Verdict, VerdictPair, worst

JUDGED = (RegistrationFailed, CallFailed, PresenceFailed, MessageFailed, NetlabError, AssertionError)
"""What a test case may raise and `Cell.finish` turns into verdicts; anything else is a mistake of the test case."""
_FAILED = (
    (CallFailed, "the call failed for its users"),
    (PresenceFailed, "presence failed for its users"),
    (MessageFailed, "the message failed for its users"),
)


def after_stop(stopped_by: BaseException | None, pair: VerdictPair, reasons: list[str]) -> VerdictPair:
    """Return the verdicts with what stopped the test case.

    Args:
        stopped_by: what it raised; None where it came to its end.
        pair: what the capture says.
        reasons: one sentence is added where the verdicts change; it stands alone where nothing was seen.
    """
    if isinstance(stopped_by, BeyondProgram):
        reasons.append(str(stopped_by))
        return BOTH_NOT_APPLICABLE
    if isinstance(stopped_by, NothingSeen):
        reasons[:] = [str(stopped_by)]  # that the capture is empty follows from it
        return VerdictPair(Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)
    if isinstance(stopped_by, NetlabError):
        reasons.append(str(stopped_by))
        return BOTH_ERROR
    for kind, words in (*_FAILED, (AssertionError, "the test case expected otherwise")):
        if isinstance(stopped_by, kind):
            reasons.append(f"{words}: {stopped_by}")
            return VerdictPair(worst(pair.interoperability, Verdict.FAIL), pair.conformance)
    if stopped_by is not None and not isinstance(stopped_by, JUDGED):
        reasons.append(f"the test case itself is wrong: {type(stopped_by).__name__}: {stopped_by}")
        return BOTH_ERROR
    return pair
