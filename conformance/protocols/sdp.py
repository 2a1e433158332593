"""Session descriptions as terminals use them (RFC 8866): audio and video over RTP, bandwidth, preconditions.

What is read comes from a peer: it is bounded, and what is not known here is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import ip_address

CONTENT_TYPE = "application/sdp"
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")

_LARGEST = 16 * 1024
_MOST_MEDIA = 16
_MOST_FORMATS = 32


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload type and what it stands for."""

    payload_type: int
    name: str
    clock: int
    fmtp: str = ""

    def same_as(self, other: Codec) -> bool:
        """Tell whether two payload types stand for the same encoding (RFC 3264 6.1)."""
        return (self.name.lower(), self.clock) == (other.name.lower(), other.clock)


PCMU = Codec(0, "PCMU", 8000)
PCMA = Codec(8, "PCMA", 8000)
H263 = Codec(34, "H263", 90000, "QCIF=2")
_STATIC = {codec.payload_type: codec for codec in (PCMU, PCMA, H263)}
"""Payload types that need no rtpmap (RFC 3551 6)."""


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What resources there have to be before the called user is alerted, segment by segment (RFC 3312 5)."""

    local: str = "none"
    """Direction in which the own resources are there: `none` or `sendrecv`."""
    remote: str = "none"
    """The same of the peer, as far as it is known."""
    desired_local: str = "mandatory"
    desired_remote: str = "none"
    confirm: bool = False
    """The peer is to say when its resources are there."""

    @property
    def met(self) -> bool:
        """True where everything that is mandatory is there."""
        pairs = ((self.desired_local, self.local), (self.desired_remote, self.remote))
        return all(current == "sendrecv" for desired, current in pairs if desired == "mandatory")

    @property
    def lines(self) -> list[str]:
        """The attributes."""
        written = [
            f"a=curr:qos local {self.local}",
            f"a=curr:qos remote {self.remote}",
            f"a=des:qos {self.desired_local} local sendrecv",
            f"a=des:qos {self.desired_remote} remote sendrecv",
        ]
        return [*written, "a=conf:qos remote sendrecv"] if self.confirm else written


@dataclass(frozen=True, slots=True)
class Media:
    """One stream."""

    kind: str
    """`audio` or `video`."""
    port: int
    """0: refused, or ended."""
    codecs: tuple[Codec, ...]
    direction: str = "sendrecv"
    bandwidth_kbps: int | None = None
    """b=AS: kbit/s of this stream with IP and UDP headers."""
    preconditions: Preconditions | None = None
    address: str = ""
    """Own c= line; empty: that of the session."""
    protocol: str = "RTP/AVP"
    formats: tuple[str, ...] = ()
    """Formats of the m= line as they came; needed to refuse a stream whose codecs are not known."""


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A description as one end sends it."""

    address: str
    media: tuple[Media, ...]
    session_id: int = 1
    version: int = 1

    def of(self, kind: str) -> Media | None:
        """Return the first stream of that kind that is not refused."""
        return next((media for media in self.media if media.kind == kind and media.port), None)

    def address_of(self, media: Media) -> str:
        """Return where packets of a stream are sent to."""
        return media.address or self.address

    def next(self, media: tuple[Media, ...]) -> SessionDescription:
        """Return the next description of the same session: same origin, version counted up (RFC 3264 8)."""
        return replace(self, media=media, version=self.version + 1)

    def encode(self) -> bytes:
        """Return the octets."""
        lines = [
            "v=0",
            f"o=- {self.session_id} {self.version} {_net(self.address)}",
            "s=-",
            f"c={_net(self.address)}",
            "t=0 0",
        ]
        for media in self.media:
            formats = [str(codec.payload_type) for codec in media.codecs] or list(media.formats) or ["0"]
            lines.append(f"m={media.kind} {media.port} {media.protocol} {' '.join(formats)}")
            if not media.port:
                continue
            if media.address:
                lines.append(f"c={_net(media.address)}")
            if media.bandwidth_kbps is not None:
                lines.append(f"b=AS:{media.bandwidth_kbps}")
            for codec in media.codecs:
                lines.append(f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock}")
                if codec.fmtp:
                    lines.append(f"a=fmtp:{codec.payload_type} {codec.fmtp}")
            lines.append(f"a={media.direction}")
            if media.preconditions is not None:
                lines += media.preconditions.lines
        return "".join(f"{line}\r\n" for line in lines).encode()


@dataclass(slots=True)
class _Draft:
    """One m= line and what follows it, while it is read."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    address: str = ""
    bandwidth: int | None = None
    direction: str = ""
    maps: dict[int, tuple[str, int]] = field(default_factory=dict)
    parameters: dict[int, str] = field(default_factory=dict)
    conditions: dict[str, str] = field(default_factory=dict)
    confirm: bool = False

    def finished(self, direction: str) -> Media:
        codecs = []
        for text in self.formats:
            number = _number(text, 127) if self.protocol.startswith("RTP/") else None
            if number is None:
                continue
            known = _STATIC.get(number)
            name, clock = self.maps.get(number) or ((known.name, known.clock) if known else ("", 0))
            if name:
                codecs.append(Codec(number, name, clock, self.parameters.get(number, "")))
        return Media(
            kind=self.kind,
            port=self.port,
            codecs=tuple(codecs),
            direction=self.direction or direction,
            bandwidth_kbps=self.bandwidth,
            preconditions=self._preconditions(),
            address=self.address,
            protocol=self.protocol,
            formats=self.formats,
        )

    def _preconditions(self) -> Preconditions | None:
        if not self.conditions:
            return None
        got = self.conditions.get
        return Preconditions(
            local=got("curr local", "none"),
            remote=got("curr remote", "none"),
            desired_local=got("des local", "none"),
            desired_remote=got("des remote", "none"),
            confirm=self.confirm,
        )

    def take(self, attribute: str, value: str) -> None:
        """Take one a= line."""
        words = value.split()
        if attribute in DIRECTIONS:
            self.direction = attribute
        elif attribute == "rtpmap" and len(words) == 2:
            name, _, rest = words[1].partition("/")
            number, clock = _number(words[0], 127), _number(rest.partition("/")[0], 10_000_000)
            if number is not None and clock is not None:
                self.maps[number] = (name, clock)
        elif attribute == "fmtp" and len(words) >= 2 and (number := _number(words[0], 127)) is not None:
            self.parameters[number] = value.partition(" ")[2].strip()
        elif attribute == "curr" and len(words) == 3 and words[0] == "qos":
            self.conditions[f"curr {words[1]}"] = words[2]
        elif attribute == "des" and len(words) == 4 and words[0] == "qos":
            self.conditions[f"des {words[2]}"] = words[1]
        elif attribute == "conf" and words[:1] == ["qos"]:
            self.confirm = True


def parse_sdp(body: bytes) -> SessionDescription:
    """Read a description.

    Raises:
        ValueError: it is too large, has no origin or no address, or a line of it cannot be read.
    """
    if len(body) > _LARGEST:
        raise ValueError(f"SDP: expected at most {_LARGEST} octets, found {len(body)}")
    address, direction, origin = "", "sendrecv", (0, 0)
    drafts: list[_Draft] = []
    for line in body.decode("utf-8", "replace").splitlines():
        kind, mark, value = line.partition("=")
        if len(kind) != 1 or not mark:
            raise ValueError(f"SDP: expected `type=value`, found {line[:40]!r}")
        name, _, text = value.partition(":")
        if kind == "o":
            origin = _origin(value)
        elif kind == "c":
            if drafts:
                drafts[-1].address = _address(value)
            else:
                address = _address(value)
        elif kind == "m":
            if len(drafts) >= _MOST_MEDIA:
                raise ValueError(f"SDP: expected at most {_MOST_MEDIA} streams, found more")
            drafts.append(_media_line(value))
        elif kind == "b" and drafts and name == "AS":
            drafts[-1].bandwidth = _number(text, 10_000_000)
        elif kind == "a" and drafts:
            drafts[-1].take(name, text)
        elif kind == "a" and name in DIRECTIONS:
            direction = name
    if origin == (0, 0):
        raise ValueError("SDP: expected an o= line, found none")
    media = tuple(draft.finished(direction) for draft in drafts)
    if not address and not all(one.address for one in media):
        raise ValueError("SDP: expected a c= line, found none")
    return SessionDescription(address, media, *origin)


def _origin(value: str) -> tuple[int, int]:
    words = value.split()
    if len(words) != 6 or not all(word.isascii() and word.isdigit() and len(word) <= 20 for word in words[1:3]):
        raise ValueError(f"SDP: expected `o=name id version IN IP4 address`, found {value[:60]!r}")
    return int(words[1]) or 1, int(words[2])


def _net(address: str) -> str:
    """Return network type, address type and address."""
    return f"IN IP{ip_address(address).version} {address}"


def _address(value: str) -> str:
    words = value.split()
    if len(words) != 3 or words[0] != "IN" or words[1] not in ("IP4", "IP6"):
        raise ValueError(f"SDP: expected `c=IN IP4 address` or IP6, found {value[:60]!r}")
    try:
        address = ip_address(words[2].partition("/")[0])
    except ValueError:
        raise ValueError(f"SDP: expected a numeric address, found {words[2][:60]!r}") from None
    if f"IP{address.version}" != words[1]:
        raise ValueError(f"SDP: expected an address of type {words[1]}, found {words[2][:60]!r}")
    return str(address)


def _media_line(value: str) -> _Draft:
    words = value.split()
    port = _number(words[1].partition("/")[0], 65_535) if len(words) >= 4 else None
    if port is None:
        raise ValueError(f"SDP: expected `m=kind port protocol formats`, found {value[:60]!r}")
    return _Draft(words[0][:20], port, words[2][:40], tuple(word[:40] for word in words[3 : 3 + _MOST_FORMATS]))


def _number(text: str, most: int) -> int | None:
    if not text.isascii() or not text.isdigit() or len(text) > 10 or int(text) > most:
        return None
    return int(text)
