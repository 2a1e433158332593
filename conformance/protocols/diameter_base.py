"""The messages by which two Diameter peers meet, watch each other and part (RFC 6733 5.3 to 5.5).

Only Cx is offered: one vendor-specific application, no accounting, no security negotiated inside Diameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from diameter.message.avp import Avp as LibraryAvp

from conformance.protocols.cx_avps import vendor_specific_application_id
from conformance.protocols.diameter_codec import AvpList, DiameterMessage, MalformedMessage, avp
from conformance.vocabulary.numbers import (
    CX_APPLICATION,
    VENDOR_3GPP,
    Avp,
    DiameterCommand,
    DiameterResult,
)

PRODUCT_NAME = "netlab-conformance"
_RELAY = 0xFFFFFFFF  # RFC 6733 2.4: a relay serves every application


class DisconnectCause(IntEnum):
    """Values of Disconnect-Cause (RFC 6733 5.4.3)."""

    REBOOTING = 0
    BUSY = 1
    DO_NOT_WANT_TO_TALK_TO_YOU = 2


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a Diameter node is."""

    host: str
    """Diameter identity: the full host name."""
    realm: str
    address: str
    """IP address that Host-IP-Address tells."""


def _origin(identity: Identity) -> list[LibraryAvp]:
    return [
        avp(Avp.ORIGIN_HOST, identity.host.encode()),
        avp(Avp.ORIGIN_REALM, identity.realm.encode()),
    ]


def _capabilities(identity: Identity) -> list[LibraryAvp]:
    return [
        *_origin(identity),
        avp(Avp.HOST_IP_ADDRESS, identity.address),
        avp(Avp.VENDOR_ID, 0),  # RFC 6733 5.3.3: zero, no vendor to tell
        avp(Avp.PRODUCT_NAME, PRODUCT_NAME),
        avp(Avp.SUPPORTED_VENDOR_ID, VENDOR_3GPP),
        vendor_specific_application_id(),
    ]


def _request(command: DiameterCommand, avps: list[LibraryAvp]) -> DiameterMessage:
    return DiameterMessage(command=command, application=0, is_request=True, is_proxiable=False, avps=tuple(avps))


def capabilities_exchange_request(identity: Identity) -> DiameterMessage:
    """Return CER (RFC 6733 5.3.1)."""
    return _request(DiameterCommand.CAPABILITIES_EXCHANGE, _capabilities(identity))


def capabilities_exchange_answer(request: DiameterMessage, identity: Identity) -> DiameterMessage:
    """Return CEA (RFC 6733 5.3.2): success, or DIAMETER_NO_COMMON_APPLICATION where the peer has no Cx."""
    known = CX_APPLICATION in offered_applications(request.list)
    result = DiameterResult.SUCCESS if known else DiameterResult.NO_COMMON_APPLICATION
    return request.answer([avp(Avp.RESULT_CODE, result), *_capabilities(identity)])


def offered_applications(avps: AvpList) -> frozenset[int]:
    """Return the application identifiers of a CER or CEA; a relay's is counted as Cx.

    Raises:
        MalformedMessage: an identifier that is no number.
    """
    found = set(avps.numbers(Avp.AUTH_APPLICATION_ID))
    for group in avps.groups(Avp.VENDOR_SPECIFIC_APPLICATION_ID):
        found.update(group.numbers(Avp.AUTH_APPLICATION_ID))
    return frozenset(found | {CX_APPLICATION} if _RELAY in found else found)


def peer_host(message: DiameterMessage) -> str:
    """Return the Origin-Host of a CER or CEA.

    Raises:
        MalformedMessage: there is none, or it is empty.
    """
    host = message.list.need_text(Avp.ORIGIN_HOST)
    if not host:
        raise MalformedMessage(f"{message.name}: expected a name in ORIGIN_HOST, found nothing")
    return host


def device_watchdog_request(identity: Identity) -> DiameterMessage:
    """Return DWR (RFC 6733 5.5.1)."""
    return _request(DiameterCommand.DEVICE_WATCHDOG, _origin(identity))


def disconnect_peer_request(identity: Identity, cause: DisconnectCause) -> DiameterMessage:
    """Return DPR (RFC 6733 5.4.1)."""
    return _request(DiameterCommand.DISCONNECT_PEER, [*_origin(identity), avp(Avp.DISCONNECT_CAUSE, cause)])


def plain_answer(
    request: DiameterMessage, identity: Identity, result: int, *, is_error: bool = False
) -> DiameterMessage:
    """Return an answer that tells a Result-Code only: DWA, DPA, or a refusal (RFC 6733 5.4.2, 5.5.2, 7.2)."""
    session = request.list.octets(Avp.SESSION_ID)
    # RFC 6733 7.2: Session-Id comes first and is repeated where the request has one. It is repeated as it came.
    head = [found for found in request.avps[:1] if session is not None and found.code == Avp.SESSION_ID]
    return request.answer([*head, avp(Avp.RESULT_CODE, result), *_origin(identity)], is_error=is_error)
