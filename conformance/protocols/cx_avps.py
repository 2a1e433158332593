"""AVPs that all Cx messages share, and the grouped ones (3GPP TS 29.229 6.1, 6.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from diameter.message.avp import Avp as LibraryAvp

from conformance.protocols.diameter_codec import AvpList, DiameterMessage, MalformedMessage, avp
from conformance.vocabulary.numbers import CX_APPLICATION, VENDOR_3GPP, Avp, DiameterCommand

NO_STATE_MAINTAINED = 1
"""Value of Auth-Session-State in every Cx message (3GPP TS 29.229 5.3, RFC 6733 8.11)."""

SCHEME_AKA = "Digest-AKAv1-MD5"
SCHEME_DIGEST = "SIP Digest"
SCHEME_UNKNOWN = "Unknown"
"""Values of SIP-Authentication-Scheme (3GPP TS 29.229 6.3.9)."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends a request to whom: the AVPs around its content."""

    session_id: str
    origin_host: str
    origin_realm: str
    destination_realm: str
    destination_host: str | None = None

    def request(self, command: DiameterCommand, content: Iterable[LibraryAvp]) -> DiameterMessage:
        """Return a Cx request: R and P bits set, content after the common AVPs (3GPP TS 29.229 6.1)."""
        head = [
            avp(Avp.SESSION_ID, self.session_id),
            vendor_specific_application_id(),
            avp(Avp.AUTH_SESSION_STATE, NO_STATE_MAINTAINED),
            avp(Avp.ORIGIN_HOST, self.origin_host.encode()),
            avp(Avp.ORIGIN_REALM, self.origin_realm.encode()),
        ]
        if self.destination_host is not None:
            head.append(avp(Avp.DESTINATION_HOST, self.destination_host.encode()))
        head.append(avp(Avp.DESTINATION_REALM, self.destination_realm.encode()))
        return DiameterMessage(
            command=command,
            application=CX_APPLICATION,
            is_request=True,
            is_proxiable=True,
            avps=(*head, *content),
        )


def vendor_specific_application_id() -> LibraryAvp:
    """Return the AVP that names the Cx application (3GPP TS 29.229 6.1)."""
    return avp(
        Avp.VENDOR_SPECIFIC_APPLICATION_ID,
        [avp(Avp.VENDOR_ID, VENDOR_3GPP), avp(Avp.AUTH_APPLICATION_ID, CX_APPLICATION)],
    )


def result_avp(result: int, experimental: bool) -> LibraryAvp:
    """Return Result-Code, or Experimental-Result of 3GPP (3GPP TS 29.229 6.2)."""
    if not experimental:
        return avp(Avp.RESULT_CODE, result)
    return avp(
        Avp.EXPERIMENTAL_RESULT,
        [avp(Avp.VENDOR_ID, VENDOR_3GPP), avp(Avp.EXPERIMENTAL_RESULT_CODE, result)],
    )


def read_result(avps: AvpList) -> tuple[int, bool]:
    """Return the result of an answer and whether it is an Experimental-Result.

    Raises:
        MalformedMessage: it has neither.
    """
    group = avps.group(Avp.EXPERIMENTAL_RESULT)
    if group is not None:
        return group.need_number(Avp.EXPERIMENTAL_RESULT_CODE), True
    return avps.need_number(Avp.RESULT_CODE), False


def cx_answer(
    request: DiameterMessage,
    origin_host: str,
    origin_realm: str,
    result: tuple[int, bool],
    content: Iterable[LibraryAvp],
) -> DiameterMessage:
    """Return a Cx answer: session of the request, common AVPs, content; E bit for 3xxx (RFC 6733 7.1.3).

    Args:
        request: what is answered.
        origin_host: Diameter identity of who answers.
        origin_realm: its realm.
        result: code, and whether it is a 3GPP Experimental-Result.
        content: AVPs of the command.
    """
    code, experimental = result
    session = request.list.text(Avp.SESSION_ID)
    head = [] if session is None else [avp(Avp.SESSION_ID, session)]
    head += [
        vendor_specific_application_id(),
        result_avp(code, experimental),
        avp(Avp.AUTH_SESSION_STATE, NO_STATE_MAINTAINED),
        avp(Avp.ORIGIN_HOST, origin_host.encode()),
        avp(Avp.ORIGIN_REALM, origin_realm.encode()),
    ]
    return request.answer([*head, *content], is_error=not experimental and 3000 <= code < 4000)


@dataclass(frozen=True, slots=True)
class ServerCapabilities:
    """Server-Capabilities (3GPP TS 29.229): what the I-CSCF may choose an S-CSCF by."""

    mandatory: tuple[int, ...] = ()
    optional: tuple[int, ...] = ()
    server_names: tuple[str, ...] = ()

    def avp(self) -> LibraryAvp:
        """Return the grouped AVP."""
        return avp(
            Avp.SERVER_CAPABILITIES,
            [
                *(avp(Avp.MANDATORY_CAPABILITY, number) for number in self.mandatory),
                *(avp(Avp.OPTIONAL_CAPABILITY, number) for number in self.optional),
                *(avp(Avp.SERVER_NAME, name) for name in self.server_names),
            ],
        )

    @classmethod
    def read(cls, avps: AvpList) -> ServerCapabilities | None:
        """Return the group of an answer, None where there is none."""
        group = avps.group(Avp.SERVER_CAPABILITIES)
        if group is None:
            return None
        return cls(
            group.numbers(Avp.MANDATORY_CAPABILITY),
            group.numbers(Avp.OPTIONAL_CAPABILITY),
            group.texts(Avp.SERVER_NAME),
        )


@dataclass(frozen=True, slots=True)
class DigestItem:
    """SIP-Digest-Authenticate (3GPP TS 29.229): H(A1) of a subscriber with a password."""

    realm: str
    algorithm: str = "MD5"
    qop: str = "auth"
    ha1: str = field(default="", repr=False)

    def avp(self) -> LibraryAvp:
        """Return the grouped AVP."""
        return avp(
            Avp.SIP_DIGEST_AUTHENTICATE,
            [
                avp(Avp.DIGEST_REALM, self.realm),
                avp(Avp.DIGEST_ALGORITHM, self.algorithm),
                avp(Avp.DIGEST_QOP, self.qop),
                avp(Avp.DIGEST_HA1, self.ha1),
            ],
        )

    @classmethod
    def read(cls, avps: AvpList) -> DigestItem | None:
        """Return the group of an authentication item, None where there is none."""
        group = avps.group(Avp.SIP_DIGEST_AUTHENTICATE)
        if group is None:
            return None
        return cls(
            realm=group.need_text(Avp.DIGEST_REALM),
            algorithm=group.text(Avp.DIGEST_ALGORITHM) or "MD5",
            qop=group.need_text(Avp.DIGEST_QOP),
            ha1=group.need_text(Avp.DIGEST_HA1),
        )


def need_group(avps: AvpList, code: Avp) -> AvpList:
    """Return the first group of that code; MalformedMessage where there is none."""
    group = avps.group(code)
    if group is None:
        raise MalformedMessage(f"{avps.where}: expected AVP {code.name} ({code.value}), found none")
    return group
