"""What caller and callee got, as seen on the wire."""

from __future__ import annotations

from types import SimpleNamespace

from conformance.judgement.call_service import service
from conformance.vocabulary.events import EventKind, TerminalEvent
from tests.criteria.call_lab import CANCELLED, UNKNOWN, call, found
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


def told(*kinds: tuple[str, str]) -> list[TerminalEvent]:
    """Return events of the two terminals, all at the time of the call."""
    begin = call()["1"].time_ns
    events = []
    for number, (user, kind) in enumerate(kinds, 1):
        event = TerminalEvent(time_ns=begin + number, terminal=f"sip:{user}", kind=EventKind.TIMED_OUT)
        # Which kinds of events there are is for terminals to say; here it is what they write.
        events.append(event.model_copy(update={"kind": SimpleNamespace(value=kind)}))
    return events


def observed(*kinds: tuple[str, str]) -> tuple[str, str | None]:
    verdict, why = service(found(call()), "call-roaming-same", told(*kinds), ())
    return verdict.value, why


BOB, CAROL = "bob@ims-b.test", "carol@ims-c.test"


def test_both_terminals_have_to_see_the_answer() -> None:
    assert observed((BOB, "calling"), (CAROL, "invited"), (CAROL, "answered"), (BOB, "answered")) == ("PASS", None)


def test_a_terminal_that_saw_no_answer_leaves_it_open() -> None:
    verdict, why = observed((BOB, "calling"), (CAROL, "invited"), (CAROL, "answered"))
    assert verdict == "INCONCLUSIVE"
    assert why == "the trace shows 200, the terminal of the caller reports no such end of the call"


def test_a_terminal_that_was_refused_got_no_service_whatever_the_trace_shows() -> None:
    verdict, why = observed((BOB, "calling"), (BOB, "refused"))
    assert (verdict, why) == ("FAIL", "the trace shows 200, the terminal of the caller reports refused")


def test_events_of_somebody_else_say_nothing() -> None:
    assert observed(("erin@ims-d.test", "refused")) == ("PASS", None)
