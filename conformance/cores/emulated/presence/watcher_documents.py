"""Who watches a user, as a document at the XDMS: the usage `watchers`, which the presence server alone writes.

D2.2 3.3.3.2 names the usage and calls it proprietary; no standard has it. A document is what a NOTIFY of watcher
information holds that tells of all watchers (RFC 3858), for a client that asks once and does not subscribe.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from conformance.cores.emulated.presence.xcap_client import XcapClient, XcapFailed
from conformance.cores.emulated.quiet import Work
from conformance.protocols.presence.winfo import CONTENT_TYPE, WatcherState, write_winfo

_DOCUMENT = "watchers/users/{user}/index"
_PACKAGE = "presence"


class WatcherDocuments:
    """The documents of all presentities of one server.

    Args:
        xcap: stores them.
        watchers: returns all watchers of a presentity.
        log: the node's logger.
    """

    def __init__(
        self, xcap: XcapClient, watchers: Callable[[str], Iterable[WatcherState]], log: logging.Logger
    ) -> None:
        self._xcap = xcap
        self._watchers = watchers
        self._log = log
        self._versions: dict[str, int] = {}
        self._newer: dict[str, bool] = {}
        """Whose document is on its way, and whether it was overtaken by another change."""
        self.work = Work()

    def changed(self, presentity: str) -> None:
        """Store the document of a presentity anew; changes that come meanwhile go into one more."""
        if presentity in self._newer:
            self._newer[presentity] = True
        else:
            self._newer[presentity] = False
            self.work.begin(self._store(presentity))

    async def _store(self, presentity: str) -> None:
        try:
            while True:
                self._newer[presentity] = False
                version = self._versions.get(presentity, 0)
                self._versions[presentity] = version + 1
                document = write_winfo(version, presentity, _PACKAGE, self._watchers(presentity), full=True)
                await self._xcap.put(_DOCUMENT.format(user=presentity), presentity, document, CONTENT_TYPE)
                if not self._newer[presentity]:
                    return
        except XcapFailed as error:
            self._log.warning("watchers of %s: %.300s", presentity, error)
        finally:
            del self._newer[presentity]

    async def stop(self) -> None:
        """Give up what is under way."""
        await self.work.stop()
