"""Reads a session description (RFC 4566) as far as offer and answer are compared; never raises."""

from __future__ import annotations

from dataclasses import dataclass, replace

from conformance.trace.model import SipMessage

MOST_STREAMS = 64
LONGEST = 64 * 1024
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_DIGITS = 8
RTPMAP = {"0": "pcmu/8000", "3": "gsm/8000", "4": "g723/8000", "8": "pcma/8000", "9": "g722/8000", "18": "g729/8000"}
"""Static payload types that are often used without rtpmap (RFC 3551 table 4), lower case."""
RTPMAP_VIDEO = {"26": "jpeg/90000", "31": "h261/90000", "32": "mpv/90000", "33": "mp2t/90000", "34": "h263/90000"}


@dataclass(frozen=True, slots=True)
class Stream:
    """One `m=` line with what follows it."""

    kind: str
    """`audio`, `video`, ...; lower case."""
    port: int
    """0 where the stream is refused."""
    protocol: str
    formats: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]
    """`a=` lines: name, value."""
    address: str = ""
    """Of its own `c=` line, else that of the session; as it is written, without a time to live."""
    bandwidth_kbps: int | None = None
    """`b=AS`: kilobits a second, headers of IP and UDP included (RFC 3550 6.2)."""
    direction: str = "sendrecv"
    """Or `sendonly`, `recvonly`, `inactive` (RFC 3264 5.1)."""

    def values(self, name: str) -> tuple[str, ...]:
        """Return the values of all attributes of that name."""
        return tuple(value for key, value in self.attributes if key == name)

    @property
    def encodings(self) -> frozenset[str]:
        """Names of the encodings with their clock rates, lower case; what is not named stands for itself."""
        names = {**RTPMAP, **RTPMAP_VIDEO}
        for value in self.values("rtpmap"):
            number, _, name = value.partition(" ")
            names[number] = name.strip().lower().removesuffix("/1")
        return frozenset(names.get(one, one) for one in self.formats)


def read_sdp(message: SipMessage | None) -> tuple[Stream, ...] | None:
    """Return the streams of a message's session description; None where it has none that can be read."""
    if message is None or message.truncated or not message.sip.body or len(message.sip.body) > LONGEST:
        return None
    content = message.sip.first("Content-Type")
    if content is None or content.value.partition(";")[0].strip().lower() != "application/sdp":
        return None
    lines = message.sip.body.decode("utf-8", "replace").splitlines()
    if not lines or not lines[0].startswith("v="):
        return None
    streams: list[Stream] = []
    address, direction = "", DIRECTIONS[0]
    for line in lines:
        if line.startswith("m="):
            words = line[2:].split()
            port = words[1].partition("/")[0] if len(words) > 3 else ""
            if not port.isascii() or not port.isdigit() or len(streams) >= MOST_STREAMS:
                return None
            kind, formats = words[0].lower(), tuple(words[3:])
            streams.append(Stream(kind, int(port[:6]), words[2], formats, (), address, None, direction))
        elif line.startswith("a="):
            name, _, value = line[2:].strip().partition(":")
            if streams:
                attributes = (*streams[-1].attributes, (name.lower(), value))
                streams[-1] = replace(streams[-1], attributes=attributes)
            if name in DIRECTIONS and streams:
                streams[-1] = replace(streams[-1], direction=name)
            elif name in DIRECTIONS:
                direction = name
        elif line.startswith("c="):
            words = line[2:].split()
            found = words[2].partition("/")[0] if len(words) == 3 else ""
            if streams:
                streams[-1] = replace(streams[-1], address=found)
            else:
                address = found
        elif line.startswith("b=AS:") and streams:
            text = line[5:].strip()
            kbps = int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None
            streams[-1] = replace(streams[-1], bandwidth_kbps=kbps)
    return tuple(streams)
