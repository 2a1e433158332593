"""Which LIR and SAR belong to a call, where other procedures ask the same HSS at the same time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.criteria.call import Call
from conformance.criteria.values import avp, text
from conformance.judgement.calls import find_trace_calls
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import correlate
from conformance.trace.model import DiameterMessage
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.numbers import Avp, DiameterResult, ServerAssignmentType
from conformance.vocabulary.points import Point
from tests.criteria.call_lab import call
from tests.criteria.registration_lab import Lab

LIR, SAR = 302, 301
CAROL, DORA = "sip:carol@ims-c.test", "sip:dora@ims-c.test"
OWN = ("LIR 1", "LIA 1")


def calls(lab: Lab) -> list[Call]:
    lab.entries.sort(key=lambda entry: entry.time_ns)
    trace = lab.trace()
    return find_trace_calls(correlate(trace), lab.federation, Surroundings(trace))


def asked_for(one: Call) -> list[tuple[str, str]]:
    return [(e.command, text(avp(e.request, Avp.PUBLIC_IDENTITY)) or "") for e in one.exchanges]


def ask(lab: Lab, identity: str, later_ns: int, *, command: int = LIR, source: Endpoint | None = None) -> Lab:
    """Let the I-CSCF, or who is named, ask for an identity so much later than it asked for the callee."""
    for key in OWN:
        entry = replace(lab[key], key=f"{key} {identity} {later_ns}", command=command)
        entry.avps = [(Avp.PUBLIC_IDENTITY, identity)]
        if not entry.is_request:
            entry.avps.append((Avp.RESULT_CODE, DiameterResult.SUCCESS))
        if source is not None:
            entry.source, entry.destination = (
                (source, entry.destination) if entry.is_request else (entry.source, source)
            )
        entry.time_ns += later_ns
        lab.entries.append(entry)
    return lab


def beside(lab: Lab, callee: str, later_ns: int) -> Lab:
    """Add a second call to somebody else, with its LIR, so much later than the first."""
    for entry in [one for one in lab.entries if not one.question[0]]:
        other = replace(entry, key=f"other {entry.key}7", time_ns=entry.time_ns + later_ns)
        other.sip = other.sip.replace("Call-ID: ", "Call-ID: 2").replace("z9hG4bK", "z9hG4bK2").replace(CAROL, callee)
        other.avps = [(code, callee if code is Avp.PUBLIC_IDENTITY else value) for code, value in other.avps]
        lab.entries.append(other)
    return lab


@pytest.mark.parametrize("later_ns", [100_000, 600_000, 900_000])
def test_each_of_two_interleaved_calls_has_its_own_location_query(later_ns: int) -> None:
    first, second = calls(beside(call(), DORA, later_ns))
    assert asked_for(first) == [("LIR", CAROL)]
    assert asked_for(second) == [("LIR", DORA)]


def test_the_query_for_a_subscription_is_not_of_the_call() -> None:
    lab = ask(call(), "sip:bob@ims-c.test", -200_000)
    subscribe = replace(lab["11"], key="subscribe", time_ns=lab["11"].time_ns - 50_000)
    subscribe.sip = (
        subscribe.sip.partition("\r\n\r\n")[0]
        .replace("INVITE", "SUBSCRIBE")
        .replace(CAROL, "sip:bob@ims-c.test")
        .replace("Call-ID: ", "Call-ID: s")
        .replace("z9hG4bK", "z9hG4bKs")
        + "\r\n\r\n"
    )
    lab.entries.append(subscribe)
    (one,) = calls(lab)
    assert asked_for(one) == [("LIR", CAROL)]


def test_a_query_while_the_invite_is_elsewhere_is_not_of_the_call() -> None:
    (one,) = calls(ask(ask(call(), CAROL, 2_000_000), CAROL, -3_000_000))
    assert [exchange.request.time_ns % 1_000_000_000 for exchange in one.exchanges if exchange.request] == [8_400_000]


def test_a_query_of_another_node_is_not_of_the_call() -> None:
    (one,) = calls(ask(call(), CAROL, 100_000, source=Endpoint("192.0.2.99", 40312, "tcp")))
    assert len(one.exchanges) == 1


def test_a_query_for_somebody_whom_no_request_names_is_the_one_that_went_wrong() -> None:
    lab = call()
    lab.avp("LIR 1", Avp.PUBLIC_IDENTITY, DORA)
    (one,) = calls(lab)
    assert asked_for(one) == [("LIR", DORA)]


def test_a_query_that_was_not_answered_is_followed_by_the_next() -> None:
    lab = ask(call(), CAROL, 300_000).drop("")
    lab.entries = [entry for entry in lab.entries if entry.key != "LIA 1"]
    (one,) = calls(lab)
    assert [isinstance(exchange.answer, DiameterMessage) for exchange in one.exchanges] == [False, True]


@pytest.mark.parametrize(
    ("kind", "belongs"),
    [
        (ServerAssignmentType.UNREGISTERED_USER, True),
        (ServerAssignmentType.RE_REGISTRATION, False),
        (ServerAssignmentType.USER_DEREGISTRATION, False),
    ],
)
def test_a_registration_of_the_callee_beside_the_call_is_not_of_it(kind: ServerAssignmentType, belongs: bool) -> None:
    lab = ask(call(), CAROL, 1_500_000, command=SAR, source=Endpoint("192.0.2.141", 40313, "tcp"))
    lab.avp(f"LIR 1 {CAROL} 1500000", Avp.SERVER_ASSIGNMENT_TYPE, int(kind))
    (one,) = calls(lab)
    assert (("SAR", CAROL) in asked_for(one)) is belongs


def test_where_no_invite_was_captured_at_the_icscf_whoever_had_it_may_have_asked() -> None:
    lab = call()
    lab.entries = [e for e in lab.entries if e.point is Point.CX or e.key in ("1", "2", "3", "4")]
    for key in OWN:
        lab[key].source, lab[key].destination = (
            replace_address(lab[key].source),
            replace_address(lab[key].destination),
        )
        lab[key].time_ns = lab["3"].time_ns + (100 if key == "LIR 1" else 200)
    (one,) = calls(lab)
    assert asked_for(one) == [("LIR", CAROL)]


def replace_address(end: Endpoint) -> Endpoint:
    return end._replace(address="192.0.2.13") if end.address == "192.0.2.140" else end
