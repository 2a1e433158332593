"""Quality of service as D2.2 2.6 asks for it: voice is marked, marks survive the tunnel, bandwidth is said and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from conformance.criteria.call import Call
from conformance.criteria.call_media import MediaEnd, kbps, packet_of
from conformance.criteria.call_values import cite_body
from conformance.criteria.model import (
    Catalogue,
    Citation,
    Claim,
    Finding,
    failed,
    inconclusive,
    not_applicable,
    passed,
)
from conformance.criteria.procedure import Kind
from conformance.criteria.rfc3264 import exchanges_of
from conformance.criteria.rfc3550 import NO_MEDIA, SEEN_AT, role_at
from conformance.criteria.sdp import Stream
from conformance.trace.media_model import MediaSighting, MediaStream
from conformance.trace.model import Message, SipMessage, VpnPacket, VpnStream
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Severity

CATALOGUE = Catalogue()
CALL = (Kind.CALL,)
EXPEDITED = frozenset((46, 44))
"""EF (RFC 3246), and the same for voice that was admitted (RFC 5865)."""
SIGNALLING = frozenset((0, 24, 26, 28, 30, 40))
"""Default, CS3, AF31 to AF33, CS5: what networks give to signalling."""
MOST_OTHERS = 0.1
"""Share of packets with another mark that is passed over: tones of a gateway, the first packets of a call."""
TOLERANCE = 1.05
"""What clocks and short measurements do to a bandwidth."""
LEAST_PACKETS = 5
"""Of a stream that is looked at."""
SMALLEST_HEAD, LARGEST_HEAD = 17, 96
"""Octets that a tunnel adds to a packet: numbers, tag, and where it is not AES-GCM, vector and padding."""
SOON_NS = 100_000_000
"""What a packet takes through a tunnel at most."""
CARRIES = 0.8
"""Share of the packets of a stream that a direction of a tunnel must have of its size to be taken for its way."""


def _mark(dscp: int) -> str:
    names = {46: "EF", 44: "VOICE-ADMIT", 0: "default"}
    name = names.get(dscp) or (f"CS{dscp >> 3}" if not dscp & 7 else "")
    return f"{dscp} ({name})" if name else str(dscp)


def _claim(message: Message, dscp: int) -> tuple[Claim, ...]:
    field = "ipv6.tclass.dscp" if ":" in message.source.address else "ip.dsfield.dscp"
    return (Claim(field, (str(dscp),)),)


def _at(stream: MediaStream, seen: MediaSighting) -> Citation:
    return Citation(packet_of(stream, seen), "DSCP")


def _is_marked(seen: MediaSighting) -> bool:
    total = sum(seen.dscp.values())
    return sum(seen.dscp.get(one, 0) for one in EXPEDITED) >= (1 - MOST_OTHERS) * total


@CATALOGUE.add(
    "QOS-01",
    "Voice over RTP is marked for expedited forwarding (DSCP EF) from end to end.",
    source=("D2.2", "2.6"),
    node=Role.CALLER,
    points=SEEN_AT,
    level=Level.SHOULD,
    severity=Severity.DEGRADED,
    condition="RTP of an audio stream of the call was captured",
    kinds=CALL,
)
def expedited(call: Call) -> Finding:
    """D2.2 2.6; RFC 3246: conversational traffic has EF. A mark that is gone further on was taken away on the way."""
    expected = "DSCP 46 (EF) at every point"
    cited: list[Citation] = []
    for leg in call.media:
        for receiver, sender in leg.ends if leg.kind == "audio" else ():
            for stream in receiver.coming:
                seen = [one for one in stream.sightings if one.packets >= LEAST_PACKETS]
                wrong = next((one for one in seen if not _is_marked(one)), None)
                if wrong is not None:
                    most = max(wrong.dscp, key=wrong.dscp.__getitem__)
                    kept = any(_is_marked(one) for one in seen)
                    found = f"DSCP {_mark(most)} at {wrong.point or wrong.interface[:40]} to {stream.destination}"
                    found += ", and marked at another point" if kept else ""
                    role = None if kept else role_at(call, sender)
                    return failed(expected, found, _at(stream, wrong), node=role, nobody=role is None)
                cited += [_at(stream, one) for one in seen]
    if not cited:
        return not_applicable(expected, NO_MEDIA)
    return passed(expected, expected, *cited[:10])


@CATALOGUE.add(
    "QOS-03",
    "Signalling has a codepoint that networks give to signalling: default, CS3, AF31 to AF33 or CS5.",
    source=("RFC 4594", None),
    node=Role.CALLER,
    points=(Point.GM, Point.MW, Point.IC),
    level=Level.INFORMATION,
    severity=Severity.COSMETIC,
    kinds=CALL,
)
def signalling(call: Call) -> Finding:
    """RFC 4594 and GSMA IR.34 differ in the class; D2.2 2.6 leaves interactive traffic in the default class."""
    expected = "DSCP 0, 24, 26, 28, 30 or 40"
    counts: Counter[int] = Counter()
    cited: dict[int, Citation] = {}
    for one, hop in call.sip_hops:
        for message in hop.messages:
            dscp = message.sightings[0].dscp
            if dscp is None:
                continue
            counts[dscp] += 1
            cited.setdefault(dscp, Citation(message, "DSCP", claims=_claim(message, dscp)))
            if dscp not in SIGNALLING:
                is_request = isinstance(message, SipMessage) and message.sip.is_request
                what = f"DSCP {_mark(dscp)} of {'a' if is_request else 'an answer to'} {one.method[:20]}"
                return failed(expected, what, cited[dscp], node=hop.sender if is_request else hop.receiver)
    if not counts:
        return not_applicable(expected, "no codepoint was read")
    found = ", ".join(f"{number} messages with {_mark(dscp)}" for dscp, number in counts.most_common(5))
    return passed(expected, found, *cited.values())


@CATALOGUE.add(
    "QOS-04",
    "Packets have outside of the tunnel the codepoint that they have inside of it.",
    source=("RFC 2983", None),
    node=Role.CALLER,
    points=(Point.VPN,),
    level=Level.SHOULD,
    severity=Severity.DEGRADED,
    condition="marked RTP of the call was captured between networks, and the tunnel outside of a gateway",
    kinds=CALL,
)
def outer_as_inner(call: Call) -> Finding:
    """RFC 2983, RFC 2474; D2.2 2.6: a mark is carried from network to network.

    What is in a data packet is secret. Its length is not: RTP packets are of one length, and far more frequent than
    others of it. A direction of a tunnel that has as many of that length as a stream has packets carries it.
    """
    expected = "the codepoint of the packet inside on each data packet"
    if not call.sees(Point.VPN) or not call.vpn:
        return not_applicable(expected, "the outer interface of no VPN gateway was captured")
    streams = {id(one): one for leg in call.media for one in leg.streams}.values()
    inside = [(one, seen) for one in streams for seen in one.sightings if _goes_between(call, one, seen)]
    inside = [(one, seen) for one, seen in inside if seen.packets >= LEAST_PACKETS]
    if not any(_inside(seen) for _, seen in inside):
        return not_applicable(expected, "no marked RTP between networks was captured")
    if len({_inside(seen) for _, seen in inside}) > 1:
        return inconclusive(expected, "the streams inside have several codepoints: which one goes where is not known")
    found: dict[str, Citation] = {}
    for stream, seen in inside:
        dscp = _inside(seen)
        for marks in _ways(call.vpn, round(seen.octets / seen.packets) + _heads(stream, seen), seen):
            right = marks[dscp][0] if dscp in marks else 0
            wrong = next((mark for mark in marks if mark != dscp), None)
            if wrong is not None and right < (1 - MOST_OTHERS) * CARRIES * seen.packets:
                packet = marks[wrong][1]
                ends = f"{packet.source.address} to {packet.destination.address}"
                said = f"DSCP {_mark(wrong)} from {ends} on packets that have {_mark(dscp)} inside"
                outside = Citation(packet, "DSCP", claims=_claim(packet, wrong))
                return failed(expected, said, outside, _at(stream, seen), nobody=True)
            packet = marks[dscp][1]
            ends = f"{packet.source.address} to {packet.destination.address}"
            found[f"{right} data packets with {_mark(dscp)} from {ends}"] = Citation(packet, "DSCP")
    if not found:
        return inconclusive(expected, "no tunnel has as many data packets of the length of the RTP inside, and then")
    return passed(expected, "; ".join([*found][:6]), *[*found.values()][:6])


def _goes_between(call: Call, stream: MediaStream, seen: MediaSighting) -> bool:
    """Tell whether packets that were seen there pass from network to network; in GTP-U they pass to a home network."""
    if seen.point is Point.IC or seen.encapsulation:
        return seen.point is not Point.VPN
    networks = [call.facts.network_of(end.address) for end in (stream.source, stream.destination)]
    return None not in networks and networks[0] is not networks[1]


def _inside(seen: MediaSighting) -> int:
    """Return the codepoint of the packet that a tunnel between networks gets: GTP-U is inside of it."""
    if seen.outer_dscp is not None:
        return seen.outer_dscp
    return max(seen.dscp, key=seen.dscp.__getitem__)


def _heads(stream: MediaStream, seen: MediaSighting) -> int:
    """Return the octets of IP, UDP and RTP headers, and those of GTP-U around them."""
    ip = 40 if ":" in stream.source.address else 20
    return ip + 20 + len(seen.encapsulation) * (ip + 16)


def _ways(
    tunnels: tuple[VpnStream, ...], length: int, seen: MediaSighting
) -> Iterator[dict[int, tuple[int, VpnPacket]]]:
    """Yield what carries a stream, direction by direction of a tunnel: by codepoint how many packets, and the first.

    It has about as many packets, all longer by the same, and begins when the stream does.
    """
    for tunnel in tunnels:
        groups: dict[tuple[bool, int], dict[int, tuple[int, VpnPacket]]] = {}
        for (way, octets, dscp), number in tunnel.sizes.items():
            packet = tunnel.sized[way, octets, dscp]
            if SMALLEST_HEAD <= octets - length <= LARGEST_HEAD and packet.capture == seen.capture:
                groups.setdefault((way, octets), {})[dscp] = (number, packet)
        for marks in groups.values():
            number = sum(each for each, _ in marks.values())
            begin = min(packet.sightings[0].time_ns for _, packet in marks.values())
            is_as_many = CARRIES * seen.packets <= number <= seen.packets / CARRIES
            if is_as_many and abs(begin - seen.first_ns) <= SOON_NS:
                yield marks


@CATALOGUE.add(
    "QOS-05",
    "Each RTP stream is offered and answered with its bandwidth (b=AS), and takes no more than that.",
    source=("3GPP TS 24.229", None),
    node=Role.CALLER,
    points=SEEN_AT,
    level=Level.SHOULD,
    severity=Severity.DEGRADED,
    condition="RTP of the call was captured, or one of both ends states a bandwidth",
    kinds=CALL,
)
def bandwidth(call: Call) -> Finding:
    """3GPP TS 24.229 (SDP procedures at the UE); RFC 3264 5.1: `b=` is what the receiver wants to get at most.

    What is measured has the header of IPv4 whatever the version was: `b=AS` may have been reckoned for either.
    """
    expected = "b=AS with each RTP stream, and no more on the wire"
    said = call.media or any(b"b=AS:" in message.raw for message in call.invite.messages)
    pairs = [pair for exchange in (exchanges_of(call) if said else ()) for pair in _described(exchange)]
    if not call.media and not any(stream.bandwidth_kbps for _, stream, _ in pairs):
        return not_applicable(expected, "neither end states a bandwidth, and no RTP was captured")
    for message, stream, role in pairs:
        if stream.bandwidth_kbps is None and stream.direction != "inactive":
            return failed(expected, f"no b=AS of {stream.kind[:20]}", cite_body(message), node=role)
    found, cited = [], [cite_body(message) for message, _, _ in pairs[:6]]
    for leg in call.media:
        for receiver, sender in leg.ends:
            for one in receiver.coming:
                rate = kbps(one.best, 20)
                if rate is None or receiver.bandwidth_kbps is None:
                    continue
                words = f"{leg.kind} to {one.destination} {rate:.0f} of {receiver.bandwidth_kbps} kbit/s"
                if rate > receiver.bandwidth_kbps * TOLERANCE:
                    return _too_much(call, receiver, sender, one, words, expected)
                found.append(words)
                cited.append(Citation(packet_of(one, one.best), "RTP"))
    stated = ", ".join(dict.fromkeys(f"{stream.kind[:20]} b=AS:{stream.bandwidth_kbps}" for _, stream, _ in pairs))
    return passed(expected, "; ".join([stated, *found][:8]), *cited[:12])


def _described(
    exchange: tuple[SipMessage, tuple[Stream, ...], SipMessage, tuple[Stream, ...], Role],
) -> Iterator[tuple[SipMessage, Stream, Role]]:
    request, offer, answer, given, answerer = exchange
    asker = Role.CALLER if answerer is Role.CALLEE else Role.CALLEE
    for message, streams, role in ((request, offer, asker), (answer, given, answerer)):
        for stream in streams:
            if stream.port and stream.protocol.upper().startswith("RTP/"):
                yield message, stream, role


def _too_much(
    call: Call, receiver: MediaEnd, sender: MediaEnd, stream: MediaStream, words: str, expected: str
) -> Finding:
    role = role_at(call, sender)
    cited = (cite_body(receiver.described), Citation(packet_of(stream, stream.best), "RTP"))
    return failed(expected, words, *cited, node=role, nobody=role is None)
