"""RTP of a call: it flows both ways between those who agreed on it (RFC 3550, RFC 3264)."""

from __future__ import annotations

from itertools import pairwise

from conformance.criteria.call import Call
from conformance.criteria.call_media import MediaEnd, MediaLeg, begin_ns, end_ns, packet_of
from conformance.criteria.call_values import cite_body
from conformance.criteria.model import Catalogue, Citation, Finding, failed, not_applicable, passed
from conformance.criteria.procedure import Kind
from conformance.trace.media_model import MediaStream
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
CALL = (Kind.CALL,)
SEEN_AT = (Point.GM, Point.MEDIA, Point.ACCESS, Point.MW, Point.IC)
"""Where RTP may pass by."""
NO_MEDIA = "no RTP of streams that both ends agreed on was captured"
UNLISTED = frozenset((13, 19))
"""Comfort noise (RFC 3389), which many send without having listed it."""
LONG_NS = 1_000_000_000
"""So long one direction alone is no coincidence: the other end had time to begin."""
MOST_SOURCES = 3
"""Sources one after the other that nobody negotiated: a mixer may join in, and a collision makes a new SSRC."""
_LEAST_PACKETS = 10


def role_at(call: Call, end: MediaEnd) -> Role | None:
    """Return whose an end is, by its address: that of the caller or of the callee; None where it is a relay's."""
    for role in (Role.CALLER, Role.CALLEE):
        if any(one.address == end.endpoint.address for one in call.roles.get(role, ())):
            return role
    return None


@CATALOGUE.add(
    "CALL-34",
    "RTP flows both ways between the addresses of offer and answer, with payload types that the receiver listed, each "
    "direction from one source at a time.",
    source=("RFC 3550", None),
    node=Role.CALLER,
    points=SEEN_AT,
    condition="the call was answered, and RTP between the ends of its session descriptions was captured",
    kinds=CALL,
)
def both_ways(call: Call) -> Finding:
    """RFC 3264 5.1 and 6.1: to the address and with a format that the receiver gave; RFC 3550 for SSRC."""
    expected = "RTP both ways, payload types of the receiver's description, one source a direction"
    status = call.invite.status
    if status is None or not 200 <= status < 300:
        return not_applicable(expected, "the call was not answered")
    if not call.media:
        return not_applicable(expected, NO_MEDIA)
    words: dict[str, Citation] = {}
    one_way: Finding | None = None
    for leg in call.media:
        for receiver, sender in leg.ends:
            found = _wrong_type(call, receiver, sender, expected) or _sources(call, leg, receiver, sender, expected)
            if found is not None:
                return found
        one_way = one_way or _one_way(call, leg, expected)
        words |= {_words(leg.kind, stream): _cite(stream) for stream in leg.streams}  # of relays each is in two legs
    return one_way or passed(expected, "; ".join([*words][:8]), *[*words.values()][:8])


def _one_way(call: Call, leg: MediaLeg, expected: str) -> Finding | None:
    for receiver, sender in leg.ends:
        # A terminal behind an address translator is sent to where it sends from, whatever its description says.
        elsewhere = [one for one in sender.going if one.destination != receiver.endpoint]
        if receiver.coming or elsewhere:
            continue
        other = sender.coming
        found = f"{leg.kind}: nothing from {sender.endpoint} to {receiver.endpoint}"
        if not leg.both_ways or max(map(end_ns, other)) - min(map(begin_ns, other)) < LONG_NS:
            return not_applicable(expected, f"{found}, in a call that was on hold or too short to tell")
        cited = (cite_body(receiver.described), cite_body(sender.described), _cite(other[0]))
        role = role_at(call, sender)
        return failed(expected, found, *cited, by_absence=True, node=role, nobody=role is None)
    return None


def _wrong_type(call: Call, receiver: MediaEnd, sender: MediaEnd, expected: str) -> Finding | None:
    for stream in receiver.coming:
        types = stream.best.payload_types
        wrong = next((one for one in types if one not in receiver.formats | UNLISTED and types[one] > 1), None)
        if wrong is not None and receiver.formats:
            listed = ", ".join(map(str, sorted(receiver.formats)[:10]))
            found = f"payload type {wrong} to {receiver.endpoint}, which listed {listed}"
            cited = (cite_body(receiver.described), _cite(stream))
            role = role_at(call, sender)
            return failed(expected, found, *cited, node=role, nobody=role is None)
    return None


def _sources(call: Call, leg: MediaLeg, receiver: MediaEnd, sender: MediaEnd, expected: str) -> Finding | None:
    """Tell whether one port sends from ever new sources, between two answers that nothing else was agreed on."""
    for begin, end in pairwise([*leg.agreed_ns, 1 << 63]):
        mine = [
            one
            for one in receiver.coming
            if one.source == sender.endpoint and one.best.packets >= _LEAST_PACKETS and begin <= begin_ns(one) < end
        ]
        if len(mine) > MOST_SOURCES:
            names = ", ".join(f"{one.ssrc:#010x}" for one in mine[:6])
            found = f"{len(mine)} sources from {sender.endpoint} to {receiver.endpoint}: {names}"
            role = role_at(call, sender)
            return failed(expected, found, *map(_cite, mine[:6]), node=role, nobody=role is None)
    return None


def _cite(stream: MediaStream) -> Citation:
    return Citation(packet_of(stream, stream.best), "RTP")


def _words(kind: str, stream: MediaStream) -> str:
    best = stream.best
    jitter = "unknown" if best.jitter_ms is None else f"{best.jitter_ms:.1f} ms"
    types = ", ".join(map(str, stream.payload_types[:3]))
    return f"{kind} to {stream.destination}: type {types}, {best.packets} packets, {best.lost} lost, jitter {jitter}"
