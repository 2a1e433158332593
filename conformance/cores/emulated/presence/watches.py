"""Who watches whom, and what each of them is told: publications joined with the rules of the presentity. No SIP.

A watch is there for a subscription by SIP, and for a member of a resource list.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from conformance.cores.emulated.presence.hard_state import HardState
from conformance.cores.emulated.presence.policy import UNDECIDED, Policy
from conformance.cores.emulated.presence.publications import Publications
from conformance.cores.emulated.quiet import Work
from conformance.protocols.presence.pidf import unavailable
from conformance.protocols.presence.pres_rules import Decision, SubHandling
from conformance.protocols.presence.transformations import transformed
from conformance.protocols.presence.winfo import WatcherState, WatcherStatus
from conformance.protocols.presence.xml_document import write_document

_MOST_WAITING = 256

_STATUS = {
    SubHandling.BLOCK: WatcherStatus.TERMINATED,
    SubHandling.CONFIRM: WatcherStatus.PENDING,
    SubHandling.POLITE_BLOCK: WatcherStatus.ACTIVE,
    SubHandling.ALLOW: WatcherStatus.ACTIVE,
}


@dataclass(slots=True, eq=False)
class Watch:
    """One watcher of one presentity."""

    id: str
    presentity: str
    watcher: str
    tell: Callable[[Watch], None]
    """Called when what the watcher is to be told has changed; a watch that is terminated then is forgotten already."""
    decision: Decision = UNDECIDED
    status: WatcherStatus = WatcherStatus.PENDING
    event: str = "subscribe"
    reason: str = ""
    """Why it is terminated: `rejected`, `deactivated`."""
    told: bytes | None = None
    """Document that the watcher has."""

    @property
    def state(self) -> WatcherState:
        """How it is written in watcher information."""
        return WatcherState(self.id, self.watcher, self.status, self.event)


class Watches:
    """All watches of one presence server.

    Args:
        publications: what presentities say.
        policy: who may see it.
        hard_state: learns what a presentity keeps at the XDMS; None: there is no XDMS.
        on_watcher: told of each change of a watcher, for watcher information.
        log: the node's logger.
        shows_while_pending: tell watchers who wait as much as others (fault `shows-state-while-pending`).
    """

    def __init__(
        self,
        publications: Publications,
        policy: Policy,
        hard_state: HardState | None,
        on_watcher: Callable[[str, WatcherState], None],
        log: logging.Logger,
        *,
        shows_while_pending: bool = False,
    ) -> None:
        self._publications = publications
        self._policy = policy
        self._hard_state = hard_state
        self._on_watcher = on_watcher
        self._log = log
        self._shows_while_pending = shows_while_pending
        self._by_presentity: dict[str, dict[str, Watch]] = {}
        self._waiting: dict[str, dict[str, WatcherState]] = {}
        self.work = Work()

    async def begin(
        self, presentity: str, watcher: str, tell: Callable[[Watch], None], *, id: str | None = None
    ) -> Watch:
        """Return a new watch, decided on. One that is blocked is terminated and not kept.

        Args:
            presentity: canonical identity of who is watched.
            watcher: of who watches.
            tell: see `Watch`; not called before this returns.
            id: of a watch that is taken up after a restart.
        """
        if self._hard_state is not None:
            await self._hard_state.learn(presentity)
        decision = await self._policy.decide(presentity, watcher)
        watch = Watch(id or f"w{secrets.token_hex(6)}", presentity, watcher, tell, decision)
        watch.status = _STATUS[decision.handling]
        watch.event = "subscribe" if watch.status is not WatcherStatus.TERMINATED else "rejected"
        self._waiting.get(presentity, {}).pop(watcher, None)
        if watch.status is WatcherStatus.TERMINATED:
            watch.reason = "rejected"
        else:
            self._by_presentity.setdefault(presentity, {})[watch.id] = watch
        self._log.info("%s watches %s: %s", watcher, presentity, watch.status.value)
        self._on_watcher(presentity, watch.state)
        return watch

    def end(self, watch: Watch, event: str = "timeout") -> None:
        """Forget a watch. Whoever was not decided on waits for the decision (RFC 3857 4.7.1)."""
        if self._by_presentity.get(watch.presentity, {}).pop(watch.id, None) is None:
            return
        waiting = self._waiting.setdefault(watch.presentity, {})
        if watch.status is WatcherStatus.PENDING and event == "timeout" and len(waiting) < _MOST_WAITING:
            watch.status = WatcherStatus.WAITING
            waiting[watch.watcher] = WatcherState(watch.id, watch.watcher, WatcherStatus.WAITING, event)
        else:
            watch.status = WatcherStatus.TERMINATED
        watch.event = event
        self._on_watcher(watch.presentity, watch.state)

    def document(self, watch: Watch) -> bytes | None:
        """Return what a watcher is told now; None where he is told nothing yet."""
        decision = watch.decision
        if decision.handling is SubHandling.ALLOW or (
            decision.handling is SubHandling.CONFIRM and self._shows_while_pending
        ):
            seen = self._publications.document(watch.presentity)
            if decision.handling is SubHandling.ALLOW:
                seen = transformed(seen, decision.permissions)
            watch.told = write_document(seen)
        elif decision.handling is SubHandling.POLITE_BLOCK:
            watch.told = write_document(unavailable(watch.presentity))
        else:
            watch.told = None
        return watch.told

    def watchers(self, presentity: str) -> list[WatcherState]:
        """Return all watchers of a presentity."""
        there = [watch.state for watch in self._by_presentity.get(presentity, {}).values()]
        return [*there, *self._waiting.get(presentity, {}).values()]

    def published(self, presentity: str) -> None:
        """Tell the watchers whose document is another one now; what has been published may change the rules too."""
        self.reconsider(presentity)

    def reconsider(self, presentity: str) -> None:
        """Decide anew on all watchers of a presentity: its rules, or what they depend on, have changed."""
        self.work.begin(self._reconsider(presentity))

    async def _reconsider(self, presentity: str) -> None:
        for watch in list(self._by_presentity.get(presentity, {}).values()):
            decision = await self._policy.decide(presentity, watch.watcher)
            if watch.id in self._by_presentity.get(presentity, {}):  # it may have ended meanwhile
                self._apply(watch, decision)
        await self._let_go(presentity, list(self._waiting.get(presentity, {}).values()))

    def _apply(self, watch: Watch, decision: Decision) -> None:
        before, told = watch.status, watch.told
        after = _STATUS[decision.handling]
        if after is WatcherStatus.PENDING and before is WatcherStatus.ACTIVE:
            # Nobody is told less and less: the watcher asks anew, and waits (RFC 6665 4.1.3: retry at once).
            self._terminate(watch, "deactivated", "deactivated")
            return
        if after is WatcherStatus.TERMINATED:
            self._terminate(watch, "rejected", "rejected")
            return
        watch.decision, watch.status = decision, after
        if after is not before:
            watch.event = "approved"
            self._on_watcher(watch.presentity, watch.state)
        if after is not before or self.document(watch) != told:
            watch.tell(watch)

    def _terminate(self, watch: Watch, event: str, reason: str) -> None:
        watch.reason = reason
        self.end(watch, event)
        watch.tell(watch)

    async def _let_go(self, presentity: str, waiting: Iterable[WatcherState]) -> None:
        """End the waiting of those who have been decided on."""
        for one in waiting:
            decision = await self._policy.decide(presentity, one.uri)
            if decision.handling is SubHandling.CONFIRM or self._waiting[presentity].pop(one.uri, None) is None:
                continue
            event = "rejected" if decision.handling is SubHandling.BLOCK else "approved"
            self._on_watcher(presentity, WatcherState(one.id, one.uri, WatcherStatus.TERMINATED, event))

    async def stop(self) -> None:
        """Give up what is under way."""
        await self.work.stop()
