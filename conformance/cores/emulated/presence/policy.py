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
from urllib.parse import unquote

from conformance.cores.emulated.presence.document_news import DocumentNews, Followed
from conformance.cores.emulated.presence.xcap_client import XcapClient, XcapFailed
from conformance.cores.emulated.quiet import Work
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
_FOLDERS = {"pres-rules/users/{user}/": "index", "org.openmobilealliance.pres-rules/users/{user}/": "pres-rules"}
"""Where rules are, and how the document is called that is always looked for (RFC 5025 9.7; OMA's)."""
_LONGEST_WAIT_S = 86_400.0


@dataclass(slots=True, eq=False)
class _Known:
    rules: Ruleset | None = None
    """None: there are none."""
    followed: Followed | None = None
    """His folders; None: they have not been needed yet."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    boundary: asyncio.TimerHandle | None = None


class Policy:
    """The rules of all presentities of one server.

    Args:
        xcap: gets documents; None: the testbed has no XDMS, and nobody has decided anything.
        news: tells of their changes; there where `xcap` is.
        on_changed: told of the presentity whose rules, or their validity, have changed.
        sphere: sphere that a presentity has published.
        log: the node's logger.
        deaf: pay no attention to changes (fault `ignores-rule-changes`).
        everybody: every subscription counts as authorised (fault `forced-authorisation`).
    """

    def __init__(
        self,
        xcap: XcapClient | None,
        news: DocumentNews | None,
        on_changed: Callable[[str], None],
        sphere: Callable[[str], str],
        log: logging.Logger,
        *,
        deaf: bool = False,
        everybody: bool = False,
    ) -> None:
        self._xcap = xcap
        self._news = news
        self._on_changed = on_changed
        self._sphere = sphere
        self._log = log
        self._deaf = deaf
        self._everybody = everybody
        self._known: dict[str, _Known] = {}
        self.work = Work()

    async def decide(self, presentity: str, watcher: str) -> Decision:
        """Return what the rules of a presentity say about a watcher; the presentity sees everything of itself."""
        if self._everybody or watcher == presentity:
            return _ALLOWED
        if self._xcap is None:
            return UNDECIDED
        known = self._known.setdefault(presentity, _Known())
        async with known.turn:
            if known.followed is None or not (known.followed.is_told or self._deaf):
                await self._learn(presentity, known)
        return self._judge(presentity, watcher, known)

    def _judge(self, presentity: str, watcher: str, known: _Known) -> Decision:
        if known.rules is None:
            return UNDECIDED
        now = datetime.now(UTC)
        self._await_boundary(presentity, known, now)
        return known.rules.decide(Occasion(watcher, now, self._sphere(presentity)))

    async def _learn(self, presentity: str, known: _Known) -> None:
        """Get the rules, and begin to be told of changes.

        Nobody waits for the subscription: its first NOTIFY has the rules got once more, so that no change is missed.
        """
        if known.followed is None:
            assert self._news is not None
            folders = tuple(folder.format(user=presentity) for folder in _FOLDERS)
            known.followed = self._news.follow(presentity, folders, lambda: self._told(presentity))
        await self._get(presentity, known)

    def _told(self, presentity: str) -> None:
        if not self._deaf:
            self.work.begin(self._renew(presentity))

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
        always = {folder.format(user=presentity) + name for folder, name in _FOLDERS.items()}
        others = known.followed.documents if known.followed is not None else ()
        paths = {unquote(path): path for path in (*others, *always)}
        for path in sorted(paths.values()):
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

    async def stop(self) -> None:
        """Stop all clocks, and give up what is under way."""
        for known in self._known.values():
            if known.boundary is not None:
                known.boundary.cancel()
        await self.work.stop()
