"""What sender and receiver of a message got, as both terminals say and as seen on the wire."""

from __future__ import annotations

from conformance.judgement.message_service import REFUSED, service
from conformance.vocabulary.events import EventKind, TerminalEvent
from tests.criteria.message_lab import SAME, UNKNOWN, found, message
from tests.criteria.registration_lab import Lab

BOB, CAROL = "sip:bob@ims-b.test", "sip:carol@ims-c.test"
SENT, RECEIVED, BAD = EventKind.MESSAGE_SENT, EventKind.MESSAGE_RECEIVED, EventKind.MESSAGE_REFUSED
FLOW = "message-roaming-same"
AT_RECEIVER = "14 15"


def observed(*said: tuple[str, EventKind], lab: Lab | None = None, flow: str = FLOW) -> tuple[str, str | None]:
    page = found(lab or message())
    events = [
        TerminalEvent(time_ns=page.invite.time_ns + number, terminal=user, kind=kind)
        for number, (user, kind) in enumerate(said, 1)
    ]
    verdict, why = service(page, flow, events, ())
    return verdict.value, why


def test_what_was_taken_passes_with_and_without_terminals() -> None:
    assert observed()[0] == "PASS"
    assert observed((CAROL, RECEIVED), (BOB, SENT)) == ("PASS", None)


def test_a_sender_who_saw_no_answer_contradicts_the_trace() -> None:
    verdict, why = observed((BOB, EventKind.TIMED_OUT))
    assert (verdict, why) == ("FAIL", "the trace shows 200, the terminal of the sender reports timed-out")


def test_a_receiver_who_saw_nothing_leaves_it_open_unless_the_wire_shows_it() -> None:
    registered = (CAROL, EventKind.REGISTERED)
    assert observed(registered, (BOB, SENT))[0] == "PASS"
    assert observed(registered, (BOB, SENT), lab=message().drop(AT_RECEIVER))[0] == "INCONCLUSIVE"


def test_a_message_that_is_kept_for_later_has_not_arrived() -> None:
    lab = message().drop(AT_RECEIVER).edit("16 17 18 19 20", "SIP/2.0 200 OK", "SIP/2.0 202 Accepted")
    assert observed(lab=lab)[0] == "INCONCLUSIVE"


def test_a_refusal_is_what_was_expected_or_not() -> None:
    assert observed(lab=message(UNKNOWN))[0] == "FAIL"
    assert observed((BOB, BAD), lab=message(UNKNOWN), flow=REFUSED) == ("PASS", None)
    assert observed(flow=REFUSED)[0] == "FAIL"


def test_without_an_answer_nobody_knows() -> None:
    assert observed(lab=message(SAME).drop("15 16 17 18 19 20"))[0] == "INCONCLUSIVE"


def test_events_of_another_time_say_nothing() -> None:
    page = found(message())
    late = TerminalEvent(time_ns=page.invite.time_ns + 60_000_000_000, terminal=BOB, kind=EventKind.TIMED_OUT)
    assert service(page, FLOW, [late], ())[0] == "PASS"


def test_a_capture_that_lost_packets_never_passes() -> None:
    lab = message()
    lab.drops = 1
    assert lab.judge().interoperability == "INCONCLUSIVE"
