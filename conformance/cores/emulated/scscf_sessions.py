"""The S-CSCF in sessions: for the user who calls, and for the one who is called (3GPP TS 24.229 5.4.3).

One S-CSCF may be both in one session: then each request passes it twice, and Record-Route has two entries of it.
Application servers that the user's filter criteria name are passed on each side (`service_control`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sipmessage import URI, Request, Response

from conformance.cores.emulated.pcscf_sessions import BEGINS_DIALOG, IN_DIALOG, TARGET_REFRESH, WayOut
from conformance.cores.emulated.registrar import Registration
from conformance.cores.emulated.service_control import Round, Send, ServiceControl
from conformance.cores.emulated.session_relay import Adapt, Forwarded, ForwardedInvite, SessionRelay
from conformance.cores.emulated.sip_server import Handler, Refused
from conformance.protocols.e164 import global_number
from conformance.protocols.sip.charging_vector import HEADER, ChargingVector
from conformance.protocols.sip.dialog import dialog_key
from conformance.protocols.sip.message import copy_message, forwarded_request
from conformance.protocols.sip.name_addr import NameAddr, parse_addresses, split_entries
from conformance.stack.errors import StackError
from conformance.stack.numbers import uri_of_number
from conformance.stack.sip import ServerTransaction
from conformance.vocabulary.numbers import SessionCase

ORIGINATING = "orig"
TERMINATING = "term"


class SCscfSessions:
    """Sessions of one S-CSCF.

    Args:
        relay: forwards.
        uri: SIP URI of the S-CSCF.
        domain: of its network.
        find: registration of a public user identity, None where it is not registered.
        services: lets requests pass application servers.
        take_over: makes the S-CSCF serve a user who is not registered, for services of that case.
        as_answer_s: how long an application server may stay silent, seconds.
        border: adds to a route what leads out of the own network.
    """

    def __init__(
        self,
        relay: SessionRelay,
        uri: str,
        domain: str,
        find: Callable[[str], Registration | None],
        services: ServiceControl,
        take_over: Callable[[str], Awaitable[None]],
        as_answer_s: float,
        border: WayOut = list,
    ) -> None:
        self._border = border
        self._relay = relay
        self._uri = uri
        self._domain = domain
        self._find = find
        self._services = services
        self._take_over = take_over
        self._as_answer_s = as_answer_s

    @property
    def handlers(self) -> dict[str, Handler]:
        """Procedures by method."""
        initial = self._relay.inviting(self._invite)
        return {
            "INVITE": initial,
            "CANCEL": self._relay.cancel,
            "PUBLISH": self._relay.passing(self.initial),
            "MESSAGE": self.outside_or_inside,
            **dict.fromkeys((*IN_DIALOG, "NOTIFY"), self.in_dialog),
        }

    async def outside_or_inside(self, transaction: ServerTransaction) -> Response:
        """Forward a MESSAGE, or a SUBSCRIBE that is not for the S-CSCF itself."""
        if dialog_key(transaction.request) is not None:
            return await self.in_dialog(transaction)
        return await self._relay.passing(self.initial)(transaction)

    async def _invite(self, invite: ForwardedInvite) -> Response:
        if dialog_key(invite.request) is not None:
            return await invite.forward([self._along(invite.request)], forget_access)
        return await self.initial(invite)

    async def initial(self, passing: Forwarded) -> Response:
        """Serve a request outside of a dialog, whatever its method (3GPP TS 24.229 5.4.3.1)."""
        request = passing.request
        routes = split_entries(request.headers.getlist("Route"))
        if routes and self._services.is_mark(routes[0]):
            round = self._services.resume(routes[0])
            if round is None:
                raise Refused(403)
            if round.case is SessionCase.ORIGINATING:
                return await self._originate(passing, round, routes[1:])
            if str(request.uri) != round.uri:
                return await self._retarget(passing, round, routes[1:])
            return await self._terminate(passing, round)
        if routes and self._side(routes[0]) == ORIGINATING:
            asserted = [address.uri for address in parse_addresses(request.headers.getlist("P-Asserted-Identity"))]
            user = next((identity for identity in asserted if self._find(identity)), None)
            if user is None:
                raise Refused(403)
            round = self._services.begin(user, SessionCase.ORIGINATING, request)
            return await self._originate(passing, round, routes[1:])
        user = str(request.uri).partition(";")[0]
        case = SessionCase.TERMINATING_REGISTERED
        if (registration := self._find(user)) is None or not registration.bindings:
            await self._take_over(user)
            case = SessionCase.TERMINATING_UNREGISTERED
        round = self._services.begin(user, case, request)
        return await self._terminate(passing, round)

    async def _originate(self, passing: Forwarded, round: Round, routes: list[str]) -> Response:
        """Send a request of an own user to the network of who is called (3GPP TS 24.229 5.4.3.2).

        Which network that is says the domain of the Request-URI, and DNS knows its entry. A number is translated first.
        """
        request = passing.request
        outgoing = self._prepared(request, routes, ORIGINATING)
        if (registration := self._find(round.user)) is not None:
            asserted = [address.uri for address in parse_addresses(request.headers.getlist("P-Asserted-Identity"))]
            assert_both(outgoing, asserted, registration.identities)
        vector = self._vector(request).only("icid-value").with_parameter("orig-ioi", self._domain)
        outgoing.headers.set(HEADER, str(vector))

        async def onward(last: Request) -> Response:
            last.uri = await self._destination(last.uri)
            forget_access(last)
            return await passing.forward([self._leaving(last)], forget_access)

        return await self._services.serve(round, outgoing, self._to_server(passing, forget_access), onward)

    async def _destination(self, dialled: URI) -> URI:
        """Return where a dialled URI leads: a number, in a tel URI or in a SIP URI of the own domain, by ENUM.

        Raises:
            Refused: 404 where nobody has the number (no gateway leads to telephone networks), 416 where the scheme is
                unknown, 504 where DNS does not answer.
        """
        if dialled.scheme not in ("sip", "tel"):
            raise Refused(416)
        number = global_number(dialled)
        elsewhere = dialled.scheme == "sip" and dialled.host.lower() != self._domain
        if dialled.scheme == "sip" and (number is None or elsewhere):
            return dialled
        if number is None:
            raise Refused(404)
        try:
            found = await uri_of_number(self._relay.locator, number)
        except StackError as error:
            self._relay.log.warning("%s: %s", number, error)
            raise Refused(504) from None
        self._relay.log.info("%s is %s", number, found or "nobody's")
        if found is None:
            raise Refused(404)
        return found

    async def _terminate(self, passing: Forwarded, round: Round) -> Response:
        """Send a request to every contact of the user who is called (3GPP TS 24.229 5.4.3.3).

        Who is not registered has none: then only an application server can answer.
        """
        request, identity = passing.request, round.user
        registration = self._find(identity)
        vector = self._vector(request).only("icid-value", "orig-ioi")
        outgoing = self._prepared(request, [], TERMINATING)
        outgoing.headers.set(HEADER, str(vector))

        def towards_the_caller(response: Response) -> None:
            forget_access(response)
            if response.code < 300 and vector.parameters:
                response.headers.set(HEADER, str(vector.with_parameter("term-ioi", self._domain)))

        async def onward(last: Request) -> Response:
            if registration is None or not registration.bindings:
                raise Refused(480)
            targets = []
            for binding in registration.bindings.values():
                one = copy_message(last)
                one.uri = URI.parse(binding.contact.uri)
                one.headers.set("P-Called-Party-ID", f"<{identity}>")
                if binding.path:
                    one.headers.setlist("Route", self._border(split_entries(binding.path)))
                targets.append(one)
            return await passing.forward(targets, towards_the_caller)

        return await self._services.serve(round, outgoing, self._to_server(passing, towards_the_caller), onward)

    async def _retarget(self, passing: Forwarded, round: Round, routes: list[str]) -> Response:
        """Send a request on that an application server has given another Request-URI.

        The rest of the criteria is not looked at, and the request goes where it says (3GPP TS 24.229 5.4.3.3).
        """
        round.evaluation.end()
        outgoing = self._prepared(passing.request, routes, TERMINATING)
        outgoing.uri = await self._destination(outgoing.uri)
        return await passing.forward([self._leaving(outgoing)], forget_access)

    def _leaving(self, request: Request) -> Request:
        """Let a request that has no Route pass the border of the own network, where it goes to another one."""
        if not request.headers.getlist("Route") and (routes := self._border([str(request.uri)])[:-1]):
            request.headers.setlist("Route", routes)
        return request

    def _prepared(self, request: Request, routes: list[str], side: str) -> Request:
        outgoing = forwarded_request(request)
        outgoing.headers.remove("Route")
        if routes:
            outgoing.headers.setlist("Route", routes)
        if request.method in BEGINS_DIALOG:
            self._record(outgoing, self._entry(side))
        return outgoing

    def _to_server(self, passing: Forwarded, adapt: Adapt) -> Send:
        async def send(request: Request) -> tuple[Response, bool]:
            alive = False

            def adapted(response: Response) -> None:
                nonlocal alive
                alive = alive or response.code < 300
                adapt(response)

            response = await passing.forward([request], adapted, sign_within_s=self._as_answer_s)
            return response, alive

        return send

    async def in_dialog(self, transaction: ServerTransaction) -> Response:
        """Forward a request of a dialog along its Route, and the answer back."""
        if dialog_key(transaction.request) is None:
            raise Refused(481)
        response = await self._relay.request(self._along(transaction.request))
        forget_access(response)
        return response

    async def ack(self, transaction: ServerTransaction) -> None:
        """Forward the ACK of a 2xx."""
        await self._relay.ack(self._along(transaction.request))

    def _along(self, request: Request) -> Request:
        """Return a request of a dialog as it goes on: without the first entry of Route, which is the own one.

        Where the S-CSCF is on both sides the next entry is its own, too: it sends to itself (RFC 3261 16.4).

        Raises:
            Refused: 403 where the Route does not come here.
        """
        outgoing = forwarded_request(request)
        forget_access(outgoing)
        first, *others = split_entries(request.headers.getlist("Route")) or [""]
        if not first or not self._side(first):
            raise Refused(403)
        outgoing.headers.remove("Route")
        if others:
            outgoing.headers.setlist("Route", others)
        if request.method in TARGET_REFRESH:
            self._record(outgoing, first)
        return outgoing

    def _side(self, entry: str) -> str:
        """Return which half of a session an own entry of Route is for; empty where it is somebody else's."""
        uri = NameAddr.parse(entry).uri.partition(";")[0]
        if uri == self._uri:
            return TERMINATING
        return next((side for side in (ORIGINATING, TERMINATING) if uri == self._of(side)), "")

    def _of(self, side: str) -> str:
        return self._uri.replace("sip:", f"sip:{side}@", 1)

    def _entry(self, side: str) -> str:
        return f"<{self._of(side)};lr>"

    def _record(self, request: Request, entry: str) -> None:
        routes = split_entries(request.headers.getlist("Record-Route"))
        request.headers.setlist("Record-Route", [entry, *routes])

    def _vector(self, request: Request) -> ChargingVector:
        return ChargingVector.parse(request.headers.get(HEADER) or "")


def assert_both(request: Request, asserted: list[str], identities: tuple[str, ...]) -> None:
    """Assert a SIP URI and a tel URI where a user has both (RFC 3325 9.1): the network that is called may need either.

    Args:
        request: changed in place.
        asserted: what the P-CSCF asserts.
        identities: what the user registered.
    """
    for scheme in ("sip:", "tel:"):
        other = next((uri for uri in identities if uri.startswith(scheme)), None)
        if other is not None and len(asserted) == 1 and not asserted[0].startswith(scheme):
            request.headers.setlist("P-Asserted-Identity", [f"<{asserted[0]}>", f"<{other}>"])
            return


def forget_access(message: Request | Response) -> None:
    """Take out where the terminal is: its own network knows it now, and nobody else is to (RFC 7315 4.4)."""
    message.headers.remove("P-Access-Network-Info")
