"""What can be changed in a capture, as data: each edit names frames by the number that tshark gives them in the base.

A message that passes several hops is in several frames; an edit lists each frame in which its change would be seen.
`mutate` applies edits.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from conformance.vocabulary.errors import BadInput


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Substitution(_Model):
    """Bytes that are found and put in place of others, as text (UTF-8) or, with `hex`, as hexadecimal digits."""

    find: str
    replace: str
    hex: bool = False
    count: Annotated[int, Field(ge=1)] = 1
    """How often `find` must occur in the payload; any other number is an error."""

    def apply(self, payload: bytes, where: str) -> bytes:
        """Return the payload with each occurrence replaced.

        Raises:
            BadInput: the bytes do not occur `count` times.
        """
        find, replace = (octets(text, self.hex) for text in (self.find, self.replace))
        seen = payload.count(find)
        if seen != self.count:
            raise BadInput(f"{where}: {self.find!r} occurs {seen} times, expected {self.count}; correct the edit")
        return payload.replace(find, replace)


class Replace(Substitution):
    """One substitution in the payload of each named frame."""

    kind: Literal["replace"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]


class SetAvp(_Model):
    """Other data for one AVP of a Diameter message, or another text within its data."""

    kind: Literal["set-avp"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    path: Annotated[tuple[int, ...], Field(min_length=1)]
    """AVP codes from the outermost group inwards."""
    value: str
    hex: bool = False
    find: str | None = None
    """With it, `value` replaces this text inside the data; without it, the whole data."""


class RemoveAvp(_Model):
    """One AVP taken out of a Diameter message."""

    kind: Literal["remove-avp"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    path: Annotated[tuple[int, ...], Field(min_length=1)]


class AddAvp(_Model):
    """One top-level AVP added at the end of a Diameter message."""

    kind: Literal["add-avp"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    code: int
    vendor: int = 0
    value: str
    hex: bool = False


class Drop(_Model):
    """Frames taken out, as if they had never been sent."""

    kind: Literal["drop"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]


class Insert(_Model):
    """A copy of a frame, with changes of its own: a retransmission, or a message that should not be there."""

    kind: Literal["insert"]
    copy_of: int
    delay_us: int
    """Microseconds after the copied frame; negative: before it."""
    changes: tuple[Substitution, ...] = ()
    source: tuple[str, int] | None = None
    """Other IPv4 address and port of the sender."""
    destination: tuple[str, int] | None = None
    point: str | None = None
    """Where the copy is seen, if not where the frame is; a point that the base has not is added."""

    @property
    def frames(self) -> tuple[int, ...]:
        """The frame that is copied."""
        return (self.copy_of,)


class Protect(_Model):
    """UDP put into ESP without encryption, as the last edit of its frames: a security association on Gm."""

    kind: Literal["protect"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    ports: tuple[int, int]
    """Source and destination port of the protected datagram."""
    spi: int
    sequence: int
    key: str
    """Authentication key of HMAC-SHA-1-96, 40 hexadecimal digits."""


class Readdress(_Model):
    """Another IPv4 address in the IP header of each named frame, wherever the old one stands; payloads stay."""

    kind: Literal["readdress"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    find: IPv4Address
    replace: IPv4Address


class Tunnel(_Model):
    """A copy of each frame as it is by then, in GTP-U: the same packet on its way between two ends of a tunnel."""

    kind: Literal["tunnel"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    point: str
    """Where the copy is seen; a point that the base has not is added."""
    delay_us: int
    """Microseconds after the frame; negative: before it."""
    source: tuple[str, int]
    """IPv4 address and port of the end that sends."""
    destination: tuple[str, int]
    teid: Annotated[int, Field(ge=0, lt=1 << 32)]
    """Tunnel Endpoint Identifier of the end that receives."""


class AddDatagram(_Model):
    """A UDP datagram that the base has not, such as one of a tunnel at the outer interface of its gateway."""

    kind: Literal["add-datagram"]
    behind: int
    """Frame that the time counts from."""
    delay_us: int
    """Microseconds after that frame; negative: before it."""
    point: str
    """Where it is seen; a point that the base has not is added."""
    source: tuple[str, int]
    destination: tuple[str, int]
    octets: str
    """Payload, hexadecimal."""

    @property
    def frames(self) -> tuple[int, ...]:
        """The frame that the time counts from."""
        return (self.behind,)


class AddStream(_Model):
    """RTP packets in a row that the base has not, such as the media of a call; their payload is silence (RFC 3551)."""

    kind: Literal["add-stream"]
    behind: int
    """Frame that the time counts from."""
    delay_us: int
    """Microseconds from that frame to the first packet."""
    point: str
    """Where it is seen; a point that the base has not is added."""
    source: tuple[str, int]
    destination: tuple[str, int]
    dscp: Annotated[int, Field(ge=0, le=63)] = 0
    """Codepoint of its IP headers."""
    payload_type: Annotated[int, Field(ge=0, le=127)] = 8
    ssrc: Annotated[int, Field(ge=0, lt=1 << 32)]
    packets: Annotated[int, Field(ge=1, le=5000)]
    octets: Annotated[int, Field(ge=0, le=1400)] = 160
    """Of each payload."""
    interval_us: Annotated[int, Field(ge=1)] = 20_000
    ticks: int = 160
    """What the timestamp goes on by."""
    inside: bool = False
    """Seen from outside of a VPN: data packets of OpenVPN, with such a packet in each, hidden."""

    @property
    def frames(self) -> tuple[int, ...]:
        """The frame that the time counts from."""
        return (self.behind,)


class SetCodepoint(_Model):
    """Another differentiated services codepoint in the IP header of each named frame."""

    kind: Literal["set-codepoint"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    dscp: Annotated[int, Field(ge=0, le=63)]


class ForgetPoint(_Model):
    """An observation point that was not captured: its packets and its interface are taken out."""

    kind: Literal["forget-point"]
    point: str

    @property
    def frames(self) -> tuple[int, ...]:
        """All frames of the point, whichever they are."""
        return ()


class Delay(_Model):
    """Frames seen later, or with a negative number earlier, than they were; the others keep their times."""

    kind: Literal["delay"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    by_us: int
    """Microseconds."""


class Swap(_Model):
    """Two frames that exchange their times: the second one comes before the first."""

    kind: Literal["swap"]
    frames: tuple[int, int]


class RemoveHeader(_Model):
    """All header fields of a name taken out of a SIP message; the name is meant in its long and its compact form."""

    kind: Literal["remove-header"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    name: str


class SetHeader(_Model):
    """Another value for the first header field of a name."""

    kind: Literal["set-header"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    name: str
    value: str


class AddHeader(_Model):
    """A header field added behind the others."""

    kind: Literal["add-header"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    name: str
    value: str


class RemoveParameter(_Model):
    """The first parameter of a name taken out of the header fields of a name."""

    kind: Literal["remove-parameter"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    header: str
    parameter: str


class SetParameter(_Model):
    """Another value for the first parameter of a name; it is written as it stands here, with or without quotes."""

    kind: Literal["set-parameter"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    header: str
    parameter: str
    value: str


class RemoveRecord(_Model):
    """One resource record taken out of a DNS answer."""

    kind: Literal["remove-record"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    find: str
    """A text that exactly one record has in its presentation form (`name ttl IN type data`)."""


class SetRecord(_Model):
    """Another text in the presentation form of one resource record of a DNS answer."""

    kind: Literal["set-record"]
    frames: Annotated[tuple[int, ...], Field(min_length=1)]
    find: str
    replace: str


Edit = Annotated[
    Replace
    | SetAvp
    | RemoveAvp
    | AddAvp
    | RemoveHeader
    | SetHeader
    | AddHeader
    | RemoveParameter
    | SetParameter
    | RemoveRecord
    | SetRecord
    | Drop
    | Delay
    | Swap
    | Insert
    | Protect
    | Readdress
    | Tunnel
    | AddDatagram
    | AddStream
    | SetCodepoint
    | ForgetPoint,
    Field(discriminator="kind"),
]
EDITS: TypeAdapter[tuple[Edit, ...]] = TypeAdapter(tuple[Edit, ...])
"""Reads edits from plain data, such as the tables of a TOML file."""


def octets(text: str, is_hex: bool) -> bytes:
    """Return a text of an edit as octets: UTF-8, or what its hexadecimal digits say.

    Raises:
        BadInput: no hexadecimal.
    """
    if not is_hex:
        return text.encode()
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise BadInput(f"{text!r} is no hexadecimal: {error}; correct the edit") from error
