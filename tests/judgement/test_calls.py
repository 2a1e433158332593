"""Calls as they are found in a trace: parties, rounds, Cx, DNS, registrations and points."""

from __future__ import annotations

from conformance.judgement.inspection import inspect
from conformance.judgement.surroundings import Surroundings
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from tests.criteria.call_lab import HOME_NETWORK, call, found


def test_both_parties_are_named() -> None:
    assert call().judge().subject == ["sip:bob@ims-b.test", "sip:carol@ims-c.test"]


def test_prack_and_update_lie_in_the_round_of_the_invite() -> None:
    rounds = [(one.method, one.round) for one in found(call(HOME_NETWORK)).requests]
    assert rounds == [("INVITE", 0), ("PRACK", 0), ("UPDATE", 0), ("PRACK", 0), ("ACK", 1), ("BYE", 2)]


def test_the_location_query_belongs_to_the_call_that_set_it_off() -> None:
    one = found(call())
    assert [exchange.command for exchange in one.exchanges] == ["LIR"]
    assert one.roles[Role.TERM_HSS][0].address == "192.0.2.142"


def test_the_callees_domain_is_looked_up_by_the_callers_scscf() -> None:
    one = found(call())
    assert {(lookup.asker, lookup.server) for lookup in one.lookups} == {(Role.ORIG_SCSCF, Role.ORIG_DNS)}


def test_points_are_those_of_the_networks() -> None:
    one = found(call())
    assert {Point.GM, Point.MW, Point.IC} <= one.observed
    lab = call()
    lab.points = ()
    for entry in lab.entries:
        entry.point = None  # type: ignore[assignment]
    assert {Point.GM, Point.MW, Point.IC} <= found(lab).observed


def test_no_message_of_a_call_is_left_over() -> None:
    lab = call()
    trace = lab.trace()
    seen = inspect(trace, Surroundings(trace), lab.federation, None)
    assert not seen.unjudged


def test_a_call_without_any_answer_is_found() -> None:
    lab = call()
    lab.entries = lab.entries[:1]
    result = lab.judge()
    assert result.flow == "call-roaming-same"
    assert "FAIL" not in {one.verdict for one in result.criteria}


def test_a_route_has_the_networks_of_its_nodes() -> None:
    names = [(node.role, None if node.network is None else node.network.name) for node in found(call()).route]
    assert names == [
        (Role.ORIG_PCSCF, "ims-c"),
        (Role.ORIG_SCSCF, "ims-b"),
        (Role.TERM_ICSCF, "ims-c"),
        (Role.TERM_SCSCF, "ims-c"),
        (Role.TERM_PCSCF, "ims-c"),
    ]
