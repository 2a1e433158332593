"""What caller and callee got, as seen on the wire."""

from __future__ import annotations

from tests.criteria.call_lab import CANCELLED, UNKNOWN, call
from tests.criteria.registration_lab import Lab


def pair(lab: Lab) -> tuple[str, list[str]]:
    result = lab.judge()
    return result.interoperability.value, [reason for reason in result.reasons if "wire" in reason]


def test_a_call_that_is_answered_and_acknowledged_passes() -> None:
    assert pair(call()) == ("PASS", [])


def test_without_an_ack_nobody_knows() -> None:
    verdict, reasons = pair(call().drop("42 43 44 45 46"))
    assert verdict == "INCONCLUSIVE"
    assert "no ACK" in reasons[0]


def test_an_invite_without_an_end_is_open() -> None:
    lab = call()
    lab.entries = lab.entries[:19]
    assert pair(lab)[0] == "INCONCLUSIVE"


def test_a_capture_that_lost_packets_never_passes() -> None:
    lab = call()
    lab.drops = 1
    assert pair(lab)[0] == "INCONCLUSIVE"


def test_a_refusal_fails_and_a_cancelled_call_does_not() -> None:
    assert pair(call(UNKNOWN))[0] == "FAIL"
    assert pair(call(CANCELLED))[0] == "PASS"
