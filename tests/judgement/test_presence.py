"""Publications and subscriptions of presence are found, with who is who, the flow that they follow, and the rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.faults.reference import CAPTURE_NAME, CAPTURES, load_case
from conformance.federation.loader import load_federation
from conformance.judgement import judge
from conformance.judgement.presence import find
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import correlate
from conformance.trace.decode import read_trace
from conformance.trace.model import SipMessage, Trace
from conformance.trace.sip import read_sip

ROLES = {
    "handbuilt-presence-publish": "orig-pcscf orig-scscf presentity home-presence",
    "handbuilt-presence-visitor": "orig-pcscf orig-scscf presentity home-presence",
    "handbuilt-presence-watch": "orig-pcscf orig-scscf term-icscf term-scscf watcher home-presence",
    "handbuilt-presence-winfo": "orig-pcscf orig-scscf presentity home-presence",
    "handbuilt-presence-list": "orig-pcscf orig-scscf watcher home-presence",
    "handbuilt-presence-refused": "watcher home-presence",
    "handbuilt-presence-publish-sip": "presentity sip-proxy home-presence",
    "handbuilt-presence-watch-sip": "watcher sip-proxy home-presence",
}


def read(name: str) -> Trace:
    return read_trace([CAPTURES / name / CAPTURE_NAME])


@pytest.mark.parametrize("name", ROLES)
@pytest.mark.parametrize("declared", [True, False], ids=["federation", "foreign"])
def test_roles_are_bound_with_and_without_a_federation(name: str, declared: bool) -> None:
    case = load_case(name)
    federation = load_federation(CAPTURES / str(case.federation)) if declared else None
    found = judge(read(name), federation=federation, flow=case.flow, confirm=None).procedures
    if name == "handbuilt-presence-visitor" and not declared:
        assert [set(one.roles) for one in judge(read(name), confirm=None).procedures] == [set(ROLES[name].split())]
    else:
        assert [set(one.roles) for one in found] == [set(ROLES[name].split())]


@pytest.mark.parametrize("name", ROLES)
def test_the_flow_that_fits_is_chosen(name: str) -> None:
    case = load_case(name)
    found = judge(read(name), federation=load_federation(CAPTURES / str(case.federation)), confirm=None).procedures
    assert case.flow in [one.flow for one in found]
    assert all(one.departure is None for one in found if one.flow == case.flow)


def test_nothing_of_presence_is_left_over() -> None:
    for name in ROLES:
        assert not judge(read(name), confirm=None).unjudged


def test_publications_of_two_devices_are_two() -> None:
    trace = read("handbuilt-presence-publish")
    messages = list(trace.messages)
    for message in trace.messages[:6]:
        assert isinstance(message, SipMessage)
        raw = message.raw.replace(b"publish1@", b"another@").replace(b"z9hG4bK", b"z9hG4bKx").replace(b": e1", b": f1")
        messages.append(replace(message, raw=raw, sip=read_sip(raw)))
    whole = replace(trace, messages=tuple(sorted(messages, key=lambda one: one.time_ns)))
    found = list(find(whole, correlate(whole), None, Surroundings(whole)))
    assert sorted(len(one.procedure.publishes) for one in found) == [1, 5]  # type: ignore[attr-defined]


def test_rules_stand_beside_the_subscriptions_to_whom_they_protect() -> None:
    trace = read("handbuilt-presence-watch")
    (found,) = find(trace, correlate(trace), None, Surroundings(trace))
    watching = found.procedure
    changes = [(one.is_change, one.message.frame) for one in watching.rules]  # type: ignore[attr-defined]
    assert changes == [(True, 1), (True, 19)]
    handled = [watching.decided(one.since_ns) for one in watching.rules]  # type: ignore[attr-defined]
    assert [one[0] for one in handled] == ["confirm", "allow"]
    assert watching.decided(0) is None  # type: ignore[attr-defined]


def test_a_large_trace_in_parts_keeps_user_and_documents_together() -> None:
    from conformance.judgement.parts import split

    trace = read("handbuilt-presence-watch")
    parts = split(Surroundings(trace), size=1)
    assert [len(part.messages) for part in parts] == [len(trace.messages)]
