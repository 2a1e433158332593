"""The same event, seen worse: traces from which a capture that saw less, or began later, would have been made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conformance.trace.http import read_http
from conformance.trace.model import (
    CaptureFile,
    DiameterAvp,
    DiameterMessage,
    DnsMessage,
    HttpMessage,
    Message,
    Sighting,
    SipMessage,
    Trace,
)
from conformance.trace.sip import read_sip
from conformance.vocabulary.points import Point

SNAP_LENGTHS = (0, 40, 90, 150, 220, 300, 400, 520, 700)
"""Octets of a message that a short snap length leaves."""


def points_of(trace: Trace) -> tuple[Point, ...]:
    """Return the points that the captures declare, each once."""
    return tuple(dict.fromkeys(point for capture in trace.captures for point in capture.points))


def without_point(trace: Trace, *lost: Point) -> Trace:
    """Return what is left where some points were not captured."""
    captures = tuple(
        replace(capture, points=tuple(point for point in capture.points if point not in lost))
        for capture in trace.captures
    )
    return replace(trace, captures=captures, messages=tuple(_without(trace, lost)))


def _without(trace: Trace, lost: tuple[Point, ...]) -> Iterator[Message]:
    kept: dict[int, Message] = {}
    for message in trace.messages:
        sightings = tuple(sighting for sighting in message.sightings if sighting.point not in lost)
        if sightings:
            of = message.retransmission_of
            first = None if of is None else kept.get(id(of))
            kept[id(message)] = replace(message, sightings=sightings, retransmission_of=first)
            yield kept[id(message)]


def hops_of(trace: Trace) -> tuple[frozenset[str], ...]:
    """Return the pairs of addresses that exchange messages, each once."""
    pairs = (frozenset((m.source.address, m.destination.address)) for m in trace.messages)
    return tuple(dict.fromkeys(pairs))


def without_hop(trace: Trace, hop: frozenset[str]) -> Trace:
    """Return what is left where two nodes are one process, or talk where nobody captures: nothing is missing then."""
    kept = tuple(m for m in trace.messages if frozenset((m.source.address, m.destination.address)) != hop)
    return replace(trace, messages=kept)


def on_one_host(trace: Trace, addresses: frozenset[str], host: str) -> Trace:
    """Return the trace of a core whose nodes all have one address; what messages say of themselves stays."""

    def moved(sighting: Sighting) -> Sighting:
        ends = (sighting.source, sighting.destination)
        source, destination = (one._replace(address=host) if one.address in addresses else one for one in ends)
        return replace(sighting, source=source, destination=destination)

    messages = tuple(replace(m, sightings=tuple(map(moved, m.sightings))) for m in trace.messages)
    return replace(trace, messages=messages)


def begun_late(trace: Trace, lost: int) -> Trace:
    """Return what a capture has that began so many messages later."""
    return replace(trace, messages=trace.messages[lost:])


def ended_early(trace: Trace, kept: int) -> Trace:
    """Return what a capture has that ended behind so many messages."""
    return replace(trace, messages=trace.messages[:kept])


def with_drops(trace: Trace, drops: int | None) -> Trace:
    """Return the trace of captures that say that they lost so many packets; None: that do not say."""
    return replace(trace, captures=tuple(replace(capture, drops=drops) for capture in trace.captures))


def one_lost(trace: Trace, place: int) -> Trace:
    """Return the trace without one message; the captures say that they lost a packet."""
    rest = trace.messages[:place] + trace.messages[place + 1 :]
    return with_drops(replace(trace, messages=rest), 1)


def cut(trace: Trace, octets: int) -> Trace:
    """Return what a snap length leaves of each message; a message of which nothing is left is not there."""
    return replace(trace, messages=tuple(short for m in trace.messages if octets and (short := _cut(m, octets))))


def one_cut(trace: Trace, place: int, octets: int) -> Trace:
    """Return the trace with one message cut: the others have what is asked for nearer to their beginning."""
    short = _cut(trace.messages[place], octets)
    rest = (*trace.messages[:place], *(() if short is None else (short,)), *trace.messages[place + 1 :])
    captures = trace.captures if short else tuple(replace(capture, cut_segments=1) for capture in trace.captures)
    return replace(trace, captures=captures, messages=rest)


def _cut(message: Message, octets: int) -> Message | None:
    if len(message.raw) <= octets:
        return message
    raw = message.raw[:octets]
    if isinstance(message, SipMessage):
        return replace(message, raw=raw, truncated=True, sip=read_sip(raw))
    if isinstance(message, DiameterMessage):
        return replace(message, raw=raw, truncated=True, avps=tuple(_whole(message.avps, octets)))
    if isinstance(message, DnsMessage):
        left = tuple(record for record in message.records if record.offset + record.length <= octets)
        return replace(message, raw=raw, truncated=True, records=left)
    if isinstance(message, HttpMessage):
        http = read_http(raw)  # one without a whole start line is none
        return None if http is None else replace(message, raw=raw, truncated=True, http=http)
    raise TypeError(type(message).__name__)


def _whole(avps: tuple[DiameterAvp, ...], octets: int) -> Iterator[DiameterAvp]:
    for avp in avps:
        if avp.offset + avp.length <= octets:
            yield avp
        elif avp.children and avp.offset < octets:
            yield replace(avp, children=tuple(_whole(avp.children, octets)))


def encrypted(trace: Trace) -> Trace:
    """Return what is left where ESP is encrypted with a key that nobody has."""
    captures: list[CaptureFile] = list(trace.captures)
    messages = tuple(_plain(trace))
    if len(messages) < len(trace.messages):
        problem = "ESP that cannot be read"
        captures = [replace(capture, problems=(*capture.problems, problem)) for capture in captures]
    return replace(trace, captures=tuple(captures), messages=messages)


def _plain(trace: Trace) -> Iterator[Message]:
    for message in trace.messages:
        sightings = tuple(sighting for sighting in message.sightings if "esp" not in sighting.encapsulation)
        if sightings:
            yield replace(message, sightings=sightings)
