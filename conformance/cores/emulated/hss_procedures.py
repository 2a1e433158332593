"""What the HSS decides on Cx (3GPP TS 29.228 clause 6): a request in, an answer out, the store changed. No sockets.

Faults, by name: `wrong-xres` (a bit of XRES differs), `wrong-mac` (a bit of the MAC in AUTN differs), `stale-sqn`
(sequence number 0 each time), `no-user-data` (SAA without profile), `bars-roaming:ID` (no subscriber may register
from visited network ID).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from typing import TypeVar

from conformance.cores.emulated.presence_criteria import behind
from conformance.cores.emulated.subscribers import State, SubscriberStore, Subscription
from conformance.protocols.aka import (
    MalformedToken,
    Milenage,
    digest_ha1,
    generate_vector,
    is_in_range,
    verify_auts,
)
from conformance.protocols.cx import (
    SCHEME_AKA,
    SCHEME_DIGEST,
    SCHEME_UNKNOWN,
    DigestItem,
    LocationInfoAnswer,
    LocationInfoRequest,
    MultimediaAuthAnswer,
    MultimediaAuthRequest,
    ServerAssignmentAnswer,
    ServerAssignmentRequest,
    ServerCapabilities,
    UserAuthorizationAnswer,
    UserAuthorizationRequest,
)
from conformance.protocols.cx_avps import cx_answer
from conformance.protocols.diameter_codec import DiameterMessage, MalformedMessage
from conformance.protocols.user_data import build_user_data
from conformance.vocabulary.filter_criteria import Case, FilterCriterion
from conformance.vocabulary.numbers import (
    Avp,
    DiameterCommand,
    DiameterResult,
    ServerAssignmentType,
    UserAuthorizationType,
)

HSS_FAULTS = frozenset({"silent", "wrong-xres", "wrong-mac", "stale-sqn", "no-user-data", "bars-roaming"})
"""Names of all faults of an HSS, without arguments; `silent` is shown by the server itself."""

_Answer = TypeVar("_Answer", UserAuthorizationAnswer, MultimediaAuthAnswer, ServerAssignmentAnswer)
_RELEASING = frozenset(
    {
        ServerAssignmentType.TIMEOUT_DEREGISTRATION,
        ServerAssignmentType.USER_DEREGISTRATION,
        ServerAssignmentType.ADMINISTRATIVE_DEREGISTRATION,
    }
)
_KEEPING_SERVER = frozenset(
    {
        ServerAssignmentType.TIMEOUT_DEREGISTRATION_STORE_SERVER_NAME,
        ServerAssignmentType.USER_DEREGISTRATION_STORE_SERVER_NAME,
    }
)
_UNAUTHENTICATED = frozenset({ServerAssignmentType.AUTHENTICATION_FAILURE, ServerAssignmentType.AUTHENTICATION_TIMEOUT})


class HssProcedures:
    """The Cx procedures of one HSS.

    Args:
        store: its subscribers.
        host: its Diameter identity.
        realm: the network's domain; also realm of SIP Digest.
        scscf_uri: SIP URI of the S-CSCF that a user without one is offered.
        network_id: how the own network calls itself in P-Visited-Network-ID.
        application_servers: SIP URIs of those that are told of every registration.
        services: filter criteria of every subscriber, behind the own ones; each names its server.
        log: where decisions are told; never a secret.
        faults: names of the faults that it shows.
        random: where RAND comes from: octets for a length.
    """

    def __init__(
        self,
        *,
        store: SubscriberStore,
        host: str,
        realm: str,
        scscf_uri: str,
        network_id: str,
        application_servers: Sequence[str] = (),
        services: Sequence[FilterCriterion] = (),
        log: logging.Logger,
        faults: frozenset[str] = frozenset(),
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._store = store
        self._host = host
        self._realm = realm
        self._scscf_uri = scscf_uri
        self._network_id = network_id
        self._application_servers = tuple(application_servers)
        self._services = tuple(services)
        self._log = log
        self._faults = faults
        self._random = random

    def answer(self, message: DiameterMessage) -> DiameterMessage:
        """Return the answer to any request of an application."""
        host, realm = self._host, self._realm
        try:
            match message.command:
                case DiameterCommand.USER_AUTHORIZATION:
                    answer = self.authorize(UserAuthorizationRequest.decode(message))
                    return answer.encode(message, host, realm)
                case DiameterCommand.MULTIMEDIA_AUTH:
                    origin = message.list.need_text(Avp.ORIGIN_HOST)
                    item = self.authenticate(MultimediaAuthRequest.decode(message), origin)
                    return item.encode(message, host, realm)
                case DiameterCommand.SERVER_ASSIGNMENT:
                    origin = message.list.need_text(Avp.ORIGIN_HOST)
                    assigned = self.assign(ServerAssignmentRequest.decode(message), origin)
                    return assigned.encode(message, host, realm)
                case DiameterCommand.LOCATION_INFO:
                    found = self.locate(LocationInfoRequest.decode(message))
                    return found.encode(message, host, realm)
                case _:
                    result = DiameterResult.COMMAND_UNSUPPORTED
        except MalformedMessage as error:
            self._log.warning("%s", error)
            result = DiameterResult.MISSING_AVP
        return cx_answer(message, host, realm, (result, False), [])

    # --- UAR: 29.228 6.1.1 ----------------------------------------------------------------------------------

    def authorize(self, request: UserAuthorizationRequest) -> UserAuthorizationAnswer:
        """Decide whether the identity may register from that network, and name its S-CSCF."""
        user = self._user(UserAuthorizationAnswer, request.user_name, request.public_identity)
        if isinstance(user, UserAuthorizationAnswer):
            return user
        if request.authorization_type == UserAuthorizationType.DE_REGISTRATION:
            if user.state == State.NOT_REGISTERED:
                return UserAuthorizationAnswer(DiameterResult.ERROR_IDENTITY_NOT_REGISTERED, True)
            return UserAuthorizationAnswer(DiameterResult.SUCCESS, False, user.server_name)
        barred = not user.roaming and request.visited_network_id != self._network_id
        if barred or f"bars-roaming:{request.visited_network_id}" in self._faults:
            self._log.info("%s may not register from %s", user.impi, request.visited_network_id)
            return UserAuthorizationAnswer(DiameterResult.ERROR_ROAMING_NOT_ALLOWED, True)
        if (server_name := self._server_of(user)) is not None:
            # Also while authentication is pending: MAR has already told the S-CSCF, and the second REGISTER must
            # find the one that sent the challenge.
            return UserAuthorizationAnswer(DiameterResult.SUBSEQUENT_REGISTRATION, True, server_name)
        return UserAuthorizationAnswer(
            DiameterResult.FIRST_REGISTRATION,
            True,
            capabilities=ServerCapabilities(server_names=(self._scscf_uri,)),
        )

    def _user(self, kind: type[_Answer], impi: str, impu: str) -> Subscription | _Answer:
        """Return the subscription, or the answer that both identities must exist and belong together."""
        user = self._store.by_impi(impi)
        if user is None or (impu not in user.impus and not self._store.by_impu(impu)):
            self._log.info("unknown user: %.100s, %.100s", impi, impu)
            return kind(DiameterResult.ERROR_USER_UNKNOWN, True)
        if impu not in user.impus:
            self._log.info("identities do not match: %.100s, %.100s", impi, impu)
            return kind(DiameterResult.ERROR_IDENTITIES_DONT_MATCH, True)
        return user

    def _server_of(self, user: Subscription) -> str | None:
        """Return the S-CSCF of a user, whichever device it was assigned for: one serves them all (23.228 4.3.3.4)."""
        devices = (user, *self._store.by_impu(user.impus[0]))
        return next((one.server_name for one in devices if one.server_name is not None), None)

    # --- MAR: 29.228 6.3 ------------------------------------------------------------------------------------

    def authenticate(self, request: MultimediaAuthRequest, server_host: str) -> MultimediaAuthAnswer:
        """Give the S-CSCF an authentication item and remember that S-CSCF.

        Args:
            request: the MAR.
            server_host: Diameter identity of the S-CSCF.

        Raises:
            MalformedMessage: SIP-Authorization has not the form of RAND || AUTS.
        """
        user = self._user(MultimediaAuthAnswer, request.user_name, request.public_identity)
        if isinstance(user, MultimediaAuthAnswer):
            return user
        scheme = SCHEME_AKA if user.uses_aka else SCHEME_DIGEST
        if request.scheme.lower() not in (scheme.lower(), SCHEME_UNKNOWN.lower()):
            self._log.info("%s has credentials for %s, not %.40s", user.impi, scheme, request.scheme)
            return MultimediaAuthAnswer(DiameterResult.ERROR_AUTH_SCHEME_NOT_SUPPORTED, True)
        if user.k is None or user.opc is None:
            answer = self._digest_item(user, request.public_identity)
        else:
            milenage = Milenage(user.k.reveal(), user.opc.reveal())
            if request.authorization is not None and not self._resynchronise(user, milenage, request.authorization):
                return MultimediaAuthAnswer(DiameterResult.UNABLE_TO_COMPLY, False)
            answer = self._aka_item(user, milenage, request.public_identity)
        self._store.begin_authentication(user.impi, request.server_name, server_host)
        return answer

    def _resynchronise(self, user: Subscription, milenage: Milenage, authorization: bytes) -> bool:
        """Take over the terminal's sequence number where ours is out of its range (3GPP TS 33.102 6.3.5)."""
        try:
            sqn_ms = verify_auts(milenage, authorization[:16], authorization[16:])
        except MalformedToken as error:
            raise MalformedMessage(f"MAR: expected RAND and AUTS in SIP_AUTHORIZATION, found {error}") from None
        if sqn_ms is None:
            self._log.warning("%s: AUTS does not verify, the sequence number stays", user.impi)
            return False
        if not is_in_range(self._store.sqn(user.impi), sqn_ms):
            self._log.info("%s: sequence number resynchronised", user.impi)
            self._store.reset_sqn(user.impi, sqn_ms)
        return True

    def _aka_item(self, user: Subscription, milenage: Milenage, impu: str) -> MultimediaAuthAnswer:
        sqn = 0 if "stale-sqn" in self._faults else self._store.take_sqn(user.impi)
        vector = generate_vector(milenage, self._random(16), sqn, user.amf)
        return MultimediaAuthAnswer(
            DiameterResult.SUCCESS,
            False,
            user_name=user.impi,
            public_identity=impu,
            scheme=SCHEME_AKA,
            authenticate=self._damaged("wrong-mac", vector.rand + vector.autn),
            authorization=self._damaged("wrong-xres", vector.xres),
            ck=vector.ck,
            ik=vector.ik,
        )

    def _damaged(self, fault: str, octets: bytes) -> bytes:
        return octets[:-1] + bytes([octets[-1] ^ 1]) if fault in self._faults else octets

    def _digest_item(self, user: Subscription, impu: str) -> MultimediaAuthAnswer:
        password = b"" if user.password is None else user.password.reveal()
        return MultimediaAuthAnswer(
            DiameterResult.SUCCESS,
            False,
            user_name=user.impi,
            public_identity=impu,
            scheme=SCHEME_DIGEST,
            digest=DigestItem(realm=self._realm, ha1=digest_ha1(user.impi, self._realm, password)),
        )

    # --- SAR: 29.228 6.1.2 ----------------------------------------------------------------------------------

    def assign(self, request: ServerAssignmentRequest, server_host: str) -> ServerAssignmentAnswer:
        """Record the registration state and the S-CSCF; give it the profile.

        Args:
            request: the SAR.
            server_host: Diameter identity of the S-CSCF.
        """
        impi = request.user_name
        if impi is None:
            owners = self._store.by_impu(request.public_identity)
            impi = owners[0].impi if owners else ""
        user = self._user(ServerAssignmentAnswer, impi, request.public_identity)
        if isinstance(user, ServerAssignmentAnswer):
            return user
        kind = request.assignment_type
        self._log.info("%s: %s by %.100s", user.impi, kind.name, request.server_name)
        if kind in _RELEASING:
            self._store.release(user.impi)
        elif kind in _KEEPING_SERVER:
            self._store.release(user.impi, keep_server=True)
        elif kind in _UNAUTHENTICATED:
            if user.state == State.NOT_REGISTERED:
                self._store.release(user.impi)
            else:
                self._store.end_authentication(user.impi)
        elif kind == ServerAssignmentType.NO_ASSIGNMENT:
            if user.server_name != request.server_name:
                return ServerAssignmentAnswer(DiameterResult.UNABLE_TO_COMPLY, False)
            return self._profile(user, request)
        else:
            if self._server_of(user) not in (None, request.server_name):
                return ServerAssignmentAnswer(DiameterResult.ERROR_IDENTITY_ALREADY_REGISTERED, True)
            unregistered = kind == ServerAssignmentType.UNREGISTERED_USER
            state = State.UNREGISTERED if unregistered else State.REGISTERED
            self._store.assign(user.impi, state, request.server_name, server_host)
            return self._profile(user, request)
        return ServerAssignmentAnswer(DiameterResult.SUCCESS, False, user_name=user.impi)

    def _profile(self, user: Subscription, request: ServerAssignmentRequest) -> ServerAssignmentAnswer:
        wanted = not request.user_data_available and "no-user-data" not in self._faults
        return ServerAssignmentAnswer(
            DiameterResult.SUCCESS,
            False,
            user_data=self._user_data(user) if wanted else None,
            user_name=user.impi,
        )

    def _user_data(self, user: Subscription) -> bytes:
        """Return the profile; filter criteria that name no server mean the first one that is told of registrations."""
        servers = self._application_servers
        criteria = [
            one if one.server or not servers else one.model_copy(update={"server": servers[0]})
            for one in self._store.filter_criteria(user.impi)
        ]
        return build_user_data(user.impi, user.impus, servers, [*criteria, *behind(criteria, self._services)])

    # --- LIR: 29.228 6.1.4 ----------------------------------------------------------------------------------

    def locate(self, request: LocationInfoRequest) -> LocationInfoAnswer:
        """Name the S-CSCF that serves a public identity."""
        devices = self._store.by_impu(request.public_identity)
        if not devices:
            return LocationInfoAnswer(DiameterResult.ERROR_USER_UNKNOWN, True)
        # An identity is registered as long as one device has it registered.
        served = (one.server_name for one in devices if one.state != State.NOT_REGISTERED)
        server_name = next((name for name in served if name is not None), None)
        if server_name is None:
            own = (one for device in devices for one in self._store.filter_criteria(device.impi))
            if any(one.serves(Case.TERMINATING_UNREGISTERED) for one in (*own, *self._services)):
                capabilities = ServerCapabilities(server_names=(self._scscf_uri,))
                return LocationInfoAnswer(DiameterResult.UNREGISTERED_SERVICE, True, capabilities=capabilities)
            return LocationInfoAnswer(DiameterResult.ERROR_IDENTITY_NOT_REGISTERED, True)
        return LocationInfoAnswer(DiameterResult.SUCCESS, False, server_name)
