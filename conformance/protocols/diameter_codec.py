"""Diameter messages (RFC 6733) in memory; their octets are read and written by the python-diameter library.

The library's AVP encoders and header are used; its classes of Cx commands are not, because they carry the AVP
codes of RFC 4740 where 3GPP has its own (`docs/decisions/0003`). What comes from the wire is checked for
lengths before the library sees it, so that only `MalformedMessage` can come out of a reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from diameter.message import Message, MessageHeader
from diameter.message.avp import Avp as LibraryAvp

from conformance.vocabulary.numbers import VENDOR_3GPP, Avp

HEADER_OCTETS = 20
MAX_OCTETS = 65_536
"""Longest message that is read; Cx messages have some hundred octets, a user profile some thousand."""
_MAX_AVPS = 1_000
_MAX_TEXT = 4_096

_NOT_MANDATORY = frozenset(
    {Avp.PRODUCT_NAME, Avp.ERROR_MESSAGE, Avp.ASSOCIATED_IDENTITIES, Avp.SIP_DIGEST_AUTHENTICATE}
)
"""AVPs whose M bit must not be set (RFC 6733 4.5; 3GPP TS 29.229 table 6.3.1); the library would set it."""

_T = TypeVar("_T")
Value = int | str | bytes | Sequence["LibraryAvp"]


class MalformedMessage(ValueError):
    """A peer sent octets that are no Diameter message, or an AVP that is missing or has no fitting value."""


def vendor_of(code: int) -> int:
    """Return the Vendor-Id of an AVP of the vocabulary: 3GPP for those of TS 29.229, else 0."""
    return VENDOR_3GPP if 600 <= code < 700 else 0


def avp(code: Avp, value: Value) -> LibraryAvp:
    """Return an AVP of the vocabulary with the flags that its specification gives.

    Args:
        code: which one.
        value: a number, text or octets as its type asks; AVPs for a grouped one.
    """
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        value = list(value)
    elif isinstance(value, int):
        value = int(value)
    built = LibraryAvp.new(code, vendor_of(code), value=value)
    built.is_mandatory = code not in _NOT_MANDATORY
    return built


@dataclass(frozen=True, slots=True)
class AvpList:
    """AVPs of one level, with typed access; every reader raises MalformedMessage and nothing else."""

    avps: tuple[LibraryAvp, ...]
    where: str
    """Name of the message or of the group, for the complaint."""

    def all(self, code: Avp) -> list[LibraryAvp]:
        """Return the AVPs with that code and its vendor, in order."""
        vendor = vendor_of(code)
        return [found for found in self.avps if found.code == code and found.vendor_id == vendor]

    def octets(self, code: Avp) -> bytes | None:
        """Return the first one's octets, None where there is none."""
        found = self.all(code)
        return bytes(found[0].payload) if found else None

    def text(self, code: Avp) -> str | None:
        """Return the first one's text, None where there is none."""
        found = self.octets(code)
        return None if found is None else self._decoded(code, found)

    def texts(self, code: Avp) -> tuple[str, ...]:
        """Return the text of each one."""
        return tuple(self._decoded(code, bytes(found.payload)) for found in self.all(code))

    def number(self, code: Avp) -> int | None:
        """Return the first one's number (32 bits), None where there is none."""
        found = self.numbers(code)
        return found[0] if found else None

    def numbers(self, code: Avp) -> tuple[int, ...]:
        """Return the number of each one."""
        return tuple(self._number(code, bytes(found.payload)) for found in self.all(code))

    def group(self, code: Avp) -> AvpList | None:
        """Return the AVPs in the first one, None where there is none."""
        found = self.octets(code)
        return None if found is None else AvpList(_read_avps(found, code.name), code.name)

    def groups(self, code: Avp) -> tuple[AvpList, ...]:
        """Return the AVPs in each one."""
        return tuple(AvpList(_read_avps(bytes(found.payload), code.name), code.name) for found in self.all(code))

    def need_text(self, code: Avp) -> str:
        """Return the first one's text; MalformedMessage where there is none."""
        return self._needed(code, self.text(code))

    def need_number(self, code: Avp) -> int:
        """Return the first one's number; MalformedMessage where there is none."""
        return self._needed(code, self.number(code))

    def _needed(self, code: Avp, value: _T | None) -> _T:
        if value is None:
            raise MalformedMessage(f"{self.where}: expected AVP {code.name} ({code.value}), found none")
        return value

    def _decoded(self, code: Avp, octets: bytes) -> str:
        try:
            return octets[:_MAX_TEXT].decode()
        except UnicodeDecodeError:
            raise MalformedMessage(
                f"{self.where}: expected UTF-8 text in {code.name}, found {octets[:20].hex()}"
            ) from None

    def _number(self, code: Avp, octets: bytes) -> int:
        if len(octets) != 4:
            raise MalformedMessage(f"{self.where}: expected 4 octets in {code.name}, found {len(octets)}")
        return int.from_bytes(octets)


def _read_avps(octets: bytes, where: str) -> tuple[LibraryAvp, ...]:
    """Cut one level of AVPs (RFC 6733 4.1) and let the library read each."""
    avps: list[LibraryAvp] = []
    at = 0
    while at < len(octets):
        head = 12 if octets[at + 4 : at + 5] >= b"\x80" else 8
        length = int.from_bytes(octets[at + 5 : at + 8])
        if len(octets) - at < head or not head <= length <= len(octets) - at:
            raise MalformedMessage(f"{where}: expected an AVP at octet {at}, found a length of {length}")
        if len(avps) == _MAX_AVPS:
            raise MalformedMessage(f"{where}: expected at most {_MAX_AVPS} AVPs, found more")
        end = at + (length + 3) // 4 * 4
        # The padding of the last AVP may be missing; the library wants it.
        avps.append(LibraryAvp.from_bytes(octets[at:end].ljust(end - at, b"\0")))
        at = end
    return tuple(avps)


@dataclass(frozen=True, slots=True)
class DiameterMessage:
    """One request or answer (RFC 6733 3): header fields and AVPs."""

    command: int
    application: int
    is_request: bool
    is_proxiable: bool
    avps: tuple[LibraryAvp, ...]
    hop_by_hop: int = 0
    end_to_end: int = 0
    is_error: bool = False
    is_retransmitted: bool = False

    @property
    def name(self) -> str:
        """Command and direction for a person: `303 request`."""
        return f"{self.command} {'request' if self.is_request else 'answer'}"

    @property
    def list(self) -> AvpList:
        """The AVPs with typed access."""
        return AvpList(self.avps, self.name)

    def identified(self, hop_by_hop: int, end_to_end: int) -> DiameterMessage:
        """Return the message with these identifiers (32 bits each)."""
        return replace(self, hop_by_hop=hop_by_hop, end_to_end=end_to_end)

    def answer(self, avps: Iterable[LibraryAvp], *, is_error: bool = False) -> DiameterMessage:
        """Return the answer to this request: same command, identifiers and P bit (RFC 6733 6.2)."""
        return replace(self, is_request=False, is_retransmitted=False, is_error=is_error, avps=tuple(avps))

    def encode(self) -> bytes:
        """Return the message's octets."""
        header = MessageHeader(
            version=1,
            command_code=self.command,
            application_id=self.application,
            hop_by_hop_identifier=self.hop_by_hop,
            end_to_end_identifier=self.end_to_end,
        )
        header.is_request = self.is_request
        header.is_proxyable = self.is_proxiable
        header.is_error = self.is_error
        header.is_retransmit = self.is_retransmitted
        octets = Message(header, list(self.avps)).as_bytes()
        assert isinstance(octets, bytes)
        return octets

    @classmethod
    def decode(cls, octets: bytes) -> DiameterMessage:
        """Read one whole message.

        Raises:
            MalformedMessage: it is none.
        """
        if message_length(octets) != len(octets):
            raise MalformedMessage(f"Diameter: expected {message_length(octets)} octets, found {len(octets)}")
        header = MessageHeader.from_bytes(octets[:HEADER_OCTETS])
        message = cls(
            command=header.command_code,
            application=header.application_id,
            is_request=header.is_request,
            is_proxiable=header.is_proxyable,
            avps=(),
            hop_by_hop=header.hop_by_hop_identifier,
            end_to_end=header.end_to_end_identifier,
            is_error=header.is_error,
            is_retransmitted=header.is_retransmit,
        )
        return replace(message, avps=_read_avps(octets[HEADER_OCTETS:], message.name))


def message_length(head: bytes) -> int:
    """Return the length in octets that a message's first four octets promise (RFC 6733 3).

    Raises:
        MalformedMessage: another version than 1, or a length that no message may have.
    """
    length = int.from_bytes(head[1:4])
    if head[:1] != b"\x01" or not HEADER_OCTETS <= length <= MAX_OCTETS or length % 4:
        raise MalformedMessage(
            f"Diameter: expected version 1 and a length of {HEADER_OCTETS} to {MAX_OCTETS} octets, "
            f"a multiple of 4, found {head[:4].hex()}"
        )
    return length
