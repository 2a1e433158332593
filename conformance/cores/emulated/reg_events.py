"""The S-CSCF as notifier of the reg event package (3GPP TS 24.229 5.4.2.1, RFC 3680, RFC 6665)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from sipmessage import Request, Response

from conformance.cores.emulated.border import is_of_hiding_network
from conformance.cores.emulated.quiet import Work
from conformance.cores.emulated.registrar import Registrar, Registration
from conformance.cores.emulated.sip_server import Refused, relay
from conformance.protocols.reginfo import (
    CONTENT_TYPE,
    DEFAULT_EXPIRES_S,
    ContactState,
    RegInfo,
    RegistrationState,
    write_reginfo,
)
from conformance.protocols.sip.dialog import Dialog, DialogKey, dialog_key, next_hop
from conformance.protocols.sip.message import make_response
from conformance.protocols.sip.name_addr import parse_addresses, split_entries
from conformance.stack.errors import StackError
from conformance.stack.locate import Locator
from conformance.stack.sip import SipStack

EVENT = "reg"
LONGEST_S = 600_000
"""Longest subscription that is granted, seconds: what terminals ask for."""
_MOST = 10_000


@dataclass(slots=True, eq=False)
class _Subscription:
    dialog: Dialog
    registration: Registration
    expires_at: float
    version: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """NOTIFYs of one subscription follow each other."""
    end: asyncio.TimerHandle | None = None


@dataclass(frozen=True, slots=True)
class GoneContact:
    """A contact that is no longer bound, and why: `unregistered`, `expired`, `deactivated`, `rejected`."""

    uri: str
    event: str


class RegEvents:
    """All subscriptions to the registration state of one S-CSCF's users.

    Args:
        stack: sends the NOTIFYs.
        locator: finds the next hop of a NOTIFY.
        uri: SIP URI of the S-CSCF, its contact.
        registrar: who is registered.
        log: the node's logger.
    """

    def __init__(self, stack: SipStack, locator: Locator, uri: str, registrar: Registrar, log: logging.Logger) -> None:
        self._stack = stack
        self._locator = locator
        self._uri = uri
        self._registrar = registrar
        self._log = log
        self._subscriptions: dict[DialogKey, _Subscription] = {}
        self.work = Work()
        """NOTIFYs on their way."""

    def subscribe(self, request: Request) -> Response:
        """Answer a SUBSCRIBE; its NOTIFY follows the answer.

        Raises:
            Refused: 489 another event package, 406 another document type, 480 nobody registered, 403 no right to
                know, 481 no such subscription.
            ValueError: a header field that cannot be read.
        """
        if (request.headers.get("Event") or "").partition(";")[0].strip() != EVENT:
            raise Refused(489, headers={"Allow-Events": EVENT})
        accepted = {e.partition(";")[0].strip().lower() for e in split_entries(request.headers.getlist("Accept"))}
        if accepted and not {CONTENT_TYPE, "application/*", "*/*"} & accepted:
            raise Refused(406)
        key = dialog_key(request)
        if key is None:
            return self._begin(request)
        subscription = self._subscriptions.get(key)
        if subscription is None:
            raise Refused(481)
        seconds = self._grant(subscription, request)
        response = self._ok(request, seconds)
        self.work.begin(self._notify(subscription, "" if seconds else "timeout"))
        return response

    def _begin(self, request: Request) -> Response:
        identity = str(request.uri).partition(";")[0]
        registration = self._registrar.find(identity)
        if registration is None:
            raise Refused(480)
        if not self._may_know(request, registration):
            raise Refused(403)
        if len(self._subscriptions) >= _MOST:
            raise Refused(503)
        response = make_response(request, 200)
        subscription = _Subscription(Dialog.answered(request, response), registration, 0.0)
        seconds = self._grant(subscription, request)
        self._fill(response, seconds)
        if seconds:
            self._subscriptions[subscription.dialog.key] = subscription
        self._log.info("subscription to %s for %d s", identity, seconds)
        self.work.begin(self._notify(subscription, "" if seconds else "timeout"))
        return response

    def _may_know(self, request: Request, registration: Registration) -> bool:
        """The user by any identity, and the P-CSCF that is in the path (3GPP TS 24.229 5.4.2.1.1)."""
        asserted = {_bare(a.uri) for a in parse_addresses(request.headers.getlist("P-Asserted-Identity"))}
        paths = [path for binding in registration.bindings.values() for path in binding.path]
        allowed = {*registration.identities, *(_bare(address.uri) for address in parse_addresses(paths))}
        hidden = any(is_of_hiding_network(path, one) for path in split_entries(paths) for one in asserted)
        return hidden or bool(asserted & allowed)

    def _grant(self, subscription: _Subscription, request: Request) -> int:
        text = (request.headers.get("Expires") or str(DEFAULT_EXPIRES_S)).strip()
        if not text.isascii() or not text.isdigit() or len(text) > 10:
            raise ValueError(f"Expires: expected a number of seconds, found {text[:20]!r}")
        seconds = min(int(text), LONGEST_S)
        loop = asyncio.get_running_loop()
        subscription.expires_at = loop.time() + seconds
        if subscription.end is not None:
            subscription.end.cancel()
        subscription.end = loop.call_at(subscription.expires_at, self._time_out, subscription) if seconds else None
        return seconds

    def _time_out(self, subscription: _Subscription) -> None:
        self.work.begin(self._notify(subscription, "timeout"))

    def _ok(self, request: Request, seconds: int) -> Response:
        response = make_response(request, 200)
        self._fill(response, seconds)
        return response

    def _fill(self, response: Response, seconds: int) -> None:
        response.headers.set("Contact", f"<{self._uri}>")
        response.headers.set("Expires", str(seconds))

    def told(self, registration: Registration, gone: Iterable[GoneContact] = ()) -> None:
        """Notify all subscribers of a registration that has changed; without bindings it has ended.

        Args:
            registration: as it is now.
            gone: contacts that were bound before.

        """
        ended = "" if registration.bindings else "noresource"
        contacts = tuple(gone)
        for one in list(self._subscriptions.values()):
            if one.registration is registration:
                self.work.begin(self._notify(one, ended, contacts))

    async def _notify(self, subscription: _Subscription, ended: str, gone: tuple[GoneContact, ...] = ()) -> None:
        """Send one NOTIFY; `ended` is the reason where it is the last one."""
        if ended:
            self._drop(subscription)
        body = write_reginfo(self._document(subscription, gone))
        subscription.version += 1
        async with subscription.turn:
            request = subscription.dialog.next_request("NOTIFY")
            left = max(0, round(subscription.expires_at - asyncio.get_running_loop().time()))
            headers = request.headers
            headers.set("Contact", f"<{self._uri}>")
            headers.set("Event", EVENT)
            headers.set("Subscription-State", f"terminated;reason={ended}" if ended else f"active;expires={left}")
            headers.set("Content-Type", CONTENT_TYPE)
            request.body = body
            try:
                response = await relay(self._stack, request, self._locator.locate(next_hop(request)), self._log)
                code = response.code
            except (StackError, Refused) as error:
                self._log.warning("NOTIFY to %s: %s", subscription.dialog.target, error)
                code = 408
        if code >= 300:
            # A subscriber that is gone ends its subscription (RFC 6665).
            self._log.info("subscription of %s ends: %d", subscription.dialog.target, code)
            self._drop(subscription)

    def _drop(self, subscription: _Subscription) -> None:
        self._subscriptions.pop(subscription.dialog.key, None)
        if subscription.end is not None:
            subscription.end.cancel()
            subscription.end = None

    def _document(self, subscription: _Subscription, gone: tuple[GoneContact, ...]) -> RegInfo:
        registration = subscription.registration
        states = []
        for identity in registration.identities:
            contacts = [
                ContactState(
                    _id("c", identity, uri),
                    uri,
                    "active",
                    _event(registration.events.get(uri, "registered"), identity == registration.explicit),
                    self._registrar.remaining_s(binding),
                )
                for uri, binding in registration.bindings.items()
            ]
            contacts += [ContactState(_id("c", identity, g.uri), g.uri, "terminated", g.event) for g in gone]
            state = "active" if registration.bindings else "terminated"
            states.append(RegistrationState(_id("r", identity), identity, state, tuple(contacts)))
        return RegInfo(subscription.version, "full", tuple(states))

    async def stop(self) -> None:
        """Forget everything; NOTIFYs on their way are given up."""
        for subscription in list(self._subscriptions.values()):
            self._drop(subscription)
        await self.work.stop()


def _event(event: str, explicit: bool) -> str:
    """An identity that came with another one was created, not registered (3GPP TS 24.229)."""
    return "created" if event == "registered" and not explicit else event


def _bare(uri: str) -> str:
    return uri.partition(";")[0]


def _id(kind: str, *parts: str) -> str:
    """Return an id that stays the same through all documents of a registration (RFC 3680)."""
    return kind + hashlib.sha256(" ".join(parts).encode()).hexdigest()[:8]
