"""Nodes on the way to the presence server and back, from the place in the Via chain."""

from __future__ import annotations

import itertools

import pytest

from conformance.judgement.hops import RawHop
from conformance.judgement.presence_roles import bind_notify, bind_request, plain_proxies
from conformance.judgement.roles import Declared
from conformance.trace.correlate import Transaction
from conformance.trace.model import Sighting, SipMessage
from conformance.trace.sip import read_sip
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

NOBODY = Declared(None)
W, OP, OS, TI, TS, PS = (
    Role.WATCHER,
    Role.ORIG_PCSCF,
    Role.ORIG_SCSCF,
    Role.TERM_ICSCF,
    Role.TERM_SCSCF,
    Role.PRESENCE,
)


def hop(depth: int, source: str, destination: str, point: Point) -> RawHop:
    raw = b"SUBSCRIBE sip:a@b SIP/2.0\r\n" + b"Via: SIP/2.0/UDP x;branch=z9hG4bK1\r\n" * depth + b"\r\n"
    ends = (Endpoint(source, 5060, "udp"), Endpoint(destination, 5060, "udp"))
    message = SipMessage((Sighting(0, depth, depth, point, *ends),), raw, sip=read_sip(raw))
    return RawHop(Transaction("SIP", message, (), (), "SUBSCRIBE"), depth)


def way(*nodes: str, first: int = 1, last: Point = Point.ISC) -> list[RawHop]:
    pairs = list(itertools.pairwise(nodes))
    points = [Point.MW] * (len(pairs) - 1) + [last]
    return [hop(first + n, *pair, point) for n, (pair, point) in enumerate(zip(pairs, points, strict=True))]


@pytest.mark.parametrize(
    ("hops", "line"),
    [
        (way("u", "p", "s", "a"), (W, OP, OS, PS)),
        (way("u", "p", "s", "t", "a"), (W, OP, OS, TS, PS)),
        (way("u", "p", "s", "i", "t", "a"), (W, OP, OS, TI, TS, PS)),
        (way("u", "p", "s", "i", last=Point.MW), (W, OP, OS, TI)),
        (way("u", "p", last=Point.GM), (W, OP)),
        (way("u", "a"), (W, PS)),
        (way("x", "x", "x", "x", "x", "x"), (W, OP, OS, TI, TS, PS)),
    ],
)
def test_the_way_of_a_request(hops: list[RawHop], line: tuple[Role, ...]) -> None:
    bound = bind_request(hops, W, NOBODY)
    assert bound.line == line
    assert bound.pairs == list(itertools.pairwise(line))


def test_a_way_that_was_captured_in_part() -> None:
    hops = way("t", "a", first=5)
    assert bind_request(hops, W, NOBODY).pairs == [(TS, PS)]


def by(*ends: str, proof: tuple[bool, bool]) -> list[RawHop]:
    """A way on whose first two hops there are credentials, or none."""
    hops = way(*ends)
    for place, has in enumerate(proof):
        one = hops[place].request
        assert one is not None
        raw = one.raw.replace(b"\r\n\r\n", b"\r\nProxy-Authorization: Digest x=y\r\n\r\n") if has else one.raw
        message = SipMessage(one.sightings, raw, sip=read_sip(raw))
        hops[place] = RawHop(Transaction("SIP", message, (), (), "SUBSCRIBE"), hops[place].depth)
    return hops


@pytest.mark.parametrize(
    ("hops", "line"),
    [
        (by("u", "p", "a", proof=(True, False)), (W, Role.SIP_PROXY, PS)),
        (by("u", "p", "a", proof=(False, False)), (W, OP, PS)),
        (by("u", "p", "a", proof=(True, True)), (W, OP, PS)),  # of an application server
        (by("u", "p", "s", "a", proof=(True, False)), (W, OP, OS, PS)),
    ],
)
def test_who_takes_credentials_and_asks_the_server_itself_is_no_p_cscf(
    hops: list[RawHop], line: tuple[Role, ...]
) -> None:
    assert bind_request(hops, W, NOBODY, plain_proxies([hops], NOBODY)).line == line


def test_a_proxy_is_known_by_its_other_end_too() -> None:
    assert bind_request(way("p", "a", first=2), W, NOBODY, {"p"}).pairs == [(Role.SIP_PROXY, PS)]


def test_the_way_back_is_that_of_the_request_without_the_i_cscf() -> None:
    line = bind_request(way("u", "p", "s", "i", "t", "a"), W, NOBODY)
    bound = bind_notify(way("a", "t", "s", "p", "u", last=Point.GM), [line], W, {})
    assert bound.line == (PS, TS, OS, OP, W)


def test_a_way_back_past_a_node_is_told_by_addresses() -> None:
    line = bind_request(way("u", "p", "s", "i", "t", "a"), W, NOBODY)
    places = {"u": {W}, "p": {OP}, "s": {OS}, "t": {TS}}
    assert bind_notify(way("a", "s", "p", "u", last=Point.GM), [line], W, places).line == (PS, OS, OP, W)


def test_without_a_request_the_last_hop_on_gm_reaches_the_subscriber() -> None:
    assert bind_notify(way("a", "t", "p", "u", last=Point.GM), [], W, {}).line == (PS, None, OP, W)
    assert bind_notify(way("a", "t"), [], W, {}).line == (PS, None)


def test_one_s_cscf_for_both_sides_may_be_passed_once() -> None:
    line = bind_request(way("u", "p", "s", "i", "s", "a"), W, NOBODY)
    places = {"u": {W}, "p": {OP}, "s": {OS, TS}, "i": {TI}, "a": {PS}}
    assert bind_notify(way("a", "s", "p", "u", last=Point.GM), [line], W, places).line == (PS, TS, OP, W)
    assert bind_notify(way("a", "s", "s", "p", "u", last=Point.GM), [line], W, places).line == (PS, TS, OS, OP, W)
