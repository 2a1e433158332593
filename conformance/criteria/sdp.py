"""Reads a session description (RFC 4566) as far as offer and answer are compared; never raises."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.trace.model import SipMessage

MOST_STREAMS = 64
LONGEST = 64 * 1024
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
    for line in lines:
        if line.startswith("m="):
            words = line[2:].split()
            port = words[1].partition("/")[0] if len(words) > 3 else ""
            if not port.isascii() or not port.isdigit() or len(streams) >= MOST_STREAMS:
                return None
            streams.append(Stream(words[0].lower(), int(port[:6]), words[2], tuple(words[3:]), ()))
        elif line.startswith("a=") and streams:
            name, _, value = line[2:].strip().partition(":")
            last = streams[-1]
            attributes = (*last.attributes, (name.lower(), value))
            streams[-1] = Stream(last.kind, last.port, last.protocol, last.formats, attributes)
    return tuple(streams)
