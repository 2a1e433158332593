"""The Cx messages (3GPP TS 29.228, 29.229) as dataclasses, to and from Diameter messages.

A request is written with `encode(envelope)`, an answer with `encode(request, host, realm)`; `decode` reads either.
Every `decode` raises MalformedMessage where a mandatory AVP is missing or has no fitting value.
`result` is a Result-Code, or an Experimental-Result-Code of 3GPP where `experimental` is true.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from diameter.message.avp import Avp as LibraryAvp

from conformance.protocols.cx_avps import (
    SCHEME_AKA,
    SCHEME_DIGEST,
    SCHEME_UNKNOWN,
    DigestItem,
    Envelope,
    ServerCapabilities,
    cx_answer,
    need_group,
    read_result,
)
from conformance.protocols.diameter_codec import DiameterMessage, MalformedMessage, avp
from conformance.vocabulary.numbers import (
    Avp,
    DeregistrationReasonCode,
    DiameterCommand,
    DiameterResult,
    ServerAssignmentType,
    UserAuthorizationType,
)

__all__ = [
    "SCHEME_AKA",
    "SCHEME_DIGEST",
    "SCHEME_UNKNOWN",
    "DigestItem",
    "Envelope",
    "LocationInfoAnswer",
    "LocationInfoRequest",
    "MalformedMessage",
    "MultimediaAuthAnswer",
    "MultimediaAuthRequest",
    "RegistrationTerminationAnswer",
    "RegistrationTerminationRequest",
    "ServerAssignmentAnswer",
    "ServerAssignmentRequest",
    "ServerCapabilities",
    "UserAuthorizationAnswer",
    "UserAuthorizationRequest",
]


def _optional(code: Avp, value: str | bytes | None) -> list[LibraryAvp]:
    return [] if value is None else [avp(code, value)]


class _Answer:
    """What every answer has."""

    __slots__ = ()
    result: int
    experimental: bool

    @property
    def is_success(self) -> bool:
        """True for 2xxx, of either kind."""
        return 2000 <= self.result < 3000


@dataclass(frozen=True, slots=True)
class UserAuthorizationRequest:
    """UAR, 300 (3GPP TS 29.228 6.1.1, 29.229 6.1.1): may this identity register from this network?"""

    user_name: str
    public_identity: str
    visited_network_id: str
    authorization_type: UserAuthorizationType = UserAuthorizationType.REGISTRATION

    def encode(self, envelope: Envelope) -> DiameterMessage:
        """Return the Diameter message."""
        return envelope.request(
            DiameterCommand.USER_AUTHORIZATION,
            [
                avp(Avp.USER_NAME, self.user_name),
                avp(Avp.PUBLIC_IDENTITY, self.public_identity),
                avp(Avp.VISITED_NETWORK_IDENTIFIER, self.visited_network_id.encode()),
                avp(Avp.USER_AUTHORIZATION_TYPE, self.authorization_type),
            ],
        )

    @classmethod
    def decode(cls, message: DiameterMessage) -> UserAuthorizationRequest:
        """Read the request; without User-Authorization-Type it is REGISTRATION (29.229)."""
        avps = message.list
        number = avps.number(Avp.USER_AUTHORIZATION_TYPE) or 0
        if number not in set(UserAuthorizationType):
            raise MalformedMessage(f"UAR: expected a User-Authorization-Type of 0 to 2, found {number}")
        return cls(
            user_name=avps.need_text(Avp.USER_NAME),
            public_identity=avps.need_text(Avp.PUBLIC_IDENTITY),
            visited_network_id=avps.need_text(Avp.VISITED_NETWORK_IDENTIFIER),
            authorization_type=UserAuthorizationType(number),
        )


@dataclass(frozen=True, slots=True)
class _Assigning(_Answer):
    """What an answer has that says where a user is served."""

    result: int
    experimental: bool
    server_name: str | None = None
    capabilities: ServerCapabilities | None = None

    @property
    def offered_server(self) -> str | None:
        """SIP URI of the S-CSCF: Server-Name, else the first one that the capabilities name, else None."""
        if self.server_name is not None:
            return self.server_name
        names = self.capabilities.server_names if self.capabilities is not None else ()
        return names[0] if names else None

    def encode(self, request: DiameterMessage, host: str, realm: str) -> DiameterMessage:
        """Return the Diameter message."""
        content = _optional(Avp.SERVER_NAME, self.server_name)
        if self.capabilities is not None:
            content.append(self.capabilities.avp())
        return cx_answer(request, host, realm, (self.result, self.experimental), content)

    @classmethod
    def decode(cls, message: DiameterMessage) -> Self:
        """Read the answer."""
        avps = message.list
        return cls(*read_result(avps), avps.text(Avp.SERVER_NAME), ServerCapabilities.read(avps))


class UserAuthorizationAnswer(_Assigning):
    """UAA, 300 (3GPP TS 29.228 6.1.1, 29.229 6.1.2)."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class MultimediaAuthRequest:
    """MAR, 303 (3GPP TS 29.228 6.3, 29.229 6.1.7): give me something to challenge this user with."""

    user_name: str
    public_identity: str
    server_name: str
    scheme: str = SCHEME_AKA
    items: int = 1
    authorization: bytes | None = None
    """RAND || AUTS, 30 octets, when the terminal asks for resynchronisation; else None."""

    def encode(self, envelope: Envelope) -> DiameterMessage:
        """Return the Diameter message."""
        return envelope.request(
            DiameterCommand.MULTIMEDIA_AUTH,
            [
                avp(Avp.USER_NAME, self.user_name),
                avp(Avp.PUBLIC_IDENTITY, self.public_identity),
                avp(
                    Avp.SIP_AUTH_DATA_ITEM,
                    [
                        avp(Avp.SIP_AUTHENTICATION_SCHEME, self.scheme),
                        *_optional(Avp.SIP_AUTHORIZATION, self.authorization),
                    ],
                ),
                avp(Avp.SIP_NUMBER_AUTH_ITEMS, self.items),
                avp(Avp.SERVER_NAME, self.server_name),
            ],
        )

    @classmethod
    def decode(cls, message: DiameterMessage) -> MultimediaAuthRequest:
        """Read the request."""
        avps = message.list
        item = need_group(avps, Avp.SIP_AUTH_DATA_ITEM)
        return cls(
            user_name=avps.need_text(Avp.USER_NAME),
            public_identity=avps.need_text(Avp.PUBLIC_IDENTITY),
            server_name=avps.need_text(Avp.SERVER_NAME),
            scheme=item.need_text(Avp.SIP_AUTHENTICATION_SCHEME),
            items=avps.need_number(Avp.SIP_NUMBER_AUTH_ITEMS),
            authorization=item.octets(Avp.SIP_AUTHORIZATION),
        )


@dataclass(frozen=True, slots=True)
class MultimediaAuthAnswer(_Answer):
    """MAA, 303 (3GPP TS 29.228 6.3, 29.229 6.1.8): one authentication item, AKA or SIP Digest.

    For AKA `authenticate`, `authorization`, `ck` and `ik` are filled; for a password `digest` is.
    """

    result: int
    experimental: bool
    user_name: str = ""
    public_identity: str = ""
    scheme: str = ""
    """Empty where the answer has no item."""
    authenticate: bytes = field(default=b"", repr=False)
    """RAND || AUTN, 32 octets."""
    authorization: bytes = field(default=b"", repr=False)
    """XRES, 4 to 16 octets."""
    ck: bytes = field(default=b"", repr=False)
    ik: bytes = field(default=b"", repr=False)
    digest: DigestItem | None = None

    def _item(self) -> list[LibraryAvp]:
        if self.digest is not None:
            return [self.digest.avp()]
        return [
            avp(Avp.SIP_AUTHENTICATE, self.authenticate),
            avp(Avp.SIP_AUTHORIZATION, self.authorization),
            avp(Avp.CONFIDENTIALITY_KEY, self.ck),
            avp(Avp.INTEGRITY_KEY, self.ik),
        ]

    def encode(self, request: DiameterMessage, host: str, realm: str) -> DiameterMessage:
        """Return the Diameter message."""
        content = _optional(Avp.USER_NAME, self.user_name or None)
        content += _optional(Avp.PUBLIC_IDENTITY, self.public_identity or None)
        if self.scheme:
            head = [avp(Avp.SIP_ITEM_NUMBER, 1), avp(Avp.SIP_AUTHENTICATION_SCHEME, self.scheme)]
            content.append(avp(Avp.SIP_NUMBER_AUTH_ITEMS, 1))
            content.append(avp(Avp.SIP_AUTH_DATA_ITEM, [*head, *self._item()]))
        return cx_answer(request, host, realm, (self.result, self.experimental), content)

    @classmethod
    def decode(cls, message: DiameterMessage) -> MultimediaAuthAnswer:
        """Read the answer; of several authentication items the first."""
        avps = message.list
        result, experimental = read_result(avps)
        item = avps.group(Avp.SIP_AUTH_DATA_ITEM)
        if item is None:
            return cls(result, experimental)
        return cls(
            result,
            experimental,
            user_name=avps.text(Avp.USER_NAME) or "",
            public_identity=avps.text(Avp.PUBLIC_IDENTITY) or "",
            scheme=item.need_text(Avp.SIP_AUTHENTICATION_SCHEME),
            authenticate=item.octets(Avp.SIP_AUTHENTICATE) or b"",
            authorization=item.octets(Avp.SIP_AUTHORIZATION) or b"",
            ck=item.octets(Avp.CONFIDENTIALITY_KEY) or b"",
            ik=item.octets(Avp.INTEGRITY_KEY) or b"",
            digest=DigestItem.read(item),
        )


@dataclass(frozen=True, slots=True)
class ServerAssignmentRequest:
    """SAR, 301 (3GPP TS 29.228 6.1.2, 29.229 6.1.3): the S-CSCF takes a user, or lets it go."""

    user_name: str | None
    public_identity: str
    server_name: str
    assignment_type: ServerAssignmentType
    user_data_available: bool = False

    def encode(self, envelope: Envelope) -> DiameterMessage:
        """Return the Diameter message."""
        return envelope.request(
            DiameterCommand.SERVER_ASSIGNMENT,
            [
                *_optional(Avp.USER_NAME, self.user_name),
                avp(Avp.PUBLIC_IDENTITY, self.public_identity),
                avp(Avp.SERVER_NAME, self.server_name),
                avp(Avp.SERVER_ASSIGNMENT_TYPE, self.assignment_type),
                avp(Avp.USER_DATA_ALREADY_AVAILABLE, int(self.user_data_available)),
            ],
        )

    @classmethod
    def decode(cls, message: DiameterMessage) -> ServerAssignmentRequest:
        """Read the request; of several public identities the first."""
        avps = message.list
        number = avps.need_number(Avp.SERVER_ASSIGNMENT_TYPE)
        if number not in set(ServerAssignmentType):
            raise MalformedMessage(f"SAR: expected a Server-Assignment-Type of 0 to 10, found {number}")
        return cls(
            user_name=avps.text(Avp.USER_NAME),
            public_identity=avps.need_text(Avp.PUBLIC_IDENTITY),
            server_name=avps.need_text(Avp.SERVER_NAME),
            assignment_type=ServerAssignmentType(number),
            user_data_available=avps.need_number(Avp.USER_DATA_ALREADY_AVAILABLE) == 1,
        )


@dataclass(frozen=True, slots=True)
class ServerAssignmentAnswer(_Answer):
    """SAA, 301 (3GPP TS 29.228 6.1.2, 29.229 6.1.4)."""

    result: int
    experimental: bool
    user_data: bytes | None = None
    """The user profile, XML (3GPP TS 29.228 annexes B and E)."""
    user_name: str | None = None
    charging_function: str | None = None
    """Primary event charging function, a Diameter URI, where the HSS has one."""

    def encode(self, request: DiameterMessage, host: str, realm: str) -> DiameterMessage:
        """Return the Diameter message."""
        content = _optional(Avp.USER_NAME, self.user_name) + _optional(Avp.USER_DATA, self.user_data)
        if self.charging_function is not None:
            name = avp(Avp.PRIMARY_EVENT_CHARGING_FUNCTION_NAME, self.charging_function)
            content.append(avp(Avp.CHARGING_INFORMATION, [name]))
        return cx_answer(request, host, realm, (self.result, self.experimental), content)

    @classmethod
    def decode(cls, message: DiameterMessage) -> ServerAssignmentAnswer:
        """Read the answer."""
        avps = message.list
        charging = avps.group(Avp.CHARGING_INFORMATION)
        return cls(
            *read_result(avps),
            user_data=avps.octets(Avp.USER_DATA),
            user_name=avps.text(Avp.USER_NAME),
            charging_function=(None if charging is None else charging.text(Avp.PRIMARY_EVENT_CHARGING_FUNCTION_NAME)),
        )


@dataclass(frozen=True, slots=True)
class LocationInfoRequest:
    """LIR, 302 (3GPP TS 29.228 6.1.4, 29.229 6.1.5): which S-CSCF serves this identity?"""

    public_identity: str

    def encode(self, envelope: Envelope) -> DiameterMessage:
        """Return the Diameter message."""
        identity = avp(Avp.PUBLIC_IDENTITY, self.public_identity)
        return envelope.request(DiameterCommand.LOCATION_INFO, [identity])

    @classmethod
    def decode(cls, message: DiameterMessage) -> LocationInfoRequest:
        """Read the request."""
        return cls(message.list.need_text(Avp.PUBLIC_IDENTITY))


class LocationInfoAnswer(_Assigning):
    """LIA, 302 (3GPP TS 29.228 6.1.4, 29.229 6.1.6)."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class RegistrationTerminationRequest:
    """RTR, 304 (3GPP TS 29.228 6.1.3, 29.229 6.1.9): the HSS ends registrations."""

    user_name: str
    public_identities: tuple[str, ...] = ()
    """Empty: all of the subscription."""
    reason: DeregistrationReasonCode = DeregistrationReasonCode.PERMANENT_TERMINATION
    reason_info: str | None = None

    def encode(self, envelope: Envelope) -> DiameterMessage:
        """Return the Diameter message; the envelope must name the destination host (29.229 6.1.9)."""
        if envelope.destination_host is None:
            raise ValueError("RTR: expected an envelope with destination_host, found none")
        return envelope.request(
            DiameterCommand.REGISTRATION_TERMINATION,
            [
                avp(Avp.USER_NAME, self.user_name),
                *(avp(Avp.PUBLIC_IDENTITY, identity) for identity in self.public_identities),
                avp(
                    Avp.DEREGISTRATION_REASON,
                    [avp(Avp.REASON_CODE, self.reason), *_optional(Avp.REASON_INFO, self.reason_info)],
                ),
            ],
        )

    @classmethod
    def decode(cls, message: DiameterMessage) -> RegistrationTerminationRequest:
        """Read the request."""
        avps = message.list
        group = need_group(avps, Avp.DEREGISTRATION_REASON)
        number = group.need_number(Avp.REASON_CODE)
        if number not in set(DeregistrationReasonCode):
            raise MalformedMessage(f"RTR: expected a Reason-Code of 0 to 3, found {number}")
        return cls(
            user_name=avps.need_text(Avp.USER_NAME),
            public_identities=avps.texts(Avp.PUBLIC_IDENTITY),
            reason=DeregistrationReasonCode(number),
            reason_info=group.text(Avp.REASON_INFO),
        )


@dataclass(frozen=True, slots=True)
class RegistrationTerminationAnswer(_Answer):
    """RTA, 304 (3GPP TS 29.228 6.1.3, 29.229 6.1.10)."""

    result: int = DiameterResult.SUCCESS
    experimental: bool = False

    def encode(self, request: DiameterMessage, host: str, realm: str) -> DiameterMessage:
        """Return the Diameter message."""
        return cx_answer(request, host, realm, (self.result, self.experimental), [])

    @classmethod
    def decode(cls, message: DiameterMessage) -> RegistrationTerminationAnswer:
        """Read the answer."""
        return cls(*read_result(message.list))
