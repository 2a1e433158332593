"""Finds the media of a call: the RTP of the trace between the ends that its session descriptions name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from conformance.criteria.call import DialogRequest
from conformance.criteria.call_media import MediaEnd, MediaLeg, begin_ns
from conformance.criteria.registration import Hop
from conformance.criteria.sdp import Stream, read_sdp
from conformance.judgement.surroundings import Surroundings
from conformance.trace.media_model import MediaStream
from conformance.trace.model import SipMessage
from conformance.vocabulary.identifiers import Endpoint

LATE_NS = 1_000_000_000
"""What begins so long behind the last message of a call is of another one that uses the port again."""
_KINDS = ("audio", "video")
_METHODS = ("INVITE", "UPDATE", "PRACK")

_Streams = dict[Endpoint, list[MediaStream]]


@dataclass(slots=True)
class _End:
    """One end while descriptions are collected."""

    formats: set[int] = field(default_factory=set)
    kbps: int | None = None
    described: SipMessage | None = None

    def take(self, message: SipMessage, stream: Stream) -> None:
        self.formats |= {int(one) for one in stream.formats if one.isascii() and one.isdigit() and len(one) <= 3}
        if stream.bandwidth_kbps is not None:
            self.kbps = max(self.kbps or 0, stream.bandwidth_kbps)
        self.described = message


@dataclass(slots=True)
class _Leg:
    caller: _End = field(default_factory=_End)
    callee: _End = field(default_factory=_End)
    both_ways: bool = True
    agreed_ns: list[int] = field(default_factory=list)


def legs_of(requests: Sequence[DialogRequest], around: Surroundings) -> tuple[MediaLeg, ...]:
    """Return the legs of a call of which RTP was captured, in the order of their offers.

    Args:
        requests: of the call.
        around: knows the streams of the trace.
    """
    if not around.trace.media:
        return ()
    coming, going = around.once(_by_destination), around.once(_by_source)
    legs: dict[tuple[str, Endpoint, Endpoint], _Leg] = {}
    for one in requests:
        if one.method in _METHODS:
            for hop in one.hops:
                _agree(legs, hop, one.from_caller)
    times = [message.time_ns for one in requests for message in one.messages]
    begin, end = min(times), max(times) + LATE_NS

    def of(streams: _Streams, at: Endpoint) -> tuple[MediaStream, ...]:
        return tuple(stream for stream in streams.get(at, ()) if begin <= begin_ns(stream) <= end)

    found = []
    for (kind, caller, callee), leg in legs.items():
        if leg.caller.described is None or leg.callee.described is None:
            continue
        ends = [
            MediaEnd(at, frozenset(one.formats), one.kbps, one.described, of(coming, at), of(going, at))
            for at, one in ((caller, leg.caller), (callee, leg.callee))
            if one.described is not None
        ]
        if any(end.coming for end in ends):
            found.append(MediaLeg(kind, ends[0], ends[1], leg.both_ways, tuple(sorted(leg.agreed_ns))))
    return tuple(found)


def _by_destination(around: Surroundings) -> _Streams:
    return _indexed((stream.destination, stream) for stream in around.trace.media)


def _by_source(around: Surroundings) -> _Streams:
    return _indexed((stream.source, stream) for stream in around.trace.media)


def _indexed(pairs: Iterable[tuple[Endpoint, MediaStream]]) -> _Streams:
    found: _Streams = {}
    for end, stream in pairs:
        found.setdefault(end, []).append(stream)
    return found


def _agree(legs: dict[tuple[str, Endpoint, Endpoint], _Leg], hop: Hop, from_caller: bool) -> None:
    """Take what an offer and each of its answers on one hop say."""
    offer = read_sdp(hop.request)
    if hop.request is None or offer is None:
        return
    answers = [*hop.provisional, *((hop.response,) if hop.response is not None else ())]
    for answer in answers:
        given = read_sdp(answer) if (answer.sip.status or 0) < 300 else None
        for wanted, got in zip(offer, given or (), strict=False):
            ends = _endpoint(wanted), _endpoint(got)
            if wanted.kind not in _KINDS or wanted.kind != got.kind or ends[0] is None or ends[1] is None:
                continue
            caller, callee = (ends[0], ends[1]) if from_caller else (ends[1], ends[0])
            leg = legs.setdefault((wanted.kind, caller, callee), _Leg())
            asked, said = (leg.caller, leg.callee) if from_caller else (leg.callee, leg.caller)
            asked.take(hop.request, wanted)
            said.take(answer, got)
            leg.both_ways &= wanted.direction == got.direction == "sendrecv"
            leg.agreed_ns.append(answer.time_ns)


def _endpoint(stream: Stream) -> Endpoint | None:
    """Return where a stream is to be sent to; None where it is refused, or nobody can be reached there."""
    try:
        address = ip_address(stream.address)
    except ValueError:
        return None
    if not stream.port or address.is_unspecified or address.is_multicast:
        return None
    return Endpoint(str(address), stream.port, "udp")
