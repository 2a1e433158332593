"""Calls through the border of a network that hides its topology: hops stay in order, roles and flow are found."""

from __future__ import annotations

from functools import cache

import pytest

from conformance.criteria.call import Call
from conformance.detection.batch import read_captures
from conformance.faults.benign import apply
from conformance.faults.reference import CAPTURE_NAME, CAPTURES, build
from conformance.federation.loader import load_federation
from conformance.judgement.calls import find_trace_calls
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import correlate
from conformance.trace.decode import read_trace
from conformance.trace.model import Trace
from conformance.vocabulary.roles import Role

CASE = CAPTURES / "emulated-call-hidden"
FEDERATION = CAPTURES.parent / "conformance" / "federation" / "hiding.toml"


@cache
def call(declared: bool) -> Call:
    return call_of(read_trace([CASE / CAPTURE_NAME]), declared)


def call_of(trace: Trace, declared: bool) -> Call:
    federation = load_federation(FEDERATION) if declared else None
    (found,) = find_trace_calls(correlate(trace), federation, Surroundings(trace))
    return found


@pytest.mark.parametrize("method", ["INVITE", "PRACK", "CANCEL"])
def test_hops_behind_a_token_lie_behind_what_it_hides(method: str) -> None:
    one = next(one for one in call(True).requests if one.method == method)
    depths = [hop.depth for hop in one.hops]
    assert depths == list(range(1, len(depths) + 1)), "no hop is missing, none is there twice"
    assert one.hops[0].sender is Role.CALLER
    assert one.hops[-1].receiver is Role.CALLEE


def test_a_border_is_passed_twice_and_has_its_role() -> None:
    receivers = [hop.receiver for hop in call(True).invite.hops]
    assert receivers == [
        Role.ORIG_PCSCF,
        Role.IBCF,
        Role.ORIG_SCSCF,
        Role.IBCF,
        Role.TERM_ICSCF,
        Role.TERM_SCSCF,
        Role.TERM_PCSCF,
        Role.CALLEE,
    ]


def test_flows_see_who_is_on_both_sides_of_a_border() -> None:
    seen = [(one.source, one.destination) for one in call(True).transactions() if one.request == "INVITE"]
    assert seen[:3] == [
        (Role.CALLER, Role.ORIG_PCSCF),
        (Role.ORIG_PCSCF, Role.ORIG_SCSCF),
        (Role.ORIG_SCSCF, Role.TERM_ICSCF),
    ]


def test_without_a_federation_who_makes_tokens_is_a_border() -> None:
    hops = call(False).invite.hops
    assert [hop.depth for hop in hops] == list(range(1, 9))
    assert hops[3].receiver is Role.IBCF
    assert hops[-1].receiver is Role.CALLEE


@pytest.mark.parametrize("change", ["folded-lines", "white-space"])
def test_a_token_is_the_same_however_each_node_folds_and_spaces_it(change: str) -> None:
    changed = apply(change, build(CASE.name), 1)
    (trace,) = read_captures([(change, changed)])
    assert [hop.receiver for hop in call_of(trace, True).invite.hops] == [
        hop.receiver for hop in call(True).invite.hops
    ]
