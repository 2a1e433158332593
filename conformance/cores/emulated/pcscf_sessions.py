"""The P-CSCF in sessions: of the terminal that calls, and of the one that is called (3GPP TS 24.229 5.2.6, 5.2.7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sipmessage import Request, Response

from conformance.cores.emulated.register_fields import refuse_unknown_extensions
from conformance.cores.emulated.session_relay import Adapt, Forwarded, ForwardedInvite, SessionRelay
from conformance.cores.emulated.sip_server import Handler, Refused
from conformance.protocols.sip.charging_vector import HEADER, ChargingVector
from conformance.protocols.sip.dialog import dialog_key
from conformance.protocols.sip.message import forwarded_request
from conformance.protocols.sip.name_addr import parse_addresses, split_entries
from conformance.stack.sip import ServerTransaction
from conformance.vocabulary.identifiers import Endpoint

NOT_FROM_TERMINALS = (
    "P-Asserted-Identity",
    "P-Charging-Vector",
    "P-Charging-Function-Addresses",
    "P-Visited-Network-ID",
)
"""What only networks may say (3GPP TS 24.229 5.2.6.3, RFC 3325)."""
NOT_TO_TERMINALS = ("P-Charging-Vector", "P-Charging-Function-Addresses")
_SECURITY_AGREEMENT = ("Security-Client", "Security-Verify")
TARGET_REFRESH = ("INVITE", "UPDATE")
"""Who forwards them records its route once more (3GPP TS 24.229 5.2.6.3, 5.4.3.2)."""
BEGINS_DIALOG = ("INVITE", "SUBSCRIBE")
"""Who forwards them outside of a dialog stays on the way; a request that begins none, such as PUBLISH, has no route."""
IN_DIALOG = ("PRACK", "UPDATE", "BYE", "INFO")


WayOut = Callable[[Sequence[str]], list[str]]
"""Takes a route, returns it as it is followed."""


class Registered(Protocol):
    """What the P-CSCF knows of a registered terminal."""

    @property
    def service_route(self) -> tuple[str, ...]:
        """The way to its S-CSCF."""
        ...

    @property
    def identities(self) -> tuple[str, ...]:
        """Its public user identities, first the default one."""
        ...


class Terminals(Protocol):
    """Whom the P-CSCF serves."""

    def is_terminal(self, address: str) -> bool:
        """Tell whether an address lies in an access network."""
        ...

    def origin(self, transaction: ServerTransaction) -> Endpoint:
        """Return where a request comes from, by the own adapter or without it."""
        ...

    def registered(self, source: Endpoint) -> Registered | None:
        """Return the registration of the terminal at an address."""
        ...

    def registered_contact(self, contact: str) -> Registered | None:
        """Return the registration of a contact URI."""
        ...

    def without_own(self, request: Request) -> list[str]:
        """Return the entries of Route without the P-CSCF itself."""
        ...


class PCscfSessions:
    """Sessions of one P-CSCF.

    Args:
        relay: forwards.
        terminals: whom it serves.
        here: SIP URI of the P-CSCF for Record-Route.
        border: adds to a route what leads out of the own network.
        private: hide from a terminal who calls, where the caller asks for it; else a fault.
    """

    def __init__(
        self, relay: SessionRelay, terminals: Terminals, here: str, *, private: bool = True, border: WayOut = list
    ) -> None:
        self._border = border
        self._private = private
        self._relay = relay
        self._terminals = terminals
        self._here = here

    @property
    def handlers(self) -> dict[str, Handler]:
        """Procedures by method."""
        initial, message = self._relay.inviting(self._invite), self._relay.passing(self._message)
        others = dict.fromkeys(IN_DIALOG, self.in_dialog)
        return {"INVITE": initial, "CANCEL": self._relay.cancel, "MESSAGE": message, **others}

    async def _invite(self, invite: ForwardedInvite) -> Response:
        source, request = self._terminals.origin(invite.transaction), invite.request
        refuse_unknown_extensions(request, "Proxy-Require", {"sec-agree"})
        if dialog_key(request) is not None:
            return await invite.forward([self._along(request, source)], self._to_previous(source))
        if self._terminals.is_terminal(source.address):
            return await self._originate(invite)
        return await self._terminate(invite)

    async def _message(self, message: Forwarded) -> Response:
        """Pass a MESSAGE on (RFC 3428 6); one outside of a dialog begins none."""
        if dialog_key(message.request) is not None:
            return await self.in_dialog(message.transaction)
        refuse_unknown_extensions(message.request, "Proxy-Require", {"sec-agree"})
        if self._terminals.is_terminal(self._terminals.origin(message.transaction).address):
            return await self._originate(message)
        return await self._terminate(message)

    async def _originate(self, invite: Forwarded) -> Response:
        """Say who asks, and send the request the way that the network gave (3GPP TS 24.229 5.2.6.3)."""
        source = self._terminals.origin(invite.transaction)
        registration = self._terminals.registered(source)
        if registration is None:
            raise Refused(403)
        outgoing = forwarded_request(invite.request)
        identify(outgoing, registration.identities)
        outgoing.headers.set(HEADER, str(ChargingVector.new()))
        outgoing.headers.setlist("Route", self._border(registration.service_route))
        self._stay(outgoing)
        return await invite.forward([outgoing], self._to_previous(source))

    async def _terminate(self, invite: Forwarded) -> Response:
        """Bring a request to the terminal, and say in the answers who is called (3GPP TS 24.229 5.2.6.4)."""
        request = invite.request
        registration = self._terminals.registered_contact(str(request.uri))
        if registration is None:
            raise Refused(404)
        outgoing = forwarded_request(request)
        if self._terminals.without_own(outgoing):
            raise Refused(403)
        outgoing.headers.remove("Route")
        self._stay(outgoing)
        hide_from_terminal(outgoing, private=self._private)
        vector = ChargingVector.parse(request.headers.get(HEADER) or "").only("icid-value")
        called = [address.uri for address in parse_addresses(request.headers.getlist("P-Called-Party-ID"))]
        identity = next((uri for uri in called if uri in registration.identities), registration.identities[0])

        def towards_the_caller(response: Response) -> None:
            for name in (*NOT_FROM_TERMINALS, "P-Preferred-Identity"):
                response.headers.remove(name)
            if response.code < 300:
                response.headers.set("P-Asserted-Identity", f"<{identity}>")
                if vector.parameters:
                    response.headers.set(HEADER, str(vector))

        return await invite.forward([outgoing], towards_the_caller)

    async def in_dialog(self, transaction: ServerTransaction) -> Response:
        """Forward a request of a dialog along its Route, and the answer back."""
        if dialog_key(transaction.request) is None:
            raise Refused(481)
        source = self._terminals.origin(transaction)
        response = await self._relay.request(self._along(transaction.request, source))
        self._to_previous(source)(response)
        return response

    async def ack(self, transaction: ServerTransaction) -> None:
        """Forward the ACK of a 2xx."""
        await self._relay.ack(self._along(transaction.request, self._terminals.origin(transaction)))

    def _along(self, request: Request, source: Endpoint) -> Request:
        """Return a request of a dialog as it goes on: from a terminal into the network, or the other way round.

        Raises:
            Refused: 403 from a terminal that is not registered, or past the network; 481 to who is no terminal.
        """
        outgoing = forwarded_request(request)
        routes = self._terminals.without_own(outgoing)
        if self._terminals.is_terminal(source.address):
            if self._terminals.registered(source) is None or not routes:
                raise Refused(403)
            for name in (*NOT_FROM_TERMINALS, *_SECURITY_AGREEMENT, "P-Preferred-Identity"):
                outgoing.headers.remove(name)
            outgoing.headers.setlist("Route", routes)
        else:
            if routes or not self._terminals.is_terminal(outgoing.uri.host):
                raise Refused(481)
            hide_from_terminal(outgoing)
            outgoing.headers.remove("Route")
        if request.method in TARGET_REFRESH:
            self._record(outgoing)
        return outgoing

    def _stay(self, request: Request) -> None:
        """Stay on the way of a dialog that a request may begin."""
        if request.method in BEGINS_DIALOG:
            self._record(request)

    def _record(self, request: Request) -> None:
        routes = split_entries(request.headers.getlist("Record-Route"))
        request.headers.setlist("Record-Route", [f"<{self._here};lr>", *routes])

    def _to_previous(self, source: Endpoint) -> Adapt:
        """Return what a response loses on its way back: what is the network's own does not reach a terminal."""
        return hide_from_terminal if self._terminals.is_terminal(source.address) else forget_claims


def identify(request: Request, identities: tuple[str, ...]) -> None:
    """Replace what a terminal says of itself by what the network knows: P-Asserted-Identity (RFC 3325 5).

    Args:
        request: changed in place.
        identities: public user identities of the terminal; it may prefer one of them, else the first one is taken.
    """
    headers = request.headers
    preferred = [address.uri for address in parse_addresses(headers.getlist("P-Preferred-Identity"))]
    for name in (*NOT_FROM_TERMINALS, *_SECURITY_AGREEMENT, "P-Preferred-Identity"):
        headers.remove(name)
    asserted = next((uri for uri in preferred if uri in identities), identities[0])
    headers.set("P-Asserted-Identity", f"<{asserted}>")


def hide_from_terminal(message: Request | Response, *, private: bool = True) -> None:
    """Take out what is not for terminals: charging, and who it is where privacy is asked for (RFC 3325 7)."""
    for name in NOT_TO_TERMINALS:
        message.headers.remove(name)
    wishes = {wish.strip().lower() for value in message.headers.getlist("Privacy") for wish in value.split(";")}
    if "id" in wishes and private:
        message.headers.remove("P-Asserted-Identity")


def forget_claims(response: Response) -> None:
    """Take out of a terminal's answer what only networks may say."""
    for name in NOT_FROM_TERMINALS:
        response.headers.remove(name)
