"""Presence that stays: what a user keeps at the XDMS as `pidf-manipulation` (RFC 4827), beside what devices publish."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from lxml import etree

from conformance.cores.emulated.presence.document_news import DocumentNews, Followed
from conformance.cores.emulated.presence.xcap_client import XcapClient, XcapFailed
from conformance.cores.emulated.quiet import Work
from conformance.protocols.presence.pidf import read_pidf
from conformance.protocols.presence.xml_document import MalformedDocument

_FOLDER = "pidf-manipulation/users/{user}/"
_NAME = "index"
"""How the one document of a user is called that counts (as in RFC 4827 11)."""
_MOST_OCTETS = 8 * 1024
"""Together with all publications it has to fit into one NOTIFY."""


@dataclass(slots=True, eq=False)
class _Known:
    document: bytes | None = None
    followed: Followed | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class HardState:
    """The hard state of all presentities of one server.

    It is got when somebody begins to watch a presentity, and again at each change of which the XDMS tells.

    Args:
        xcap: gets documents.
        news: tells of changes.
        on_changed: told of the presentity whose state is another one now.
        log: the node's logger.
    """

    def __init__(
        self, xcap: XcapClient, news: DocumentNews, on_changed: Callable[[str], None], log: logging.Logger
    ) -> None:
        self._xcap = xcap
        self._news = news
        self._on_changed = on_changed
        self._log = log
        self._known: dict[str, _Known] = {}
        self.work = Work()

    def document(self, presentity: str) -> etree._Element | None:
        """Return what a presentity has at the XDMS, as far as it has been learnt; None where there is nothing."""
        known = self._known.get(presentity)
        return None if known is None or known.document is None else read_pidf(known.document)

    async def learn(self, presentity: str) -> None:
        """Have the state of a presentity at hand, and be told of its changes from now on."""
        known = self._known.setdefault(presentity, _Known())
        if known.followed is None:
            folder = _FOLDER.format(user=presentity)
            known.followed = self._news.follow(
                presentity, (folder,), lambda: self.work.begin(self._get(presentity, known))
            )
        if not known.followed.is_told:
            await self._get(presentity, known)

    async def _get(self, presentity: str, known: _Known) -> None:
        """Get the document anew; what was known stays where the XDMS does not answer, or has what cannot be read."""
        async with known.turn:
            try:
                found = await self._xcap.get(_FOLDER.format(user=presentity) + _NAME, presentity)
                if found is not None and len(found) > _MOST_OCTETS:
                    raise MalformedDocument(f"expected at most {_MOST_OCTETS} octets, found {len(found)}")
                if found is not None:
                    read_pidf(found)
            except (XcapFailed, MalformedDocument) as error:
                self._log.warning("hard state of %s: %.300s", presentity, error)
                return
            if found == known.document:
                return
            known.document = found
        self._on_changed(presentity)

    async def stop(self) -> None:
        """Give up what is under way."""
        await self.work.stop()
