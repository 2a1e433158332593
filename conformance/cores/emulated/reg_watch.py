"""The P-CSCF as subscriber of the reg event package of its users (3GPP TS 24.229 5.2.3, RFC 3680, RFC 6665)."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from sipmessage import URI, Request, Response

from conformance.cores.emulated.sip_server import Refused, relay
from conformance.protocols.reginfo import CONTENT_TYPE, RegInfo, read_reginfo
from conformance.protocols.sip.dialog import DialogKey, dialog_key, next_hop
from conformance.protocols.sip.message import make_response, new_tag
from conformance.stack.errors import StackError
from conformance.stack.locate import Locator
from conformance.stack.sip import SipStack

ASKED_EXPIRES_S = 600_000
"""Higher than the expiry of every registration, as 3GPP TS 24.229 5.2.3 asks for."""
_MOST = 10_000


class RegWatch:
    """All subscriptions of one P-CSCF, one a user.

    Args:
        stack: sends the SUBSCRIBEs.
        locator: finds the entry of the home network.
        uri: SIP URI of the P-CSCF, the same as in Path.
        contact: SIP URI where NOTIFYs are sent to.
        on_gone: told of each contact that the network has ended.
        log: the node's logger.
        border: the entry of Route that leads out of the own network, where a URI needs one; None: none does.
    """

    def __init__(
        self,
        stack: SipStack,
        locator: Locator,
        uri: str,
        contact: str,
        on_gone: Callable[[str], None],
        log: logging.Logger,
        *,
        border: Callable[[str], list[str]] | None = None,
    ) -> None:
        self._border = border
        self._stack = stack
        self._locator = locator
        self._uri = uri
        self._contact = contact
        self._on_gone = on_gone
        self._log = log
        self._watched: dict[DialogKey, str] = {}
        """Default public user identity of each subscription."""

    async def begin(self, identity: str, icid: str) -> None:
        """Subscribe to a user who has just registered.

        The request takes the way of its Request-URI: by DNS to the entry of the home network, whose I-CSCF asks the
        HSS for the S-CSCF (3GPP TS 24.228 6.6). Failures are logged: the user is served all the same.

        Args:
            identity: default public user identity.
            icid: charging identifier.
        """
        if len(self._watched) >= _MOST:
            self._log.warning("not subscribed to %s: %d subscriptions are open", identity, _MOST)
            return
        tag = new_tag()
        try:
            request = self._subscribe(identity, tag, icid)
        except ValueError as error:
            self._log.warning("not subscribed to %.100s: %s", identity, error)
            return
        # Known before it is answered: the NOTIFY may overtake the answer (RFC 6665).
        key = (request.headers["Call-ID"], tag)
        self._watched[key] = identity
        try:
            response = await relay(self._stack, request, self._locator.locate(next_hop(request)), self._log)
            if response.code >= 300:
                raise Refused(response.code, response.phrase)
        except (StackError, Refused) as error:
            self._log.warning("subscription to %s: %s", identity, error)
            self._watched.pop(key, None)

    def _subscribe(self, identity: str, tag: str, icid: str) -> Request:
        request = Request("SUBSCRIBE", URI.parse(identity))
        headers = request.headers
        headers.setlist("Via", [])
        headers.set("Max-Forwards", "70")
        headers.set("From", f"<{self._uri}>;tag={tag}")
        headers.set("To", f"<{identity}>")
        headers.set("Call-ID", secrets.token_hex(12))
        headers.set("CSeq", "1 SUBSCRIBE")
        headers.set("Contact", f"<{self._contact}>")
        headers.set("Event", "reg")
        headers.set("Accept", CONTENT_TYPE)
        headers.set("Expires", str(ASKED_EXPIRES_S))
        if self._border is not None and (routes := self._border(identity)):
            headers.setlist("Route", routes)
        headers.set("P-Asserted-Identity", f"<{self._uri}>")
        headers.set("P-Charging-Vector", f'icid-value="{icid}"')
        return request

    def notified(self, request: Request) -> Response | None:
        """Answer a NOTIFY of a subscription of this P-CSCF; None where it belongs to somebody else.

        Raises:
            ValueError: its document cannot be read.
        """
        key = dialog_key(request)
        if key is None or key not in self._watched:
            return None
        state = (request.headers.get("Subscription-State") or "").partition(";")[0].strip().lower()
        info = read_reginfo(request.body) if request.body else RegInfo(0, "full")
        for registration in info.registrations:
            for contact in registration.contacts:
                if contact.state == "terminated":
                    self._on_gone(contact.uri)
        self._log.info("%s is told of: version %d, subscription %.20s", self._watched[key], info.version, state)
        if state == "terminated":
            del self._watched[key]
        return make_response(request, 200)
