"""Who may watch whom: pres-rules of each presentity, got from the XDMS and kept up to date by xcap-diff (RFC 5875).

Nobody has decided anything where a presentity has no rules: its watchers wait. Where there are rules and none of them
matches, a watcher is blocked (RFC 5025 3.2.1).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.sax.saxutils import quoteattr

from sipmessage import Request

from conformance.cores.emulated.presence.subscriber import OwnSubscription, Subscriber, Wish
from conformance.cores.emulated.presence.xcap_client import XcapClient, XcapFailed
from conformance.protocols.presence.pres_rules import (
    EVERYTHING,
    Decision,
    Occasion,
    Ruleset,
    SubHandling,
    read_rules,
)
from conformance.protocols.presence.xml_document import MalformedDocument

UNDECIDED = Decision(SubHandling.CONFIRM)
_ALLOWED = Decision(SubHandling.ALLOW, EVERYTHING)
_PLACES = ("pres-rules/users/{user}/index", "org.openmobilealliance.pres-rules/users/{user}/pres-rules")
"""Where rules are: RFC 5025 9.7, and OMA's."""
_LONGEST_WAIT_S = 86_400.0
XCAP_DIFF = "application/xcap-diff+xml"


@dataclass(slots=True, eq=False)
class _Known:
    rules: Ruleset | None = None
    """None: there are none."""
    subscription: OwnSubscription | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    boundary: asyncio.TimerHandle | None = None

    @property
    def is_told(self) -> bool:
        """Whether the XDMS tells of changes, so that there is no need to ask."""
        return self.subscription is not None and self.subscription.active


class Policy:
    """The rules of all presentities of one server.

    Args:
        xcap: gets documents; None: the testbed has no XDMS, and nobody has decided anything.
        xdms_uri: SIP URI that tells of changes.
        subscriber: subscribes to them.
        on_changed: told of the presentity whose rules, or their validity, have changed.
        sphere: sphere that a presentity has published.
        log: the node's logger.
        everybody: every subscription counts as authorised (fault `forced-authorisation`).
    """

    def __init__(
        self,
        xcap: XcapClient | None,
        xdms_uri: str,
        subscriber: Subscriber,
        on_changed: Callable[[str], None],
        sphere: Callable[[str], str],
        log: logging.Logger,
        *,
        everybody: bool = False,
    ) -> None:
        self._xcap = xcap
        self._xdms_uri = xdms_uri
        self._subscriber = subscriber
        self._on_changed = on_changed
        self._sphere = sphere
        self._log = log
        self._everybody = everybody
        self._known: dict[str, _Known] = {}

    async def decide(self, presentity: str, watcher: str) -> Decision:
        """Return what the rules of a presentity say about a watcher; the presentity sees everything of itself."""
        if self._everybody or watcher == presentity:
            return _ALLOWED
        if self._xcap is None:
            return UNDECIDED
        known = self._known.setdefault(presentity, _Known())
        async with known.turn:
            if not known.is_told:
                await self._learn(presentity, known)
        return self._judge(presentity, watcher, known)

    def _judge(self, presentity: str, watcher: str, known: _Known) -> Decision:
        if known.rules is None:
            return UNDECIDED
        now = datetime.now(UTC)
        self._await_boundary(presentity, known, now)
        return known.rules.decide(Occasion(watcher, now, self._sphere(presentity)))

    async def _learn(self, presentity: str, known: _Known) -> None:
        """Subscribe to the rules first and get them then, so that no change is missed."""
        if known.subscription is None and self._xdms_uri:
            known.subscription = await self._subscriber.begin(
                self._wish(presentity), lambda request: self._told(presentity, request)
            )
        await self._get(presentity, known)

    def _wish(self, presentity: str) -> Wish:
        entries = "".join(f"<entry uri={quoteattr(place.format(user=presentity))}/>" for place in _PLACES)
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists">'
            f"<list>{entries}</list></resource-lists>\n"
        )
        return Wish(
            self._xdms_uri,
            "xcap-diff;diff-processing=no-patching",
            XCAP_DIFF,
            presentity,
            headers={"Content-Type": "application/resource-lists+xml"},
            body=body.encode(),
        )

    def _told(self, presentity: str, request: Request) -> None:
        self._log.info("rules of %s: told of a change (%d octets)", presentity, len(request.body))
        self._subscriber.work.begin(self._renew(presentity))

    async def _renew(self, presentity: str) -> None:
        known = self._known[presentity]
        async with known.turn:
            before = known.rules
            await self._get(presentity, known)
            after = known.rules
        if before is not after:
            self._on_changed(presentity)

    async def _get(self, presentity: str, known: _Known) -> None:
        """Get the rules anew; what was known stays where the XDMS does not answer, or has what cannot be read."""
        assert self._xcap is not None
        found: list[Ruleset] = []
        for place in _PLACES:
            path = place.format(user=presentity)
            try:
                document = await self._xcap.get(path, presentity)
                if document is not None:
                    found.append(read_rules(document))
            except (XcapFailed, MalformedDocument) as error:
                self._log.warning("rules of %s: %.300s", presentity, error)
                return
        known.rules = sum(found, Ruleset()) if found else None

    def _await_boundary(self, presentity: str, known: _Known, now: datetime) -> None:
        if known.boundary is not None:
            known.boundary.cancel()
            known.boundary = None
        ahead = [one for one in (known.rules or Ruleset()).boundaries if one > now]
        if ahead:
            seconds = min((min(ahead) - now).total_seconds(), _LONGEST_WAIT_S)
            known.boundary = asyncio.get_running_loop().call_later(seconds, self._on_changed, presentity)

    def stop(self) -> None:
        """Stop all clocks."""
        for known in self._known.values():
            if known.boundary is not None:
                known.boundary.cancel()
