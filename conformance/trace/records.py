"""Reads what `tap.lua` writes: the messages that tshark found, raw, each with its frame and addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import IO, Final, Protocol

from conformance.trace.diameter import read_header
from conformance.trace.dns import read_dns
from conformance.trace.http import read_http
from conformance.trace.merge import Seen
from conformance.trace.model import Sighting
from conformance.trace.picker import DISCARD, MARKER
from conformance.trace.reading import Reading
from conformance.trace.reduced import Copy, Reduced
from conformance.trace.sip import is_whole, looks_like_sip, read_sip
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import POINTS

_TUNNELS: Final = frozenset(("gtp", "esp", "gre", "l2tp", "teredo", "vxlan", "geneve"))
_TRANSPORTS: Final = ("udp", "tcp", "sctp")
_NO_NAME: Final = ":Unknown"
"""What `tap.lua` writes where it has no name for an AVP."""
_MOST_LAYERS: Final = 200
"""Names of protocols that are counted; what is beyond is counted together."""


class Frames(Protocol):
    """Tells what a frame of the capture that tshark read is in the file."""

    def locate(self, number: int, time_ns: int) -> tuple[int, int, int]:
        """Return number, time in nanoseconds since 1970 and index of the interface in the file."""
        ...

    def copies(self, frame: int) -> list[Copy]:
        """Return the frames that carry the same; `frame` is a number of the file."""
        ...


class WholeFile:
    """tshark reads the file itself."""

    def __init__(self, reading: Reading) -> None:
        self._interfaces = reading.interfaces

    def locate(self, number: int, time_ns: int) -> tuple[int, int, int]:
        """Return what tshark says, and the interface that the file gives."""
        return number, time_ns, self._interfaces.index(number)

    def copies(self, frame: int) -> list[Copy]:
        """Return none: Wireshark sees all frames."""
        return []


class PickedFrames:
    """tshark reads the frames that were picked for it."""

    def __init__(self, reduced: Reduced) -> None:
        self._reduced = reduced

    def locate(self, number: int, time_ns: int) -> tuple[int, int, int]:
        """Return what the file says."""
        reduced, index = self._reduced, number - 1
        return reduced.frames[index], reduced.times[index], reduced.interfaces[index]

    def copies(self, frame: int) -> list[Copy]:
        """Return the copies that the picker found."""
        return self._reduced.copies.get(frame, [])


@dataclass(slots=True)
class Taken:
    """What was read of tshark's output."""

    version: str = ""
    """Of tshark; empty where it wrote none."""
    frames: int = 0
    """The last frame that tshark spoke of, as it counts."""
    complete: bool = False
    """tshark came to the end of the capture."""
    missed_ports: set[int] = field(default_factory=set)
    """TCP ports where segments begin like SIP and no SIP was decoded."""
    unnamed: bool = False
    """There are AVPs without a name."""


def read_records(stream: IO[bytes], capture: int, reading: Reading, frames: Frames) -> Taken:
    """Read all records.

    Args:
        stream: tshark's standard output.
        capture: Index of the file in the trace.
        reading: Where sightings and problems go.
        frames: What tshark's numbers are in the file.
    """
    taken = Taken()
    decoded: set[tuple[str, str, str, str]] = set()
    suspects: list[tuple[str, str, str, str]] = []
    in_frame: list[Seen] = []
    while line := stream.readline():
        kind, *fields = line.decode("utf-8", "replace").rstrip("\n").split("\t")
        if kind == "V" and fields:
            taken.version = fields[0]
        elif kind == "N":
            taken.frames, taken.complete = int(fields[0]), True
            break  # tshark's last word; to give its memory back takes it longer than a short capture to read
        elif kind == "P":
            reading.problem(f"frame {frames.locate(int(fields[0]), 0)[0]}: {fields[1]}")
        elif kind == "L" and len(fields) == 2:
            layer = fields[0] if fields[0] in reading.not_read or len(reading.not_read) < _MOST_LAYERS else "others"
            reading.not_read[layer] += int(fields[1])
        elif kind == "M" and len(fields) == 18:
            raw = stream.read(int(fields[17]))
            stream.read(1)
            if len(raw) < int(fields[17]):
                break  # tshark was ended in the middle of a record; its complaints say why
            taken.unnamed |= _NO_NAME in fields[16]
            connection = (fields[4], fields[6], fields[5], fields[7])
            taken.frames = max(taken.frames, int(fields[0]))
            parts = [raw]
            if fields[15] == "TCP":
                parts = _behind_keep_alive(raw)
                if not parts:
                    if looks_like_sip(raw):
                        suspects.append(connection)
                    continue
            decoded.add(connection)
            for part in parts:
                seen = _seen(fields, part, capture, reading, frames)
                if seen is None:
                    continue
                if in_frame and in_frame[0].sighting.frame != seen.sighting.frame:
                    in_frame.clear()
                # The same bytes again, or bytes inside the body of another: dissected twice, sent once.
                if any(other.protocol == seen.protocol and seen.raw in other.raw for other in in_frame):
                    continue
                in_frame.append(seen)
                reading.seen.append(seen)
                reading.seen.extend(_copies(seen, reading, frames))
    for connection in suspects:
        if connection not in decoded:
            taken.missed_ports.add(min(int(connection[1]), int(connection[3])))
    return taken


def _copies(seen: Seen, reading: Reading, frames: Frames) -> Iterator[Seen]:
    for copy in frames.copies(seen.sighting.frame):
        name = reading.interfaces.all[copy.interface].name
        sighting = replace(
            seen.sighting,
            frame=copy.frame,
            time_ns=copy.time_ns,
            point=POINTS.get(name),
            encapsulation=copy.encapsulation,
            dscp=copy.dscp,
        )
        yield replace(seen, sighting=sighting, interface=copy.interface, outer=copy.outer, ip_id=copy.ip_id)


def _behind_keep_alive(raw: bytes) -> list[bytes]:
    """Return the messages of a TCP segment that begins with empty lines (RFC 5626 3.5.1).

    Wireshark does not look behind them. Nothing is returned where a message is not whole in the segment.
    """
    parts: list[bytes] = []
    rest = raw.lstrip(b"\r\n")
    if len(rest) == len(raw):
        return []
    while rest:
        if not looks_like_sip(rest) or not is_whole(rest):
            return []
        end = read_sip(rest).body_span.end
        parts.append(rest[:end])
        rest = rest[end:].lstrip(b"\r\n")
    return parts


def _seen(fields: list[str], raw: bytes, capture: int, reading: Reading, frames: Frames) -> Seen | None:
    """Make a sighting of one record; None where it is no message."""
    number, seconds, nanoseconds = (int(text) for text in fields[:3])
    frame, time_ns, interface = frames.locate(number, seconds * 1_000_000_000 + nanoseconds)
    chain = fields[3].split(":")
    protocol = fields[15]
    last = next((i for i, name in enumerate(chain) if name in ("sip", "diameter", "dns", "http")), len(chain))
    below = chain[:last]
    if "icmp" in below or "icmpv6" in below:
        return None  # an error message quotes the packet that it is about
    transport = next((name for name in reversed(below) if name in _TRANSPORTS), "udp")
    source = Endpoint(fields[4], int(fields[6] or 0), transport)
    destination = Endpoint(fields[5], int(fields[7] or 0), transport)
    if destination.port == DISCARD and raw.startswith(MARKER):
        return None
    if protocol in ("UDP", "TCP"):
        if not looks_like_sip(raw):
            return None
        protocol = "SIP"
        if chain[-1] not in ("data", "udp", "tcp"):
            reading.problem(f"frame {frame}: SIP that Wireshark takes for {chain[-1]}, read from the raw bytes")
    elif fields[13] == "1":
        reading.problem(f"frame {frame}: Wireshark calls it malformed")
    cut = int(fields[11]) > int(fields[10])
    raw = _trim(raw, protocol, transport)
    name = reading.interfaces.all[interface].name if interface < len(reading.interfaces.all) else ""
    return Seen(
        sighting=Sighting(
            capture=capture,
            frame=frame,
            time_ns=time_ns,
            point=POINTS.get(name),
            source=source,
            destination=destination,
            encapsulation=tuple(_encapsulation(below)),
            dscp=int(fields[14]) if fields[14].isdigit() else None,
        ),
        raw=raw,
        protocol=protocol,
        interface=interface,
        outer=fields[9],
        ip_id=int(fields[8], 0) if ":" not in fields[4] else 0,
        many_interfaces=fields[12] == "1" or name == "any",
        avps=fields[16],
        truncated=cut and _is_short(raw, protocol),
    )


def _trim(raw: bytes, protocol: str, transport: str) -> bytes:
    """Cut what does not belong to the message: the next ones of a stream, the length before DNS over TCP."""
    if transport != "udp" and protocol == "SIP":
        # RFC 3261 18.3: over a stream the Content-Length says where the message ends.
        raw = raw.lstrip(b"\r\n")
        return raw[: read_sip(raw).body_span.end]
    if protocol == "HTTP" and (http := read_http(raw)) is not None:
        return raw[: http.end]
    if transport == "tcp" and protocol == "DNS" and int.from_bytes(raw[:2]) == len(raw) - 2:
        return raw[2:]
    return raw


def _is_short(raw: bytes, protocol: str) -> bool:
    if protocol == "SIP":
        return not is_whole(raw)
    if protocol == "HTTP":
        http = read_http(raw)
        return http is None or not http.is_whole
    if protocol == "Diameter":
        header = read_header(raw)
        return header is None or header.length > len(raw)
    dns = read_dns(raw)
    return dns is None or bool(dns.problem)


def _encapsulation(chain: list[str]) -> Iterator[str]:
    """Yield the tunnels around the innermost IP packet, outermost first, and ESP that protects its payload."""
    innermost = max((i for i, name in enumerate(chain) if name in ("ip", "ipv6")), default=0)
    for before, name in zip(["", *chain], chain[: innermost + 1], strict=False):
        if name in _TUNNELS:
            yield name
        elif name in ("ip", "ipv6") and before in ("ip", "ipv6"):
            yield "ipip"
    if "esp" in chain[innermost + 1 :]:
        yield "esp"  # transport mode, as 3GPP TS 33.203 has it on Gm: no IP packet of its own inside
