"""A terminal that registers, calls and is called: the standard one (3GPP TS 24.229 5.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Literal, NoReturn, Unpack

from sipmessage import Request, Response

from conformance.faults.emitted import alteration_of
from conformance.faults.emitted_call import EMITTED_SIP
from conformance.protocols.aka import Authenticated, MacFailure, SequenceNumbers, SyncFailure
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import make_response
from conformance.protocols.sip.name_addr import NameAddr, parse_addresses, split_entries
from conformance.protocols.sip.timers import SipTimers
from conformance.quirks.edits import edit_of
from conformance.quirks.profiles import Profile
from conformance.stack.errors import StackError, TransactionTimeout
from conformance.stack.hop import Hop
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.stack.tunnel import Tunnel
from conformance.terminals.access_info import access_info
from conformance.terminals.authenticator import Authenticator, ChallengeAnswer, UnusableChallenge
from conformance.terminals.call import IncomingCall, OutgoingCall
from conformance.terminals.call_failures import CallRefused, CallTimedOut
from conformance.terminals.calls import METHODS, Calls
from conformance.terminals.event_log import EventLog
from conformance.terminals.loop import GRACE_S, TerminalLoop, shared_loop
from conformance.terminals.manner import Manner
from conformance.terminals.media_endpoint import MediaEndpoint, in_tunnel
from conformance.terminals.messages import MessageUser
from conformance.terminals.outgoing_session import CallOptions, OutgoingSession, Wanted
from conformance.terminals.presence import PresenceUser
from conformance.terminals.reg_events import RegEvents
from conformance.terminals.reg_subscription import ACTIVE, ASKED_EXPIRES_S, Notification
from conformance.terminals.register_request import RegisterSeries
from conformance.terminals.registration_failures import (
    RegistrationFailed,
    RegistrationRejected,
    RegistrationTimedOut,
    reject,
    time_out,
)
from conformance.terminals.service import ServiceAgent, ServiceHost
from conformance.terminals.session import CallAgent
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import Federation, Subscriber, Testbed
from conformance.vocabulary.identifiers import Endpoint, IpAddress, uri_host

__all__ = ["RegistrationFailed", "RegistrationRejected", "RegistrationTimedOut", "Terminal"]

WRONG_DIGEST_URI = "wrong-digest-uri"

_SIP_PORT = 5060
_MOST_INVALID_CHALLENGES = 2
"""A terminal gives up after the second challenge in a row that it cannot accept (3GPP TS 24.229)."""
_MOST_REQUESTS = 6
"""More REGISTERs than that in one procedure are a loop."""


class Terminal:
    """One terminal of one subscriber. Its methods may be called from any thread but the terminals' own.

    Args:
        federation: for its timers.
        testbed: home network of the subscriber.
        subscriber: identities and credentials.
        address: the terminal's IP address, from the pool of the access network.
        pcscf: first hop.
        transport: `udp` or `tcp` towards the P-CSCF.
        events: where observations go.
        faults: names of terminal faults (`conformance/faults/catalogue.toml`).
        profile: how it deviates (`conformance/quirks/profiles/`); the standard one where it is None.
        port: SIP port; 0 lets the system choose.
        numbers: the terminal's memory of sequence numbers; that of a new UICC where it is None.
        loop: event loop; the process's shared one where it is None.
        tunnel: for the home access point: carries every packet between the terminal, whose `address` is then of the
            home network, and the gateway of the network that it visits. UDP only.
    """

    _timers = staticmethod(SipTimers.gm)

    def __init__(
        self,
        *,
        federation: Federation,
        testbed: Testbed,
        subscriber: Subscriber,
        address: IpAddress | str,
        pcscf: Hop,
        transport: Literal["udp", "tcp"] = "udp",
        events: EventLog,
        faults: frozenset[str] = frozenset(),
        profile: Profile | None = None,
        port: int = _SIP_PORT,
        numbers: SequenceNumbers | None = None,
        loop: TerminalLoop | None = None,
        tunnel: Tunnel | None = None,
    ) -> None:
        if tunnel is not None and (transport != "udp" or port == 0):
            raise HarnessFault(f"terminal {subscriber.name}: expected udp and a port of its own inside the tunnel")
        if profile is not None and profile.impossible:
            raise HarnessFault(f"terminal {subscriber.name}: no terminal is {profile.name}: {profile.impossible}")
        self._manner = manner = Manner.of(profile)
        self.impu = subscriber.impus[0]
        self.number = next((impu for impu in subscriber.impus if impu.startswith("tel:")), None)
        """tel URI of the subscriber, None without a telephone number."""
        self.events = events
        self.registered = False
        self.service_route: tuple[str, ...] = ()
        """Service-Route entries in the order of the 200 (RFC 3608)."""
        self.associated_uris: tuple[str, ...] = ()
        """URIs of P-Associated-URI, first the default public user identity."""
        self.path: tuple[str, ...] = ()
        """Path entries that the 200 gave back (RFC 3327)."""
        self.granted_s: int | None = None
        """Granted expiry of the own contact, seconds."""
        self._authenticator = Authenticator(subscriber, testbed.domain, numbers, manner)
        self._domain = testbed.domain
        self._faults = faults
        self._hop = pcscf._replace(transport=transport)
        self._deadline_s = federation.timers.procedure_ms / 1000
        self._minimum_session_s = federation.timers.minimum_session_s
        self._loop = loop or shared_loop()
        self._series: RegisterSeries | None = None
        self._started = False
        self._deregistering = False
        attached_at = str(address) if tunnel is None else tunnel.local_address
        self._access_info = "" if manner.hides_access else access_info(federation, attached_at)
        self._stack = SipStack(
            str(address),
            port,
            self._timers(federation.timers),
            on_request=self._requested,
            alter=edit_of(manner.ids, then=alteration_of(faults, EMITTED_SIP)),
            tunnel=tunnel,
        )
        self._calls = Calls(self._stack, self._call_agent)
        self._device = subscriber.name
        self._reg_events = RegEvents(
            self._service_agent, lambda: self.registered, self.impu, self._record, self._ended_by_network
        )
        host = ServiceHost(self._service_agent, self._loop, self._deadline_s, self._record)
        self.presence = PresenceUser(host)
        """What the user publishes and watches."""
        self.messages = MessageUser(host)
        """What the user writes and is written."""

    @property
    def numbers(self) -> SequenceNumbers:
        """The terminal's memory of AKA sequence numbers."""
        return self._authenticator.numbers

    @property
    def contact(self) -> str:
        """Contact URI; known once the terminal has sent something."""
        user = NameAddr.parse(self.impu).uri.partition(":")[2].partition("@")[0]
        transport = ";transport=tcp" if self._hop.transport == "tcp" else ""
        return f"sip:{user}@{uri_host(self._stack.address)}:{self._stack.port}{transport}{self._manner.uri_parameters}"

    def register(self, expires_s: int | None = None) -> None:
        """Register the default public user identity: initial registration, with a new Call-ID.

        Args:
            expires_s: asked expiry, seconds; what its profile asks for where it is None.

        Raises:
            RegistrationRejected: the network refused, or sent challenges that cannot be accepted; or the terminal
                itself refuses, with status 0.
            RegistrationTimedOut: no answer within `timers.procedure_ms`.
        """
        self._run(lambda: self._procedure(EventKind.REGISTERED, expires_s, again=False), "registration")

    def reregister(self, expires_s: int | None = None) -> None:
        """Refresh the registration: same Call-ID, next CSeq. Raises as `register`.

        The REGISTER begins as the first one did: without protection no challenge is answered in advance.
        """
        self._run(lambda: self._procedure(EventKind.REREGISTERED, expires_s, again=True), "re-registration")

    def deregister(self) -> None:
        """End the registration: Expires 0 (RFC 3261 10.2.2). Raises as `register`."""
        self._run(lambda: self._procedure(EventKind.DEREGISTERED, 0, again=True), "deregistration")

    def subscribe(self, expires_s: int = ASKED_EXPIRES_S) -> None:
        """Subscribe to the own registration state and wait for the first NOTIFY (3GPP TS 24.229 5.1.1.3).

        Once more: refresh the subscription, or end it with 0.

        Args:
            expires_s: asked duration, seconds.

        Raises:
            RegistrationRejected: the network refused, or the terminal is not registered.
            RegistrationTimedOut: no answer, or no NOTIFY, within `timers.procedure_ms`.
        """
        self._run(
            lambda: self._timed(lambda: self._reg_events.subscribe(expires_s), lambda: "SUBSCRIBE"), "subscription"
        )

    def wait_notified(
        self, state: str = ACTIVE, deadline_s: float | None = None, *, version: int | None = None
    ) -> Notification:
        """Wait until the newest NOTIFY says that the subscription has a state; return it.

        Args:
            state: `active` or `terminated`.
            deadline_s: seconds; `timers.procedure_ms` where it is None.
            version: smallest version of the document: 0 is that of the first NOTIFY, and each one counts.

        Raises:
            RegistrationTimedOut: no such NOTIFY came, or there is no subscription.
        """
        patience = self._deadline_s if deadline_s is None else deadline_s
        return self._loop.run(
            lambda: self._reg_events.wait(state, patience, version or 0), patience + GRACE_S, f"{self.impu}: NOTIFY"
        )

    def call(self, impu: str, **options: Unpack[CallOptions]) -> OutgoingCall:
        """Call somebody; return when the INVITE is on its way.

        Args:
            impu: public user identity of who is called, or a number.
            options: how to call.

        Raises:
            CallRefused: the terminal is not registered.
        """
        wanted = Wanted(impu, **options)

        async def begin() -> OutgoingSession:
            if not self.registered:
                raise CallRefused(0, "a terminal that is not registered has no way to call")
            if refusal := self._manner.refusal_of_uri(impu):
                raise CallRefused(0, refusal)
            return self._calls.call(wanted)

        session = self._loop.run(begin, self._deadline_s, f"{self.impu}: INVITE")
        return OutgoingCall(session, self._loop, self._deadline_s)

    def await_call(self, deadline_s: float | None = None) -> IncomingCall:
        """Wait for a call and return it; the user is not alerted yet.

        Args:
            deadline_s: seconds; `timers.procedure_ms` where it is None.

        Raises:
            CallTimedOut: nobody calls.
        """
        patience = self._deadline_s if deadline_s is None else deadline_s
        session = self._loop.run(
            lambda: self._calls.next_incoming(patience), patience + GRACE_S, f"{self.impu}: a call"
        )
        if session is None:
            self._record(EventKind.TIMED_OUT, detail=f"awaited a call for {patience:g} s")
            raise CallTimedOut(f"{self.impu}: awaited a call for {patience:g} s")
        return IncomingCall(session, self._loop, self._deadline_s)

    def close(self) -> None:
        """Close the terminal's sockets; it does not deregister. A second call does nothing."""
        if self._started:
            self._started = False
            self._loop.run(self._stop, self._deadline_s, f"{self.impu}: end of the terminal")

    async def _stop(self) -> None:
        self.presence.stop_clocks()
        await self._calls.stop()
        await self._stack.stop()

    def _call_agent(self) -> CallAgent:
        return CallAgent(
            stack=self._stack,
            hop=self._hop,
            contact=self.contact,
            identity=self.associated_uris[0] if self.associated_uris else self.impu,
            routes=(self._entry, *self.service_route),
            access_info=self._access_info,
            timers=self._stack.timers_for(Endpoint(self._hop.address, self._hop.port, self._hop.transport)),
            record=self._record,
            open_media=self._open_media,
            minimum_session_s=self._minimum_session_s,
        )

    def _service_agent(self) -> ServiceAgent:
        if not self._started:
            raise HarnessFault(
                f"{self.impu}: expected a terminal that has registered before it publishes, watches or writes"
            )
        return ServiceAgent(
            stack=self._stack,
            hop=self._hop,
            identity=self.associated_uris[0] if self.associated_uris else self.impu,
            contact=self.contact,
            routes=(self._entry, *self.service_route),
            access_info=self._access_info,
            device=self._device,
        )

    def _open_media(self, kind: str) -> MediaEndpoint:
        tunnel = self._stack.tunnel_port
        open_port = in_tunnel(tunnel) if tunnel is not None else None
        endpoint = MediaEndpoint(self._stack.address, self._loop, kind=kind, open_port=open_port)
        endpoint.open()
        return endpoint

    @property
    def _entry(self) -> str:
        """The P-CSCF as an entry of Route."""
        return self._manner.entry(self._hop)

    def _run(self, procedure: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        self._loop.run(procedure, self._deadline_s + GRACE_S, f"{self.impu}: {name}")

    async def _procedure(self, success: EventKind, expires_s: int | None, *, again: bool) -> None:
        if refusal := self._manner.refusal(self.impu):
            self._reject(0, refusal)
        if not self._started:
            await self._stack.start()
            self._started = True
        if self._series is None or not again:
            self._series = self._new_series()
        series = self._series
        asked_s = self._manner.asked_expiry_s if expires_s is None else expires_s
        self._deregistering = success is EventKind.DEREGISTERED
        try:
            await self._timed(lambda: self._exchange(series, success, asked_s), lambda: f"REGISTER {series.cseq}")
        finally:
            self._deregistering = False

    def _new_series(self) -> RegisterSeries:
        return RegisterSeries(self._domain, self.impu, self.contact, self._hop, self._manner)

    async def _timed(self, procedure: Callable[[], Coroutine[Any, Any, None]], request: Callable[[], str]) -> None:
        """Run a procedure until its deadline and say what became of it where no answer came."""
        try:
            async with asyncio.timeout(self._deadline_s):
                await procedure()
        except TimeoutError:
            self._time_out(f"awaited the answer to {request()} from {self._hop} for {self._deadline_s:g} s")
        except TransactionTimeout as error:
            self._time_out(f"awaited an answer: {error}")
        except StackError as error:
            self._time_out(f"awaited an answer from {self._hop}, which cannot be reached: {error}")

    async def _exchange(self, series: RegisterSeries, success: EventKind, expires_s: int) -> None:
        introduction = self._authenticator.initial(series.digest_uri)
        credentials, stale = introduction, tuple[DigestHeader, ...]()
        invalid = 0
        lengthened = False
        for _ in range(_MOST_REQUESTS):
            request = series.next_request(credentials, expires_s, *stale)
            self._record(EventKind.REGISTER_SENT, detail=f"CSeq {series.cseq} to {self._hop}")
            response = await self._stack.send_request(request, self._hop)
            if 200 <= response.code < 300:
                self._adopt(response, success)
                return
            if response.code == 401:
                self._record(EventKind.CHALLENGED, response.code)
                answer = self._answer(response, series)
                invalid = invalid + 1 if isinstance(answer.network, MacFailure | SyncFailure) else 0
                if invalid > _MOST_INVALID_CHALLENGES:
                    self._reject(response.code, f"{invalid} challenges in a row that cannot be accepted")
                credentials = answer.credentials
                if introduction is not None and self._manner.keeps_introduction:
                    stale = (introduction,)
            elif response.code == 423 and not lengthened and (shortest := _shortest(response)) > expires_s:
                # Once more with what the registrar asks for (RFC 3261 10.2.8).
                expires_s, lengthened = shortest, True
                credentials, stale = introduction, ()
            else:
                self._reject(response.code, response.phrase)
        self._reject(response.code, f"{response.phrase}, after {_MOST_REQUESTS} REGISTERs")

    def _answer(self, response: Response, series: RegisterSeries) -> ChallengeAnswer:
        uri = series.digest_uri
        if WRONG_DIGEST_URI in self._faults:
            uri += f":{_SIP_PORT}"
        try:
            challenges = [DigestHeader.parse(v) for v in response.headers.getlist("WWW-Authenticate")]
            if not challenges:
                raise UnusableChallenge("challenge: expected WWW-Authenticate in the 401, found none")
            answer = self._authenticator.answer(challenges[0], method="REGISTER", uri=uri)
        except ValueError as error:
            self._reject(response.code, str(error))
        match answer.network:
            case Authenticated():
                self._record(EventKind.NETWORK_AUTHENTICATED, detail="AUTN verifies and is fresh")
            case SyncFailure():
                self._record(EventKind.RESYNCHRONISED, detail="AUTN verifies, its number is not fresh: auts follows")
            case MacFailure():
                self._record(EventKind.NETWORK_REFUSED, detail="MAC of AUTN is wrong: empty response follows")
        return answer

    def _adopt(self, response: Response, success: EventKind) -> None:
        """Keep what the 200 gives (3GPP TS 24.229 5.1.1.2)."""
        headers = response.headers
        try:
            contacts = parse_addresses(headers.getlist("Contact"))
            associated = parse_addresses(headers.getlist("P-Associated-URI"))
            service_route = split_entries(headers.getlist("Service-Route"))
            path = split_entries(headers.getlist("Path"))
        except ValueError as error:
            self._reject(response.code, f"the 200 cannot be read: {error}")
        if success is EventKind.DEREGISTERED:
            self._forget_registration()
            self._record(success, response.code)
            return
        own = next((c for c in contacts if c.uri == self.contact), None)
        expires = ((own.parameter("expires") or headers.get("Expires") or "") if own else "").strip()
        if not expires.isdigit() or len(expires) > 10 or int(expires) == 0:
            self._reject(response.code, "the 200 does not list the terminal's own contact with an expiry")
        self.registered, self.granted_s = True, int(expires)
        self.service_route, self.path = tuple(service_route), tuple(path)
        self.associated_uris = tuple(address.uri for address in associated)
        self._record(success, response.code, f"for {self.granted_s} s")

    async def _requested(self, transaction: ServerTransaction) -> None:
        """Answer what the network asks for: NOTIFY, and what belongs to calls."""
        if transaction.request.method in METHODS:
            await self._calls.requested(transaction)
            return
        await transaction.respond(await self._answer_to(transaction.request))

    async def _answer_to(self, request: Request) -> Response:
        if request.method == "MESSAGE":
            return await self.messages.received(request)
        if request.method != "NOTIFY":
            return make_response(request, 501)
        for answer in (self._reg_events.notified, self.presence.notified):
            if (response := await answer(request)) is not None:
                return response
        return make_response(request, 481)

    def _ended_by_network(self, how: str) -> None:
        """Take the registration for ended, where it is not the terminal itself that ends it."""
        if self.registered and not self._deregistering:
            self._forget_registration()
            self._record(EventKind.NETWORK_DEREGISTERED, detail=how)

    def _forget_registration(self) -> None:
        self.registered, self.granted_s = False, None
        self.service_route = self.associated_uris = self.path = ()

    def _record(self, kind: EventKind, status: int | None = None, detail: str = "") -> None:
        self.events.record(self.impu, kind, status, detail)

    def _reject(self, status: int, reason: str) -> NoReturn:
        reject(self._record, status, reason)

    def _time_out(self, what: str) -> NoReturn:
        time_out(self._record, self.impu, what)


def _shortest(response: Response) -> int:
    value = (response.headers.get("Min-Expires") or "").strip()
    return int(value) if value.isdigit() and len(value) <= 10 else 0
