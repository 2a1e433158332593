"""The messages of a trace, as the judging side sees them.

A message is one SIP, Diameter, DNS or HTTP message, however often it was seen. Each time it was seen is a
`Sighting`; the first sighting gives the message its frame, time and addresses. Copies (the same bytes at
another point or in another encapsulation) are sightings of one message; a retransmission (the same bytes
again at the same point) is a message of its own with `retransmission_of` set.

Nobody changes a message or a sighting. They are not frozen because a frozen one takes three times as long to make,
and a trace may hold some hundred thousands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from conformance.trace.http import HttpText
from conformance.trace.media_model import MediaStream
from conformance.trace.sip import SipText
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point

_T = TypeVar("_T")


@dataclass(slots=True, unsafe_hash=True)
class Sighting:
    """One appearance of a message in a capture."""

    capture: int
    """Index into `Trace.captures`."""
    frame: int
    """Frame number that tshark gives; for a reassembled message the frame that completes it."""
    time_ns: int
    point: Point | None
    """Observation point, from the interface name of the capture; None where the name is no point."""
    source: Endpoint
    """Innermost addresses."""
    destination: Endpoint
    encapsulation: tuple[str, ...] = ()
    """Tunnels around the innermost IP packet, outermost first: `gtp`, `ipip`, `esp`."""
    clock_offset_ns: int = 0
    """What the clock of the capture is ahead of that of the trace; `time_ns` is what the capture says."""
    dscp: int | None = None
    """Differentiated services codepoint of the innermost IP header (RFC 2474); None where that was not read."""

    @property
    def trace_time_ns(self) -> int:
        """Time by the clock of the trace, which is that of its first capture: nanoseconds since 1970."""
        return self.time_ns - self.clock_offset_ns


@dataclass(slots=True, eq=False)
class Message:
    """Base of all messages. Compared by identity."""

    sightings: tuple[Sighting, ...]
    raw: bytes
    """The message itself, without any transport framing."""
    truncated: bool = False
    """True where the capture's snap length cut the message."""
    retransmission_of: Message | None = None

    @property
    def capture(self) -> int:
        """Index of the capture of the first sighting."""
        return self.sightings[0].capture

    @property
    def frame(self) -> int:
        """Frame number of the first sighting."""
        return self.sightings[0].frame

    @property
    def time_ns(self) -> int:
        """Time of the first sighting by the clock of the trace, nanoseconds since 1970."""
        first = self.sightings[0]
        return first.time_ns - first.clock_offset_ns

    @property
    def source(self) -> Endpoint:
        """Sender in the first sighting."""
        return self.sightings[0].source

    @property
    def destination(self) -> Endpoint:
        """Receiver in the first sighting."""
        return self.sightings[0].destination

    @property
    def points(self) -> frozenset[Point]:
        """All observation points at which the message was seen."""
        return frozenset(s.point for s in self.sightings if s.point is not None)


@dataclass(slots=True, eq=False)
class SipMessage(Message):
    """One SIP request or response."""

    sip: SipText = field(kw_only=True)
    """What the lossless reader found in `raw`."""
    _memo: dict[tuple[str, str], Any] | None = field(default=None, init=False, repr=False)

    def remember(self, what: str, name: str, make: Callable[[SipText, str], _T]) -> _T:
        """Return what `make` makes of the message and a header name; it is made once.

        A judge asks for the same headers again and again.

        Args:
            what: Name of the kind of things that is made.
            name: Name of the header.
            make: Pure; gets what the reader found, and the name.
        """
        key = (what, name)
        memo = self._memo
        if memo is None:
            memo = self._memo = {}
        if key not in memo:
            memo[key] = make(self.sip, name)
        found: _T = memo[key]
        return found

    def forget(self) -> None:
        """Give back the memory of what was asked before."""
        self._memo = None
        self.sip.forget()


@dataclass(frozen=True, slots=True)
class DiameterAvp:
    """One AVP (RFC 6733 section 4). Offsets count from the first byte of the Diameter message."""

    code: int
    vendor: int
    """0 where the V bit is clear."""
    flags: int
    data: bytes
    offset: int
    length: int
    """Bytes of the AVP with header and without padding."""
    name: str
    """Wireshark's name: `Public-Identity`; `Unknown` where it has none."""
    children: tuple[DiameterAvp, ...] = ()

    def find(self, code: int, vendor: int = 0) -> Iterator[DiameterAvp]:
        """Yield the direct children with that code and vendor."""
        return (avp for avp in self.children if avp.code == code and avp.vendor == vendor)


@dataclass(slots=True, eq=False)
class DiameterMessage(Message):
    """One Diameter message."""

    command: int = field(kw_only=True)
    is_request: bool = field(kw_only=True)
    application: int = field(kw_only=True)
    hop_by_hop: int = field(kw_only=True)
    end_to_end: int = field(kw_only=True)
    avps: tuple[DiameterAvp, ...] = field(kw_only=True)

    def find(self, code: int, vendor: int = 0) -> Iterator[DiameterAvp]:
        """Yield the top-level AVPs with that code and vendor, in order."""
        return (avp for avp in self.avps if avp.code == code and avp.vendor == vendor)

    def first(self, code: int, vendor: int = 0) -> DiameterAvp | None:
        """Return the first top-level AVP with that code and vendor."""
        return next(self.find(code, vendor), None)


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """One resource record of an answer."""

    section: str
    """`answer`, `authority` or `additional`."""
    name: str
    """Owner, lower case, without the final dot."""
    type: str
    """`A`, `AAAA`, `NAPTR`, `SRV`, `SOA`, ... or `TYPEnnn`."""
    ttl: int
    fields: dict[str, str]
    """By type. A/AAAA: address. SRV: priority, weight, port, target. NAPTR: order, preference, flags,
    service, regexp, replacement. NS/CNAME/PTR: target. Values as text."""
    offset: int
    length: int


@dataclass(slots=True, eq=False)
class DnsMessage(Message):
    """One DNS query or response."""

    id: int = field(kw_only=True)
    is_response: bool = field(kw_only=True)
    rcode: int = field(kw_only=True)
    question_name: str = field(kw_only=True)
    """Lower case, without the final dot; empty where there is no question."""
    question_type: str = field(kw_only=True)
    records: tuple[DnsRecord, ...] = field(kw_only=True)


@dataclass(slots=True, eq=False)
class HttpMessage(Message):
    """One HTTP request or response; `raw` is as it was sent, chunks and all, bounded."""

    http: HttpText = field(kw_only=True)
    """What was read in `raw`."""


@dataclass(slots=True, eq=False)
class VpnPacket(Message):
    """The first OpenVPN packet of its kind between two ends; its `raw` is the head alone."""

    opcode: int = field(kw_only=True)


@dataclass(slots=True, eq=False)
class MediaPacket(Message):
    """One RTP packet that is cited: its frame alone, `raw` is empty. Streams keep none of their packets."""


@dataclass(slots=True, eq=False)
class VpnStream:
    """All OpenVPN packets between two ends, as an aggregate: a run has thousands of them."""

    ends: tuple[Endpoint, Endpoint]
    """The sender of the first packet that was seen, and the other one."""
    counts: Counter[int] = field(default_factory=Counter)
    """Packets by opcode."""
    first: dict[tuple[bool, int], VpnPacket] = field(default_factory=dict)
    """The first packet of each opcode; True: from the first of the two ends."""
    sizes: Counter[tuple[bool, int, int]] = field(default_factory=Counter)
    """Data packets by direction, octets of the datagram and codepoint of its IP header: the payload alone is secret."""
    sized: dict[tuple[bool, int, int], VpnPacket] = field(default_factory=dict)
    """The first packet of each of these."""

    def earliest(self, *opcodes: int) -> VpnPacket | None:
        """Return the first packet that has one of the opcodes, None where there is none."""
        found = (packet for (_, opcode), packet in self.first.items() if opcode in opcodes)
        return min(found, key=lambda packet: packet.time_ns, default=None)


@dataclass(frozen=True, slots=True)
class CaptureFile:
    """What is known of one file of the trace."""

    file: str
    frames: int
    signalling: int
    drops: int | None
    points: tuple[Point, ...]
    problems: tuple[str, ...]
    not_read: Mapping[str, int] = field(default_factory=dict)
    """Frames without signalling, by the innermost protocol that was recognised in them, as Wireshark calls it."""
    cut_segments: int = 0
    """TCP segments that the snap length cut: what they carried may not have been recognised at all."""
    clock_offset_ns: int | None = None
    """By how much the clock of this file is ahead of that of the first one, estimated from messages that both have;
    None where there is one file only, or nothing to estimate it from."""


@dataclass(frozen=True, slots=True)
class Trace:
    """All messages of one cell or of one foreign capture, in time order, copies merged."""

    captures: tuple[CaptureFile, ...]
    messages: tuple[Message, ...]
    vpn: tuple[VpnStream, ...] = ()
    """What was seen of VPN tunnels from outside; not of a file that tshark alone could read."""
    media: tuple[MediaStream, ...] = ()
    """RTP streams in the order of their first packets; neither of such a file."""

    @property
    def sip(self) -> Iterator[SipMessage]:
        """The SIP messages in time order."""
        return (m for m in self.messages if isinstance(m, SipMessage))

    @property
    def diameter(self) -> Iterator[DiameterMessage]:
        """The Diameter messages in time order."""
        return (m for m in self.messages if isinstance(m, DiameterMessage))

    @property
    def dns(self) -> Iterator[DnsMessage]:
        """The DNS messages in time order."""
        return (m for m in self.messages if isinstance(m, DnsMessage))

    @property
    def http(self) -> Iterator[HttpMessage]:
        """The HTTP messages in time order."""
        return (m for m in self.messages if isinstance(m, HttpMessage))

    def observed(self, point: Point) -> bool:
        """Tell whether any capture of the trace observed the point."""
        return any(point in capture.points for capture in self.captures)
