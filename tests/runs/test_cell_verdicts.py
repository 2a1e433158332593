"""What becomes of the two verdicts where something stops a test case."""

from __future__ import annotations

import pytest

from conformance.runs.cell_result import BOTH_ERROR, BOTH_NOT_APPLICABLE
from conformance.runs.cell_verdicts import after_stop
from conformance.terminals.call_failures import CallTimedOut
from conformance.terminals.message_failures import MessageRefused
from conformance.terminals.presence_failures import PresenceRefused
from conformance.terminals.terminal import RegistrationRejected
from conformance.vocabulary.errors import BeyondProgram, NothingSeen, TestbedDown
from conformance.vocabulary.verdicts import Verdict, VerdictPair

PASSED = VerdictPair(Verdict.PASS, Verdict.PASS)
FAILED = VerdictPair(Verdict.FAIL, Verdict.PASS)


@pytest.mark.parametrize(
    ("stopped_by", "pair", "reason"),
    [
        (None, PASSED, None),
        (RegistrationRejected(403, "Forbidden"), PASSED, None),
        (PresenceRefused(404, "gone"), FAILED, "presence failed for its users: presence: 404 gone"),
        (MessageRefused(480, "away"), FAILED, "the message failed for its users: MESSAGE: 480 away"),
        (CallTimedOut("nobody"), FAILED, "the call failed for its users: nobody"),
        (AssertionError("other"), FAILED, "the test case expected otherwise: other"),
        (BeyondProgram("no TCP"), BOTH_NOT_APPLICABLE, "no TCP"),
        (NothingSeen("no REGISTER"), VerdictPair(Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE), "no REGISTER"),
        (TestbedDown("dead"), BOTH_ERROR, "dead"),
        (KeyError("x"), BOTH_ERROR, "the test case itself is wrong: KeyError: 'x'"),
    ],
)
def test_what_stops_a_test_case(stopped_by: BaseException | None, pair: VerdictPair, reason: str | None) -> None:
    reasons: list[str] = []
    assert after_stop(stopped_by, PASSED, reasons) == pair
    assert reasons == ([reason] if reason is not None else [])
