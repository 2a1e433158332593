"""What packets carry, told apart by its form and redacted. What is not understood is overwritten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from conformance.redaction.diameter import DiameterRedactor, diameter_length, is_diameter
from conformance.redaction.digests import Digests
from conformance.redaction.dns import DnsRedactor
from conformance.redaction.http import HttpRedactor, http_length, is_http
from conformance.redaction.identities import Identities
from conformance.redaction.secret_values import SecretValues
from conformance.redaction.sip import SipRedactor, is_keep_alive, is_sip, sip_length

DNS_PORT: Final = 53
OPENVPN_PORT: Final = 1194
_RTP_HEAD: Final = 12
_RTCP: Final = range(200, 208)
"""Second octets of RTCP, which has names in it (RFC 3550 6.5)."""
_FIRST_PORT: Final = 1024
_PRINTABLE: Final = range(0x20, 0x7F)


class Redacted(NamedTuple):
    """One message before and after."""

    frame: int
    """Number of the frame in which its last octet was captured."""
    old: bytes
    new: bytes


def _is_rtp(payload: bytes, ports: tuple[int, int]) -> bool:
    """Tell whether a datagram has the form of RTP: version 2, on ports that terminals choose, and no text behind it."""
    looks = len(payload) >= _RTP_HEAD and payload[0] >> 6 == 2 and payload[1] not in _RTCP
    return looks and min(ports) >= _FIRST_PORT and not all(map(_PRINTABLE.__contains__, payload[2:_RTP_HEAD]))


@dataclass
class Redactor:
    """All that one bundle is redacted with.

    Args:
        identities: who is called what.
        secrets: what stands in place of nonces and keys.
    """

    identities: Identities
    secrets: SecretValues
    digests: Digests = field(init=False)
    sip: SipRedactor = field(init=False)
    diameter: DiameterRedactor = field(init=False)
    dns: DnsRedactor = field(init=False)
    http: HttpRedactor = field(init=False)

    def __post_init__(self) -> None:
        self.digests = Digests(self.secrets)
        self.sip = SipRedactor(self.identities, self.secrets, self.digests)
        self.diameter = DiameterRedactor(self.identities, self.secrets, self.digests)
        self.dns = DnsRedactor(self.identities)
        self.http = HttpRedactor(self.sip)

    def datagram(self, payload: bytes, ports: tuple[int, int]) -> bytes:
        """Return the payload of a UDP datagram redacted.

        Args:
            payload: what the datagram carries.
            ports: of the sender and of the receiver.
        """
        if is_sip(payload):
            return self.sip.message(payload)
        if DNS_PORT in ports:
            return self.dns.message(payload)
        if OPENVPN_PORT in ports:
            return payload[:1] + bytes(len(payload[1:]))  # the opcode alone: a handshake may name who has a certificate
        if _is_rtp(payload, ports):
            return payload[:_RTP_HEAD] + bytes(len(payload) - _RTP_HEAD)  # what was said is gone, not how it came
        return payload if is_keep_alive(payload) else bytes(len(payload))

    def stream(self, data: bytes, begins: Sequence[int], ports: tuple[int, int]) -> tuple[bytes, list[tuple[int, int]]]:
        """Return octets of a TCP stream redacted, and where its messages are.

        Args:
            data: octets without a gap.
            begins: where segments begin, ascending: there reading goes on behind what was not understood.
            ports: of the sender and of the receiver.

        Returns:
            The octets, and begin and end of each message in them.
        """
        out = bytearray(len(data))
        found = []
        for begin, end in self._messages(data, begins, ports):
            message = data[begin:end]
            if is_keep_alive(message):
                out[begin:end] = message
                continue
            found.append((begin, end))
            if DNS_PORT in ports:
                out[begin:end] = message[:2] + self.dns.message(message[2:])
            elif is_http(message):
                out[begin:end] = self.http.message(message)
            else:
                out[begin:end] = self.sip.message(message) if is_sip(message) else self.diameter.message(message)
        return bytes(out), found

    def _messages(self, data: bytes, begins: Sequence[int], ports: tuple[int, int]) -> Iterator[tuple[int, int]]:
        at = 0
        while at < len(data):
            end = self._end(data, at, ports)
            if end is not None:
                yield at, end
                at = end
            else:
                at = next((begin for begin in begins if begin > at), len(data))

    @staticmethod
    def _end(data: bytes, at: int, ports: tuple[int, int]) -> int | None:
        """Return where the message ends that begins here, None where none does or it is not whole."""
        if DNS_PORT in ports:
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            return end if at + 14 <= end <= len(data) else None
        if data[at] in b"\r\n":
            return at + 1
        if is_diameter(data, at):
            end = at + diameter_length(data, at)
            return end if end <= len(data) else None
        if is_sip(data[at : at + 4096]):
            size = sip_length(data, at)
            return None if size is None else at + size
        if is_http(data[at : at + 4096]):
            size = http_length(data, at)
            return None if size is None else at + size
        return None
