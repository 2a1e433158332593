"""The S-CSCF as notifier of the reg event package (3GPP TS 24.229 5.4.2.1, RFC 3680, RFC 6665)."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from sipmessage import Request, Response

from conformance.cores.emulated.border import is_of_hiding_network
from conformance.cores.emulated.notifier import Content, Notifier, Subscription, check_accept, package_of
from conformance.cores.emulated.quiet import Work
from conformance.cores.emulated.registrar import Registrar, Registration
from conformance.cores.emulated.sip_server import Refused
from conformance.protocols.reginfo import (
    CONTENT_TYPE,
    DEFAULT_EXPIRES_S,
    ContactState,
    RegInfo,
    RegistrationState,
    write_reginfo,
)
from conformance.protocols.sip.name_addr import parse_addresses, split_entries
from conformance.stack.locate import Locator
from conformance.stack.sip import SipStack

EVENT = "reg"
LONGEST_S = 600_000
"""Longest subscription that is granted, seconds: what terminals ask for."""


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
        self._uri = uri
        self._registrar = registrar
        self._log = log
        self._registrations: dict[Subscription, Registration] = {}
        self._notifier = Notifier(
            stack,
            locator,
            uri,
            log,
            longest_s=LONGEST_S,
            default_s=DEFAULT_EXPIRES_S,
            on_time_out=lambda subscription: self._notify(subscription, "timeout"),
            on_gone=self._gone,
        )

    @property
    def work(self) -> Work:
        """NOTIFYs on their way."""
        return self._notifier.work

    def subscribe(self, request: Request) -> Response:
        """Answer a SUBSCRIBE; its NOTIFY follows the answer.

        Raises:
            Refused: 489 another event package, 406 another document type, 480 nobody registered, 403 no right to
                know; and see `Notifier.known`.
            ValueError: a header field that cannot be read.
        """
        if package_of(request) != EVENT:
            raise Refused(489, headers={"Allow-Events": EVENT})
        check_accept(request, CONTENT_TYPE)
        subscription = self._notifier.known(request)
        if subscription is None:
            subscription, response = self._begin(request)
        else:
            response = self._notifier.renew(subscription, request)
        self._notify(subscription, "" if subscription.left_s else "timeout")
        return response

    def _begin(self, request: Request) -> tuple[Subscription, Response]:
        identity = str(request.uri).partition(";")[0]
        registration = self._registrar.find(identity)
        if registration is None:
            raise Refused(480)
        if not self._may_know(request, registration):
            raise Refused(403)
        subscription, response = self._notifier.begin(request)
        self._registrations[subscription] = registration
        self._log.info("subscription to %s for %d s", identity, subscription.left_s)
        return subscription, response

    def _may_know(self, request: Request, registration: Registration) -> bool:
        """The user by any identity, and the P-CSCF that is in the path (3GPP TS 24.229 5.4.2.1.1)."""
        asserted = {_bare(a.uri) for a in parse_addresses(request.headers.getlist("P-Asserted-Identity"))}
        paths = [path for binding in registration.bindings.values() for path in binding.path]
        allowed = {*registration.identities, *(_bare(address.uri) for address in parse_addresses(paths))}
        hidden = any(is_of_hiding_network(path, one) for path in split_entries(paths) for one in asserted)
        return hidden or bool(asserted & allowed)

    def told(self, registration: Registration, gone: Iterable[GoneContact] = ()) -> None:
        """Notify all subscribers of a registration that has changed; without bindings it has ended.

        Args:
            registration: as it is now.
            gone: contacts that were bound before.

        """
        ended = "" if registration.bindings else "noresource"
        contacts = tuple(gone)
        for subscription, watched in list(self._registrations.items()):
            if watched is registration:
                self._notify(subscription, ended, contacts)

    def _notify(self, subscription: Subscription, ended: str, gone: tuple[GoneContact, ...] = ()) -> None:
        """Send one NOTIFY; `ended` is the reason where it is the last one."""
        content = Content(CONTENT_TYPE, write_reginfo(self._document(subscription, gone)))
        subscription.version += 1
        if ended:
            self._notifier.end(subscription, ended, content)
            self._gone(subscription)  # one that was a look only was never known
        else:
            self._notifier.notify(subscription, "active", content)

    def _gone(self, subscription: Subscription) -> None:
        self._registrations.pop(subscription, None)

    def _document(self, subscription: Subscription, gone: tuple[GoneContact, ...]) -> RegInfo:
        registration = self._registrations[subscription]
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
        self._registrations.clear()
        await self._notifier.stop()


def _event(event: str, explicit: bool) -> str:
    """An identity that came with another one was created, not registered (3GPP TS 24.229)."""
    return "created" if event == "registered" and not explicit else event


def _bare(uri: str) -> str:
    return uri.partition(";")[0]


def _id(kind: str, *parts: str) -> str:
    """Return an id that stays the same through all documents of a registration (RFC 3680)."""
    return kind + hashlib.sha256(" ".join(parts).encode()).hexdigest()[:8]
