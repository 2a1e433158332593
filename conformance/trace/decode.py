"""Reads captures: the one room of the judging side that opens files and runs tshark.

tshark finds, reassembles, decapsulates and decrypts; `tap.lua` hands every SIP, Diameter and DNS message over
as raw bytes. One tshark a file, not one for all: TCP connections and fragments of one file must not mix with
those of another that saw the same packets, or Wireshark takes the second for retransmissions. The files of
one call are read at the same time.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import threading
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO

from conformance.trace.diameter import offsets, read_header, split_avps
from conformance.trace.dns import read_dns
from conformance.trace.interfaces import Interfaces, read_interfaces
from conformance.trace.merge import Group, Seen, group_sightings
from conformance.trace.model import CaptureFile, DiameterMessage, DnsMessage, Message, Sighting, SipMessage, Trace
from conformance.trace.sip import looks_like_sip, read_sip
from conformance.trace.tshark import INSTALL, MISSING, Tshark
from conformance.vocabulary.errors import BadInput, NotPermitted
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point

MINIMUM_TSHARK = (3, 6)
"""The first with the fields and the Lua functions that `tap.lua` uses."""
MAX_PROBLEMS = 50
"""Problem lines of one capture; what is beyond is counted."""
SECONDS_AT_LEAST = 60
BYTES_PER_SECOND = 200_000
"""tshark reads some 3 MB/s on a slow machine; slower than this means that it hangs on a hostile capture."""

_TUNNELS = {
    "gtp": "gtp",
    "esp": "esp",
    "gre": "gre",
    "l2tp": "l2tp",
    "teredo": "teredo",
    "vxlan": "vxlan",
    "geneve": "geneve",
}
_POINTS = {point.value: point for point in Point}
_TRANSPORTS = ("udp", "tcp", "sctp")
_UNREADABLE = ("isn't a capture file", "couldn't be opened", "damaged or corrupt", "cut short")
"""What tshark says of a file; where it read no frame of it, there is nothing to keep."""
_NOT_WHOLE = ("the body is cut", "no empty line")
_MARKER = b"netlab-marker"
_DISCARD = 9
_PCAPNG = b"\x0a\x0d\x0d\x0a"
_NO_NAME = ":Unknown"
"""What `tap.lua` writes where it has no name for an AVP."""


@dataclass(slots=True)
class _Reading:
    """What was read of one file."""

    file: Path
    seen: list[Seen] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unlisted: int = 0
    frames: int = 0
    complete: bool = False
    interfaces: Interfaces = field(default_factory=Interfaces)
    missed_ports: set[int] = field(default_factory=set)
    """TCP ports where segments begin like SIP and no SIP was decoded."""
    unnamed: bool = False
    """There are AVPs without a name."""

    def problem(self, line: str) -> None:
        if line in self.problems:
            return
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(line)
        else:
            self.unlisted += 1

    def summary(self) -> CaptureFile:
        if self.unlisted:
            self.problems.append(f"{self.unlisted} further problems are not listed")
        points = [_POINTS[one.name] for one in self.interfaces.all if one.name in _POINTS]
        return CaptureFile(
            file=str(self.file),
            frames=self.frames,
            signalling=len({seen.sighting.frame for seen in self.seen}),
            drops=self.interfaces.drops,
            points=tuple(dict.fromkeys(points)),
            problems=tuple(self.problems),
        )


def read_trace(files: Sequence[Path], *, keys: Path | None = None, waiting: Tshark | None = None) -> Trace:
    """Read captures and merge their messages into one trace.

    Args:
        files: Captures in any format that tshark reads.
        keys: A text file of keys: TLS key log lines, and ESP security associations as quoted, comma separated
            lines of Wireshark's `esp_sa` table.
        waiting: A tshark that was started ahead of time. It reads the first file if it can, and makes no other
            difference than that of time. The caller ends it.

    Returns:
        The messages in time order, copies merged. What could not be decoded is among the problems of its
        capture.

    Raises:
        BadInput: A file is missing, empty, unreadable, or no capture.
        NotPermitted: tshark is missing or too old.
    """
    for file in [*files, *([keys] if keys else [])]:
        _check_readable(file)
    if not files:
        return Trace((), ())
    with ThreadPoolExecutor(max_workers=min(len(files), os.cpu_count() or 1)) as pool:
        readings = list(pool.map(lambda item: _read(item[0], item[1], keys, waiting), enumerate(files)))
    order = [seen for reading in readings for seen in reading.seen]
    order.sort(key=lambda seen: (seen.sighting.time_ns, seen.sighting.capture, seen.sighting.frame))
    messages = _messages(group_sightings(order), readings)
    return Trace(tuple(reading.summary() for reading in readings), tuple(messages))


@cache
def require_tshark() -> str:
    """Make sure that captures can be read.

    Returns:
        The version of tshark.

    Raises:
        NotPermitted: tshark is missing or too old.
    """
    try:
        done = subprocess.run(
            ["tshark", "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS_AT_LEAST
        )
    except FileNotFoundError as error:
        raise NotPermitted(MISSING) from error
    numbers = re.search(rb"[0-9]+(?:\.[0-9]+)+", done.stdout)
    version = numbers.group().decode() if numbers else "of an unknown version"
    _check_version(version)
    return version


def _check_version(version: str) -> None:
    numbers = re.match(r"([0-9]+)\.([0-9]+)", version)
    if numbers is None or (int(numbers.group(1)), int(numbers.group(2))) < MINIMUM_TSHARK:
        minimum = ".".join(map(str, MINIMUM_TSHARK))
        raise NotPermitted(f"tshark {version} is too old, expected {minimum} or later; {INSTALL}")


def _check_readable(file: Path) -> None:
    try:
        with file.open("rb") as stream:
            if not stream.read(1):
                raise BadInput(f"{file}: empty, expected a capture file (pcap or pcapng)")
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror}), expected a capture file") from error


def _read(index: int, file: Path, keys: Path | None, waiting: Tshark | None) -> _Reading:
    if index == 0 and keys is None and waiting is not None:
        reading = _with(waiting, index, file)
        if reading is not None:
            return reading
    reading = _tshark(index, file, keys, (), all_names=False)
    if reading.missed_ports or reading.unnamed:
        # Once more, now told that SIP is spoken on ports that belong to another protocol, and with the names of all
        # AVPs that there are.
        reading = _tshark(index, file, keys, sorted(reading.missed_ports)[:100], all_names=True)
    for port in sorted(reading.missed_ports):
        reading.problem(f"TCP port {port}: segments begin like SIP and tshark decodes no SIP there")
    counted = _count_frames(file)
    if counted is not None and counted != reading.frames:
        reading.problem(f"tshark read {reading.frames} frames, the file has {counted}")
    return reading


def _with(waiting: Tshark, index: int, file: Path) -> _Reading | None:
    """Read a capture with the tshark that waits; None where a new one has to read it.

    That is so where anything is unusual: it does not get to its end, it complains, the file has other frames than
    those that it read, or it has to be told more than it was.
    """
    with file.open("rb") as stream:
        if stream.read(4) != _PCAPNG:
            return None
    reading = _Reading(file, interfaces=_interfaces(file))
    waiting.feed(file)
    _take(waiting, index, reading)
    whole = reading.complete and reading.frames == len(reading.interfaces.of_frame) and not waiting.complaints()
    return reading if whole and not reading.missed_ports and not reading.unnamed else None


def _tshark(index: int, file: Path, keys: Path | None, sip_ports: Sequence[int], *, all_names: bool) -> _Reading:
    reading = _Reading(file, interfaces=_interfaces(file))
    with Tshark(file, keys=keys, sip_ports=sip_ports, all_names=all_names) as tshark:
        version = _take(tshark, index, reading)
        _complaints(tshark.complaints(), version, reading)
    return reading


def _take(tshark: Tshark, index: int, reading: _Reading) -> str:
    """Read what tshark hands over, within a deadline; return its version. What it says after that is of no use."""
    deadline = SECONDS_AT_LEAST + reading.file.stat().st_size / BYTES_PER_SECOND
    watch = threading.Timer(deadline, tshark.kill)
    watch.start()
    try:
        return _records(tshark.output, index, reading)
    finally:
        if watch.finished.is_set():
            reading.problem(f"tshark did not finish within {deadline:.0f} s and was ended")
        watch.cancel()
        tshark.kill()


def _interfaces(file: Path) -> Interfaces:
    with file.open("rb") as plain:
        if plain.read(2) != b"\x1f\x8b":
            plain.seek(0)
            return read_interfaces(plain)
    try:
        with gzip.open(file) as unpacked:
            return read_interfaces(unpacked)  # type: ignore[arg-type]
    except (OSError, EOFError, zlib.error):
        return Interfaces()  # tshark says what is wrong with the file


def _count_frames(file: Path) -> int | None:
    """Count the frames of a file without dissecting them; None where capinfos cannot tell."""
    try:
        done = subprocess.run(
            ["capinfos", "-c", "-M", str(file)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS_AT_LEAST,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    counted = re.search(rb"Number of packets:\s*([0-9]+)", done.stdout)
    return int(counted.group(1)) if counted else None


def _complaints(lines: list[str], version: str, reading: _Reading) -> None:
    """Turn what tshark wrote to standard error into problems, or raise where nothing was read."""
    if not version:
        text = "\n".join(lines)
        if "lua" in text.lower() and "option" in text.lower():
            raise NotPermitted(f"this tshark is built without Lua, captures cannot be read; {INSTALL}")
        raise NotPermitted(f"tshark does not start: {lines[0] if lines else 'it wrote nothing'}; {INSTALL}")
    _check_version(version)
    for line in lines:
        line = line.removeprefix("tshark: ")
        if not reading.frames and any(complaint in line for complaint in _UNREADABLE):
            raise BadInput(f"{reading.file}: not a capture file that tshark reads, expected pcap or pcapng")
        reading.problem(line)
    if not reading.complete and not lines:
        reading.problem(f"tshark ended early, behind frame {reading.frames}")


def _records(stream: IO[bytes], capture: int, reading: _Reading) -> str:
    """Read what `tap.lua` writes; return tshark's version, empty where it wrote none."""
    version = ""
    decoded: set[tuple[str, str, str, str]] = set()
    suspects: list[tuple[str, str, str, str]] = []
    in_frame: list[Seen] = []
    while line := stream.readline():
        kind, *fields = line.decode("utf-8", "replace").rstrip("\n").split("\t")
        if kind == "V" and fields:
            version = fields[0]
        elif kind == "N":
            reading.frames, reading.complete = int(fields[0]), True
            break  # tshark's last word; to give its memory back takes it longer than a short capture to read
        elif kind == "P":
            reading.problem(f"frame {fields[0]}: {fields[1]}")
        elif kind == "M" and len(fields) == 17:
            raw = stream.read(int(fields[16]))
            stream.read(1)
            if len(raw) < int(fields[16]):
                break  # tshark was ended in the middle of a record; its complaints say why
            reading.unnamed |= _NO_NAME in fields[15]
            connection = (fields[4], fields[6], fields[5], fields[7])
            reading.frames = max(reading.frames, int(fields[0]))
            parts = [raw]
            if fields[14] == "TCP":
                parts = _behind_keep_alive(raw)
                if not parts:
                    if looks_like_sip(raw):
                        suspects.append(connection)
                    continue
            decoded.add(connection)
            for part in parts:
                seen = _seen(fields, part, capture, reading)
                if seen is None:
                    continue
                if in_frame and in_frame[0].sighting.frame != seen.sighting.frame:
                    in_frame.clear()
                # The same bytes again, or bytes inside the body of another: dissected twice, sent once.
                if any(other.protocol == seen.protocol and seen.raw in other.raw for other in in_frame):
                    continue
                in_frame.append(seen)
                reading.seen.append(seen)
    for connection in suspects:
        if connection not in decoded:
            reading.missed_ports.add(min(int(connection[1]), int(connection[3])))
    return version


def _behind_keep_alive(raw: bytes) -> list[bytes]:
    """Return the messages of a TCP segment that begins with empty lines (RFC 5626 3.5.1).

    Wireshark does not look behind them. Nothing is returned where a message is not whole in the segment.
    """
    parts: list[bytes] = []
    rest = raw.lstrip(b"\r\n")
    if len(rest) == len(raw):
        return []
    while rest:
        sip = read_sip(rest)
        if not looks_like_sip(rest) or any(wrong.what.startswith(_NOT_WHOLE) for wrong in sip.problems):
            return []
        parts.append(rest[: sip.body_span.end])
        rest = rest[sip.body_span.end :].lstrip(b"\r\n")
    return parts


def _seen(fields: list[str], raw: bytes, capture: int, reading: _Reading) -> Seen | None:
    """Make a sighting of one record; None where it is no message."""
    frame, seconds, nanoseconds = (int(text) for text in fields[:3])
    chain = fields[3].split(":")
    protocol = fields[14]
    last = next((i for i, name in enumerate(chain) if name in ("sip", "diameter", "dns")), len(chain))
    below = chain[:last]
    if "icmp" in below or "icmpv6" in below:
        return None  # an error message quotes the packet that it is about
    transport = next((name for name in reversed(below) if name in _TRANSPORTS), "udp")
    source = Endpoint(fields[4], int(fields[6] or 0), transport)
    destination = Endpoint(fields[5], int(fields[7] or 0), transport)
    if destination.port == _DISCARD and raw.startswith(_MARKER):
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
    name = reading.interfaces.name(frame)
    return Seen(
        sighting=Sighting(
            capture=capture,
            frame=frame,
            time_ns=seconds * 1_000_000_000 + nanoseconds,
            point=_POINTS.get(name),
            source=source,
            destination=destination,
            encapsulation=tuple(_encapsulation(below)),
        ),
        raw=raw,
        protocol=protocol,
        interface=reading.interfaces.index(frame),
        outer=fields[9],
        ip_id=int(fields[8], 0) if ":" not in fields[4] else 0,
        many_interfaces=fields[12] == "1" or name == "any",
        avps=fields[15],
        truncated=cut and _is_short(raw, protocol),
    )


def _trim(raw: bytes, protocol: str, transport: str) -> bytes:
    """Cut what does not belong to the message: the next ones of a stream, the length before DNS over TCP."""
    if transport != "udp" and protocol == "SIP":
        # RFC 3261 18.3: over a stream the Content-Length says where the message ends.
        raw = raw.lstrip(b"\r\n")
        return raw[: read_sip(raw).body_span.end]
    if transport == "tcp" and protocol == "DNS" and int.from_bytes(raw[:2]) == len(raw) - 2:
        return raw[2:]
    return raw


def _is_short(raw: bytes, protocol: str) -> bool:
    if protocol == "SIP":
        return any(problem.what.startswith(_NOT_WHOLE) for problem in read_sip(raw).problems)
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
            yield _TUNNELS[name]
        elif name in ("ip", "ipv6") and before in ("ip", "ipv6"):
            yield "ipip"
    if "esp" in chain[innermost + 1 :]:
        yield "esp"  # transport mode, as 3GPP TS 33.203 has it on Gm: no IP packet of its own inside


def _messages(groups: list[Group], readings: list[_Reading]) -> Iterator[Message]:
    made: dict[int, Message] = {}
    for group in groups:
        of = made.get(id(group.retransmission_of)) if group.retransmission_of else None
        message = _message(group, of, readings)
        if message is not None:
            made[id(group)] = message
            yield message


def _message(group: Group, of: Message | None, readings: list[_Reading]) -> Message | None:
    seen = group.first
    sightings = tuple(other.sighting for other in group.seen)
    reading, where = readings[seen.sighting.capture], f"frame {seen.sighting.frame}"
    if seen.protocol == "SIP":
        return SipMessage(sightings, seen.raw, seen.truncated, of, sip=read_sip(seen.raw))
    if seen.protocol == "Diameter":
        return _diameter(seen, sightings, of, reading, where)
    dns = read_dns(seen.raw)
    if dns is None:
        reading.problem(f"{where}: a DNS message of {len(seen.raw)} bytes, expected at least 12")
        return None
    if dns.problem and not seen.truncated:
        reading.problem(f"{where}: DNS: {dns.problem}")
    return DnsMessage(
        sightings,
        seen.raw,
        seen.truncated,
        of,
        id=dns.id,
        is_response=dns.is_response,
        rcode=dns.rcode,
        question_name=dns.question_name,
        question_type=dns.question_type,
        records=dns.records,
    )


def _diameter(
    seen: Seen, sightings: tuple[Sighting, ...], of: Message | None, reading: _Reading, where: str
) -> Message | None:
    header = read_header(seen.raw)
    if header is None:
        reading.problem(f"{where}: a Diameter message of {len(seen.raw)} bytes, expected at least 20")
        return None
    theirs = [avp.split(":", 2) for avp in seen.avps.split(",") if avp]
    avps = split_avps(seen.raw, {int(offset): name for offset, _, name in theirs})
    if offsets(avps) != [(int(offset), int(code)) for offset, code, _ in theirs]:
        reading.problem(f"{where}: Diameter: our AVPs are not those that Wireshark finds")
    return DiameterMessage(
        sightings,
        seen.raw,
        seen.truncated,
        of,
        command=header.command,
        is_request=bool(header.flags & 0x80),
        application=header.application,
        hop_by_hop=header.hop_by_hop,
        end_to_end=header.end_to_end,
        avps=avps,
    )
