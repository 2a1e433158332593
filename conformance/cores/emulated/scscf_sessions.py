"""The S-CSCF in sessions: for the user who calls, and for the one who is called (3GPP TS 24.229 5.4.3).

One S-CSCF may be both in one session: then each request passes it twice, and Record-Route has two entries of it.
Filter criteria of sessions are not evaluated: the profiles of the emulated HSS have none.
"""

from __future__ import annotations

from collections.abc import Callable

from sipmessage import URI, Request, Response

from conformance.cores.emulated.pcscf_sessions import IN_DIALOG, TARGET_REFRESH, WayOut
from conformance.cores.emulated.registrar import Registration
from conformance.cores.emulated.session_relay import ForwardedInvite, SessionRelay
from conformance.cores.emulated.sip_server import Handler, Refused
from conformance.protocols.sip.charging_vector import HEADER, ChargingVector
from conformance.protocols.sip.dialog import dialog_key
from conformance.protocols.sip.message import forwarded_request
from conformance.protocols.sip.name_addr import NameAddr, parse_addresses, split_entries
from conformance.stack.sip import ServerTransaction

ORIGINATING = "orig"
TERMINATING = "term"


class SCscfSessions:
    """Sessions of one S-CSCF.

    Args:
        relay: forwards.
        uri: SIP URI of the S-CSCF.
        domain: of its network.
        border: adds to a route what leads out of the own network.
        find: registration of a public user identity, None where it is not registered.
    """

    def __init__(
        self,
        relay: SessionRelay,
        uri: str,
        domain: str,
        find: Callable[[str], Registration | None],
        border: WayOut = list,
    ) -> None:
        self._border = border
        self._relay = relay
        self._uri = uri
        self._domain = domain
        self._find = find

    @property
    def handlers(self) -> dict[str, Handler]:
        """Procedures by method."""
        initial = self._relay.inviting(self._invite)
        return {"INVITE": initial, "CANCEL": self._relay.cancel, **dict.fromkeys(IN_DIALOG, self.in_dialog)}

    async def _invite(self, invite: ForwardedInvite) -> Response:
        if dialog_key(invite.request) is not None:
            return await invite.forward([self._along(invite.request)], forget_access)
        routes = split_entries(invite.request.headers.getlist("Route"))
        if routes and self._side(routes[0]) == ORIGINATING:
            return await self._originate(invite, routes[1:])
        return await self._terminate(invite)

    async def _originate(self, invite: ForwardedInvite, routes: list[str]) -> Response:
        """Send the INVITE of an own user to the network of who is called (3GPP TS 24.229 5.4.3.2).

        Which network that is says the domain of the Request-URI, and DNS knows its entry.
        """
        request = invite.request
        asserted = [address.uri for address in parse_addresses(request.headers.getlist("P-Asserted-Identity"))]
        if not any(self._find(identity) for identity in asserted):
            raise Refused(403)
        if request.uri.scheme != "sip":
            # A tel URI needs ENUM, which the networks do not have.
            raise Refused(416)
        outgoing = forwarded_request(request)
        vector = self._vector(request).only("icid-value").with_parameter("orig-ioi", self._domain)
        outgoing.headers.set(HEADER, str(vector))
        outgoing.headers.remove("Route")
        if routes or (routes := self._border([str(request.uri)])[:-1]):
            outgoing.headers.setlist("Route", routes)
        forget_access(outgoing)
        self._record(outgoing, self._entry(ORIGINATING))
        return await invite.forward([outgoing], forget_access)

    async def _terminate(self, invite: ForwardedInvite) -> Response:
        """Send the INVITE to every contact of the user who is called (3GPP TS 24.229 5.4.3.3)."""
        request = invite.request
        identity = str(request.uri).partition(";")[0]
        registration = self._find(identity)
        if registration is None or not registration.bindings:
            raise Refused(480)
        vector = self._vector(request).only("icid-value", "orig-ioi")
        targets = []
        for binding in registration.bindings.values():
            outgoing = forwarded_request(request)
            outgoing.uri = URI.parse(binding.contact.uri)
            outgoing.headers.set("P-Called-Party-ID", f"<{identity}>")
            outgoing.headers.remove("Route")
            if binding.path:
                outgoing.headers.setlist("Route", self._border(split_entries(binding.path)))
            outgoing.headers.set(HEADER, str(vector))
            self._record(outgoing, self._entry(TERMINATING))
            targets.append(outgoing)

        def towards_the_caller(response: Response) -> None:
            forget_access(response)
            if response.code < 300 and vector.parameters:
                response.headers.set(HEADER, str(vector.with_parameter("term-ioi", self._domain)))

        return await invite.forward(targets, towards_the_caller)

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


def forget_access(message: Request | Response) -> None:
    """Take out where the terminal is: its own network knows it now, and nobody else is to (RFC 7315 4.4)."""
    message.headers.remove("P-Access-Network-Info")
