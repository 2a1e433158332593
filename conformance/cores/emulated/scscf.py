"""The S-CSCF as registrar: challenges, verifies, registers (3GPP TS 24.229 5.4.1, RFC 3261 10.3, RFC 3608)."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from functools import partial

from sipmessage import Request, Response

from conformance.cores.emulated.border import with_border
from conformance.cores.emulated.challenges import Answer, Challenges
from conformance.cores.emulated.cx_link import cx_link
from conformance.cores.emulated.faults import PATH_UNSUPPORTED, altered, services
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.quiet import quiet_channel
from conformance.cores.emulated.reg_events import EVENT, GoneContact, RegEvents
from conformance.cores.emulated.register_fields import (
    credentials_for,
    private_identity,
    public_identity,
    refuse_unknown_extensions,
)
from conformance.cores.emulated.registrar import Binding, IntervalTooBrief, OutOfOrder, Registrar, Registration, Wish
from conformance.cores.emulated.scscf_sessions import SCscfSessions
from conformance.cores.emulated.service_control import ServiceControl
from conformance.cores.emulated.session_relay import SessionRelay
from conformance.cores.emulated.sip_server import Refused, SipServer
from conformance.cores.emulated.third_party import ThirdPartyRegistration
from conformance.protocols.aka import decode_auts, digest_ha1, encode_nonce
from conformance.protocols.cx import (
    SCHEME_AKA,
    SCHEME_DIGEST,
    SCHEME_UNKNOWN,
    MultimediaAuthAnswer,
    MultimediaAuthRequest,
    RegistrationTerminationAnswer,
    RegistrationTerminationRequest,
    ServerAssignmentRequest,
)
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import make_response
from conformance.protocols.sip.timers import SipTimers
from conformance.protocols.user_profile import UserProfile, read_profile
from conformance.stack.errors import StackError
from conformance.stack.locate import Locator
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.numbers import (
    DeregistrationReasonCode,
    DiameterResult,
    RegistrationType,
    ServerAssignmentType,
)


class SCscf:
    """One S-CSCF."""

    def __init__(self, context: NodeContext) -> None:
        loop = asyncio.get_running_loop()
        timers = context.federation.timers
        self._context = context
        self._log = context.log
        self._testbed = context.testbed
        self._policy = context.policy
        self._uri = context.testbed.uri(NodeKind.SCSCF)
        self._service_route = f"<{self._uri.replace('sip:', 'sip:orig@', 1)};lr>"
        self.challenges = Challenges(loop.time)
        self.registrar = Registrar(timers.registration_s, timers.minimum_registration_s, loop.time)
        self._changed = asyncio.Event()
        self.cx = cx_link(context, self.terminate)
        server = SipServer(
            context.log, {"REGISTER": self.register, "SUBSCRIBE": self.subscribe}, lambda: self.cx.is_open
        )
        self.stack = SipStack(
            str(context.node.address),
            context.node.port,
            SipTimers.core(timers),
            on_request=server,
            alter=altered(context),
            log=context.log,
        )
        dns = context.testbed.node(NodeKind.DNS)
        locator = Locator(str(dns.address), dns.port, source=str(context.node.address))
        self.reg_events = RegEvents(self.stack, locator, self._uri, self.registrar, context.log)
        relaying = SessionRelay(
            self.stack,
            locator,
            self.reg_events.work,
            timers.proceeding_s,
            context.log,
            timers.minimum_session_s,
            timers.network_session_s,
        )
        self.third_party = ThirdPartyRegistration(
            self.stack, locator, self._uri, self._testbed.domain, self.reg_events.work, context.log
        )
        criteria_of = services(context, lambda user, case: self.third_party.criteria_of(user))
        self._sessions = sessions = SCscfSessions(
            relaying,
            self._uri,
            self._testbed.domain,
            self.registrar.find,
            ServiceControl(self._uri, criteria_of, context.log),
            self._take_over,
            timers.as_answer_ms / 1000,
            partial(with_border, self._testbed),
        )
        server.add(sessions.handlers, sessions.ack)

    async def register(self, transaction: ServerTransaction) -> Response:
        """Challenge a REGISTER, or register its contacts where it answers the challenge.

        Without access security no REGISTER comes protected; so each one that answers no outstanding challenge is
        challenged, re-registrations too (3GPP TS 24.229 5.4.1.2).
        """
        request = transaction.request
        supported = set() if PATH_UNSUPPORTED in self._context.faults else {"path"}
        refuse_unknown_extensions(request, "Require", supported)
        credentials = credentials_for(request, self._testbed.domain, self._policy)
        if credentials is None:
            return await self._challenge(transaction, None)
        answer, challenge = self.challenges.judge(
            credentials, method=request.method, call_id=request.call_id, body=request.body
        )
        self._log.info("authentication: %s", answer.value)
        match answer:
            case Answer.RIGHT:
                if self._policy.by_grammar and challenge is not None and challenge.qop and "qop" not in credentials:
                    raise Refused(400, "No qop")
                return await self._accept(transaction)
            case Answer.OUT_OF_STEP if challenge is not None and challenge.rand is not None:
                try:
                    auts = decode_auts(credentials.get("auts"))
                except ValueError:
                    raise Refused(400, "Malformed auts") from None
                return await self._challenge(transaction, credentials, challenge.rand + auts)
            case Answer.NONE:
                return await self._challenge(transaction, credentials)
            case _ if self._policy.challenges_wrong_answers:
                return await self._challenge(transaction, credentials)
            case _:
                raise Refused(403, "Authentication Failed")

    async def _challenge(
        self,
        transaction: ServerTransaction,
        credentials: DigestHeader | None,
        resynchronisation: bytes | None = None,
    ) -> Response:
        """Return the 401 with what the HSS gives for the user."""
        request = transaction.request
        impi, impu = private_identity(request, self._testbed.domain, self._policy), public_identity(request)
        answer = await self._ask_for_vector(impi, impu, _scheme_of(credentials), resynchronisation)
        if answer.digest is not None:
            nonce, item = secrets.token_hex(16), answer.digest
            self.challenges.add(
                impi=impi,
                realm=item.realm,
                nonce=nonce,
                ha1=item.ha1,
                call_id=request.call_id,
                qop=item.qop or "",
            )
            challenge = DigestHeader.challenge(realm=item.realm, nonce=nonce, algorithm=item.algorithm, qop=item.qop)
        else:
            realm, rand, rest = self._testbed.domain, answer.authenticate[:16], answer.authenticate[16:]
            nonce = encode_nonce(rand, rest[:16], rest[16:])
            ha1 = digest_ha1(impi, realm, answer.authorization)
            self.challenges.add(
                impi=impi, realm=realm, nonce=nonce, ha1=ha1, call_id=request.call_id, rand=rand, qop=self._policy.qop
            )
            # ik and ck are for the P-CSCF, which keeps them back (3GPP TS 24.229 5.4.1.2.1A).
            challenge = DigestHeader.challenge(
                realm=realm,
                nonce=nonce,
                algorithm="AKAv1-MD5",
                qop=self._policy.qop,
                ik=answer.ik.hex(),
                ck=answer.ck.hex(),
            )
        response = make_response(request, 401)
        response.headers.set("WWW-Authenticate", str(challenge))
        return response

    async def _ask_for_vector(
        self, impi: str, impu: str, scheme: str, resynchronisation: bytes | None
    ) -> MultimediaAuthAnswer:
        """Return an answer that holds an authentication item.

        Raises:
            Refused: 403 where the HSS does not know or not accept the user, 480 where it gives no usable answer.
        """
        # A terminal without an AKA application may not say so: the second question leaves the scheme to the HSS.
        schemes = dict.fromkeys((scheme, SCHEME_UNKNOWN))
        for tried in schemes:
            try:
                answer = await self.cx.mar(
                    MultimediaAuthRequest(impi, impu, self._uri, tried, authorization=resynchronisation)
                )
            except StackError as error:
                self._log.warning("MAR: %s", error)
                raise Refused(480) from None
            self._log.info("MAA %d for scheme %s", answer.result, tried)
            if answer.result != DiameterResult.ERROR_AUTH_SCHEME_NOT_SUPPORTED:
                break
        if not answer.is_success:
            raise Refused(403 if answer.experimental else 480)
        usable = len(answer.authenticate) >= 32 and 4 <= len(answer.authorization) <= 16
        if answer.digest is None and not usable:
            self._log.error("MAA: expected RAND || AUTN and XRES, or H(A1), found neither")
            raise Refused(480)
        return answer

    async def _accept(self, transaction: ServerTransaction) -> Response:
        """Bind what an authenticated REGISTER asks for and return the 200."""
        request = transaction.request
        impi, impu = private_identity(request, self._testbed.domain, self._policy), public_identity(request)
        try:
            wish = self.registrar.read_wish(request.headers.getlist("Contact"), request.headers.get("Expires"))
            self.registrar.check_order(impu, wish, request.call_id, request.cseq.sequence)
        except IntervalTooBrief:
            raise Refused(423, headers={"Min-Expires": str(self.registrar.shortest_s)}) from None
        except OutOfOrder:
            raise Refused(500, "CSeq Out Of Order") from None
        known = self.registrar.find(impu)
        if wish.is_query or (wish.is_removal and (known is None or not known.has(impi))):
            return self._ok(transaction, known)
        before = dict(known.bindings) if known is not None else {}
        identities = await self._assign(impi, impu, wish, known)
        registration = self.registrar.bind(
            impi,
            identities,
            wish,
            path=tuple(request.headers.getlist("Path")),
            call_id=request.call_id,
            cseq=request.cseq.sequence,
            explicit=impu,
        )
        self._changed.set()
        self.reg_events.told(
            registration, [GoneContact(uri, "unregistered") for uri in before if uri not in registration.bindings]
        )
        if not wish.is_removal:
            kind = RegistrationType.INITIAL_REGISTRATION if known is None else RegistrationType.RE_REGISTRATION
            self._tell_application_servers(registration, kind, request)
        elif not registration.bindings:
            self._tell_application_servers(registration, RegistrationType.DE_REGISTRATION, request)
        return self._ok(transaction, registration)

    def _tell_application_servers(
        self, registration: Registration, kind: RegistrationType, request: Request | None = None
    ) -> None:
        granted = max(map(self.registrar.remaining_s, registration.bindings.values()), default=0)
        self.third_party.tell(registration, kind, granted, request)

    async def subscribe(self, transaction: ServerTransaction) -> Response:
        """Take a subscription to the registration state of a user (3GPP TS 24.229 5.4.2.1.1); forward any other one."""
        if (transaction.request.headers.get("Event") or EVENT).partition(";")[0].strip() != EVENT:
            return await self._sessions.outside_or_inside(transaction)
        refuse_unknown_extensions(transaction.request, "Require", set())
        return self.reg_events.subscribe(transaction.request)

    async def _take_over(self, impu: str) -> None:
        """Serve a user who is not registered: SAR brings the profile where none is known (3GPP TS 24.229 5.4.3.3).

        Raises:
            Refused: 404 where the HSS does not know the identity, 480 where it gives no profile.
        """
        if self.third_party.knows(impu):
            return
        kind = ServerAssignmentType.UNREGISTERED_USER
        try:
            answer = await self.cx.sar(ServerAssignmentRequest(None, impu, self._uri, kind))
        except StackError as error:
            self._log.warning("SAR: %s", error)
            raise Refused(480) from None
        self._log.info("SAA %d for %s", answer.result, kind.name)
        if answer.experimental and answer.result == DiameterResult.ERROR_USER_UNKNOWN:
            raise Refused(404)
        if not answer.is_success or answer.user_data is None:
            raise Refused(480)
        self._learn(answer.user_data)

    def _learn(self, user_data: bytes) -> UserProfile:
        """Take over what the HSS says of a user.

        Raises:
            Refused: 480 where it cannot be read.
        """
        try:
            profile = read_profile(user_data)
        except ValueError as error:
            self._log.error("SAA: %.200s", error)
            raise Refused(480) from None
        self.third_party.learn(profile)
        return profile

    async def _assign(self, impi: str, impu: str, wish: Wish, known: Registration | None) -> tuple[str, ...]:
        """Tell the HSS (3GPP TS 29.228 6.1.2) and return the identities that are registered together."""
        # Another device of the user registers for the first time, too: its private identity has a profile of its own.
        again = known is not None and known.has(impi)
        if wish.is_removal:
            kind = ServerAssignmentType.USER_DEREGISTRATION
        elif again:
            kind = ServerAssignmentType.RE_REGISTRATION
        else:
            kind = ServerAssignmentType.REGISTRATION
        try:
            answer = await self.cx.sar(ServerAssignmentRequest(impi, impu, self._uri, kind, user_data_available=again))
        except StackError as error:
            self._log.warning("SAR: %s", error)
            raise Refused(480) from None
        self._log.info("SAA %d for %s", answer.result, kind.name)
        if not answer.is_success:
            raise Refused(403 if answer.experimental else 480)
        if answer.user_data is not None:
            return self._learn(answer.user_data).identities
        return known.identities if known is not None else (impu,)

    def _ok(self, transaction: ServerTransaction, registration: Registration | None) -> Response:
        request = transaction.request
        response = make_response(request, 200)
        headers = response.headers
        if paths := request.headers.getlist("Path"):
            headers.setlist("Path", list(paths))
        if registration is None or not registration.bindings:
            return response
        headers.setlist(
            "Contact",
            [
                _contact(binding.contact.uri, binding.contact.parameters, self.registrar.remaining_s(binding))
                for binding in registration.bindings.values()
            ],
        )
        headers.set("Service-Route", self._service_route)
        headers.set("P-Associated-URI", ", ".join(f"<{identity}>" for identity in registration.identities))
        return response

    async def terminate(self, request: RegistrationTerminationRequest) -> RegistrationTerminationAnswer:
        """End registrations because the HSS says so (RTR, 3GPP TS 29.228 6.1.3)."""
        # Only where the user is to be served no longer, he is told not to try again (3GPP TS 24.229).
        final = request.reason == DeregistrationReasonCode.PERMANENT_TERMINATION
        named = {id(r) for i in request.public_identities if (r := self.registrar.find(i)) is not None}
        for registration in self.registrar.of_private_identity(request.user_name):
            if named and id(registration) not in named:
                continue
            self._log.info("RTR ends %s of %s", registration.identities[0], request.user_name)
            # The private identity says which device it is; another one of the user stays registered.
            gone = registration.drop([uri for uri, b in registration.bindings.items() if b.impi == request.user_name])
            self._ended(registration, gone, "rejected" if final else "deactivated")
        self._changed.set()
        return RegistrationTerminationAnswer()

    def _ended(self, registration: Registration, gone: tuple[Binding, ...], event: str) -> None:
        """Tell subscribers why contacts are gone; forget a registration that has none any more."""
        self.reg_events.told(registration, [GoneContact(binding.contact.uri, event) for binding in gone])
        if not registration.bindings:
            self.registrar.forget(*registration.identities)
            self._tell_application_servers(registration, RegistrationType.DE_REGISTRATION)

    async def end_expired(self) -> None:
        """End each registration when its time is over, and tell the HSS; runs until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            expiry = self.registrar.next_expiry()
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if expiry is None else max(0.0, expiry - loop.time())):
                    await self._changed.wait()
            for registration, gone in self.registrar.expired():
                self._ended(registration, gone, "expired")
                for impi in dict.fromkeys(binding.impi for binding in gone):
                    if not registration.has(impi):
                        await self._tell_of_timeout(impi, registration.identities[0])

    async def _tell_of_timeout(self, impi: str, impu: str) -> None:
        self._log.info("registration of %s by %s has expired", impu, impi)
        kind = ServerAssignmentType.TIMEOUT_DEREGISTRATION
        try:
            await self.cx.sar(ServerAssignmentRequest(impi, impu, self._uri, kind))
        except StackError as error:
            self._log.warning("SAR for an expired registration: %s", error)


def _scheme_of(credentials: DigestHeader | None) -> str:
    """Return what MAR asks for: AKA unless the terminal says otherwise (3GPP TS 24.229 5.4.1.1, 29.229 6.3.9)."""
    if credentials is None:
        return SCHEME_UNKNOWN
    return SCHEME_DIGEST if credentials.get("algorithm").upper() == "MD5" else SCHEME_AKA


def _contact(uri: str, parameters: tuple[tuple[str, str | None], ...], seconds: int) -> str:
    kept = [(name, value) for name, value in parameters if name.lower() != "expires"]
    text = "".join(f";{name}" if value is None else f";{name}={value}" for name, value in kept)
    return f"<{uri}>{text};expires={seconds}"


async def run(context: NodeContext) -> None:
    """Serve until cancelled (see `NodeContext`)."""
    node = SCscf(context)
    async with contextlib.AsyncExitStack() as end:
        end.push_async_callback(node.cx.stop)
        await node.cx.start()
        end.push_async_callback(node.stack.stop)
        await node.stack.start()
        end.push_async_callback(node.reg_events.stop)
        users = node.registrar.users
        await end.enter_async_context(quiet_channel(context.folder, node.stack, node.reg_events.work, users))
        context.ready()
        await node.end_expired()
