"""An application server in sessions: a SIP proxy behind ISC (3GPP TS 24.229, RFC 3261 16).

It gets an INVITE because filter criteria say so, stays on the way of the dialog, and sends the INVITE back along Route
to the S-CSCF that it came from. Who the caller is, as the network asserts it, stays in.
"""

from __future__ import annotations

from sipmessage import Request, Response

from conformance.cores.emulated.pcscf_sessions import IN_DIALOG, TARGET_REFRESH
from conformance.cores.emulated.session_relay import ForwardedInvite, SessionRelay
from conformance.cores.emulated.sip_server import Handler, Refused
from conformance.protocols.sip.dialog import dialog_key
from conformance.protocols.sip.message import forwarded_request
from conformance.protocols.sip.name_addr import NameAddr, split_entries
from conformance.stack.sip import ServerTransaction


class ApplicationSessions:
    """Sessions that pass one application server.

    Args:
        relay: forwards.
        uri: SIP URI of the server, as filter criteria name it.
        scscf: address of the S-CSCF that it serves with.
    """

    def __init__(self, relay: SessionRelay, uri: str, scscf: str) -> None:
        self._relay = relay
        self._uri = uri
        self._scscf = scscf

    @property
    def handlers(self) -> dict[str, Handler]:
        """Procedures by method."""
        initial = self._relay.inviting(self._invite)
        return {"INVITE": initial, "CANCEL": self._relay.cancel, **dict.fromkeys(IN_DIALOG, self.in_dialog)}

    async def _invite(self, invite: ForwardedInvite) -> Response:
        return await invite.forward([self._along(invite.request, invite.transaction)])

    async def in_dialog(self, transaction: ServerTransaction) -> Response:
        """Forward a request of a dialog along its Route, and the answer back."""
        if dialog_key(transaction.request) is None:
            raise Refused(481)
        return await self._relay.request(self._along(transaction.request, transaction))

    async def ack(self, transaction: ServerTransaction) -> None:
        """Forward the ACK of a 2xx."""
        await self._relay.ack(self._along(transaction.request, transaction))

    def _along(self, request: Request, transaction: ServerTransaction) -> Request:
        """Return a request as it goes on: without the own entry of Route, and with one in Record-Route.

        Raises:
            Refused: 403 where it does not come from the S-CSCF, or not along a Route that leads back to it.
        """
        own, *others = split_entries(request.headers.getlist("Route")) or [""]
        if transaction.source.address != self._scscf or not others or not self._is_own(own):
            raise Refused(403)
        outgoing = forwarded_request(request)
        outgoing.headers.setlist("Route", others)
        if request.method in TARGET_REFRESH:
            routes = split_entries(outgoing.headers.getlist("Record-Route"))
            outgoing.headers.setlist("Record-Route", [f"<{self._uri};lr>", *routes])
        return outgoing

    def _is_own(self, entry: str) -> bool:
        return bool(entry) and NameAddr.parse(entry).uri.partition(";")[0] == self._uri
