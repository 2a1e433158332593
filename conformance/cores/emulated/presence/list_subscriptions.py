"""The resource list server: one subscription to the presence of many (RFC 4662).

Members of the own network are watched here (a virtual subscription); members of others by a back-end subscription on
behalf of the user, which goes by the S-CSCF that serves him.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from sipmessage import URI, Request, Response

from conformance.cores.emulated.notifier import Content, check_accept, package_of
from conformance.cores.emulated.presence.document_news import DocumentNews, Followed
from conformance.cores.emulated.presence.kept_subscriptions import DEFAULT_S, KeptSubscriptions
from conformance.cores.emulated.presence.lists import FOLDERS, FoundList, Lists, ListUnreadable
from conformance.cores.emulated.presence.store import KeptSubscription, PresenceStore
from conformance.cores.emulated.presence.subscriber import OwnSubscription, Subscriber, Wish
from conformance.cores.emulated.presence.subscriptions import PRESENCE
from conformance.cores.emulated.presence.watches import Watch, Watches
from conformance.cores.emulated.sip_server import Refused
from conformance.protocols.presence import pidf
from conformance.protocols.presence.identity import canonical, domain_of
from conformance.protocols.presence.rlmi import CONTENT_TYPE, MULTIPART, Resource, write_rlmi
from conformance.protocols.presence.winfo import WatcherStatus
from conformance.protocols.sip.name_addr import NameAddr
from conformance.stack.locate import Locator
from conformance.stack.sip import SipStack

EVENTLIST = "eventlist"
_HEADERS = {"Require": EVENTLIST}
_MOST = 1_000
_REASON = re.compile("reason=([a-z0-9-]{1,40})")
_MOST_OCTETS = 40 * 1024
"""Of the documents in one NOTIFY, which has to stay a message that everybody takes."""


@dataclass(slots=True, eq=False)
class _Watched:
    """A member, and how it is watched: by either of two ways."""

    resource: Resource
    watch: Watch | None = None
    back_end: OwnSubscription | None = None

    @property
    def outline(self) -> Resource:
        """What is said of it where its document has no room: a later NOTIFY has that."""
        return replace(self.resource, document=None)


@dataclass(slots=True, eq=False)
class _Entry:
    kept: KeptSubscription
    members: dict[str, _Watched] = field(default_factory=dict)
    found: FoundList | None = None
    """The list as it was when it was read last."""
    followed: Followed | None = None
    """The documents that it is made of."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    begun: bool = False
    """The first NOTIFY has been sent; changes before it are part of it."""


class ListSubscriptions(KeptSubscriptions[_Entry]):
    """The list subscriptions of one presence server.

    Args:
        stack: sends the NOTIFYs.
        locator: finds their next hop.
        uri: SIP URI of the server.
        domain: of its network.
        users: canonical identities that it serves.
        route: Route of back-end subscriptions.
        lists: finds a list.
        news: tells of changes of lists; None where there are none.
        watches: of members of the own network.
        subscriber: makes back-end subscriptions.
        store: where subscriptions are kept.
        log: the node's logger.
    """

    def __init__(
        self,
        stack: SipStack,
        locator: Locator,
        uri: str,
        *,
        domain: str,
        users: Iterable[str],
        route: tuple[str, ...],
        lists: Lists,
        news: DocumentNews | None,
        watches: Watches,
        subscriber: Subscriber,
        store: PresenceStore,
        log: logging.Logger,
    ) -> None:
        super().__init__(stack, locator, uri, store, log)
        self._domain = domain
        self._users = frozenset(users)
        self._route = route
        self._lists = lists
        self._news = news
        self._watches = watches
        self._subscriber = subscriber

    async def find(self, request: Request, watcher: str) -> FoundList | None:
        """Return the list that a SUBSCRIBE is for; None where its Request-URI is no list of the watcher's."""
        if package_of(request) != PRESENCE or domain_of(canonical(str(request.uri))) != self._domain:
            return None
        try:
            return await self._lists.read(str(request.uri), watcher)
        except ListUnreadable as error:
            self._log.warning("list %.200s: %.300s", request.uri, error)
            return None

    async def restore(self) -> None:
        """Take up the subscriptions from before a restart."""
        for kept in list(self._store.subscriptions()):
            if kept.package == EVENTLIST:
                entry = _Entry(kept)
                self._entries[kept.subscription.dialog.key] = entry
                self.notifier.restore(kept.subscription)
                self._follow(entry)
                async with entry.turn:
                    await self._look_again(entry)

    async def begin(self, request: Request, found: FoundList, watcher: str) -> Response:
        """Answer a SUBSCRIBE that begins a subscription to a list.

        Raises:
            Refused: 421 the subscriber does not know lists, 406 it does not take their documents, 489 the list is not
                for presence, 503 too many.
            ValueError: a header field that cannot be read.
        """
        supported = {tag.strip().lower() for v in request.headers.getlist("Supported") for tag in v.split(",")}
        if EVENTLIST not in supported:
            raise Refused(421, headers=_HEADERS)
        if found.packages and PRESENCE not in found.packages:
            raise Refused(489, headers={"Allow-Events": ", ".join(sorted(found.packages))[:200]})
        check_accept(request, MULTIPART, CONTENT_TYPE, pidf.CONTENT_TYPE)
        if len(self._entries) >= _MOST:
            raise Refused(503)
        subscription, response = self.notifier.begin(request)
        kept = KeptSubscription(subscription, EVENTLIST, canonical(str(request.uri)), watcher, "")
        entry = _Entry(kept)
        self._entries[subscription.dialog.key] = entry
        response.headers.set("Require", EVENTLIST)
        if subscription.left_s:
            self._store.put_subscription(kept)
            self._follow(entry)
        async with entry.turn:
            await self._watch(entry, found)
            self._answered(entry)
        return response

    async def renew(self, request: Request) -> Response:
        """Answer a SUBSCRIBE that refreshes a subscription or ends it; the list is read anew.

        Raises:
            Refused: see `Notifier.known`.
            ValueError: a header field that cannot be read.
        """
        subscription = self.notifier.known(request)
        assert subscription is not None
        entry = self._entries[subscription.dialog.key]
        response = self.notifier.renew(subscription, request)
        response.headers.set("Require", EVENTLIST)
        self._store.put_subscription(entry.kept)
        async with entry.turn:
            if subscription.left_s:
                await self._look_again(entry)
            else:
                self._answered(entry)
        return response

    def _follow(self, entry: _Entry) -> None:
        """Be told when one of the documents changes that the list is made of."""
        if self._news is not None:
            user = entry.kept.watcher
            folders = tuple(folder.format(user=user) for folder in FOLDERS)
            entry.followed = self._news.follow(user, folders, lambda: self._subscriber.work.begin(self._told(entry)))

    async def _told(self, entry: _Entry) -> None:
        async with entry.turn:
            if entry.begun:
                await self._look_again(entry, only_changed=True)

    async def _look_again(self, entry: _Entry, *, only_changed: bool = False) -> None:
        """Read the list anew and tell all of it; a list that is gone ends the subscription.

        Args:
            entry: it.
            only_changed: tell nothing where the list is as it was.
        """
        found = entry.found
        try:
            found = await self._lists.read(entry.kept.presentity, entry.kept.watcher)
        except ListUnreadable as error:  # then it is what it was
            self._log.warning("list %.200s: %.300s", entry.kept.presentity, error)
        if entry.kept.subscription.dialog.key not in self._entries:  # its time is over meanwhile
            return
        if only_changed and found == entry.found:
            return
        entry.begun = False
        if found is None:
            self._end(entry, "noresource")
            return
        await self._watch(entry, found)
        self._answered(entry)

    async def _watch(self, entry: _Entry, found: FoundList) -> None:
        entry.found = found
        wanted = {canonical(member.uri): member for member in found.members}
        for identity in set(entry.members) - set(wanted):
            self._leave(entry.members.pop(identity))
        before, entry.members = entry.members, {}
        for identity, member in wanted.items():
            if (watched := before.get(identity)) is not None:
                entry.members[identity] = watched
                watched.resource = replace(watched.resource, uri=member.uri, name=member.name)
            else:
                watched = entry.members[identity] = _Watched(Resource(member.uri, member.name))
                await self._begin(entry, watched, identity)

    async def _begin(self, entry: _Entry, watched: _Watched, identity: str) -> None:
        watcher = entry.kept.watcher
        if identity in self._users:
            seen = self._seer(entry, watched)
            watched.watch = await self._watches.begin(identity, watcher, seen)
            seen(watched.watch)
        elif domain_of(identity) == self._domain or not _is_sip(identity):
            self._know(entry, watched, "terminated", "noresource", None)
        else:
            wish = Wish(identity, PRESENCE, pidf.CONTENT_TYPE, watcher, DEFAULT_S, self._route)
            # It is begun beside the answer to the list's subscriber, who does not wait for other networks.
            self._subscriber.work.begin(self._subscribe(entry, watched, wish))

    async def _subscribe(self, entry: _Entry, watched: _Watched, wish: Wish) -> None:
        watched.back_end = await self._subscriber.begin(wish, self._hearer(entry, watched))
        if entry.kept.subscription.dialog.key not in self._entries:  # the list's subscriber has left meanwhile
            self._subscriber.end(watched.back_end)

    def _hearer(self, entry: _Entry, watched: _Watched) -> Callable[[Request], None]:
        def heard(request: Request) -> None:
            state, *parameters = (request.headers.get("Subscription-State") or "").lower().split(";")
            reasons = (_REASON.fullmatch(parameter.strip()) for parameter in parameters)
            reason = next((found[1] for found in reasons if found), "")
            kind = (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
            document = request.body if kind == pidf.CONTENT_TYPE and request.body else None
            if document is not None:
                pidf.read_pidf(document)
            self._know(entry, watched, state.strip(), reason, document)

        return heard

    def _seer(self, entry: _Entry, watched: _Watched) -> Callable[[Watch], None]:
        def seen(watch: Watch) -> None:
            over = watch.status is WatcherStatus.TERMINATED
            document = None if over else self._watches.document(watch)
            self._know(entry, watched, watch.status.value, watch.reason, document)
            if over and watch.reason == "deactivated":  # ask anew at once (RFC 6665 4.1.3)
                self._subscriber.work.begin(self._begin(entry, watched, watch.presentity))

        return seen

    def _know(self, entry: _Entry, watched: _Watched, state: str, reason: str, document: bytes | None) -> None:
        before = watched.resource
        state = state if state in ("pending", "active") else "terminated"
        watched.resource = Resource(before.uri, before.name, state, reason, document)
        if entry.begun and watched.resource != before:
            self.notifier.notify(
                entry.kept.subscription, "active", self._content(entry, [watched.resource], full=False)
            )

    def _answered(self, entry: _Entry) -> None:
        subscription = entry.kept.subscription
        if not subscription.left_s:
            self._end(entry, "timeout")
            return
        entry.begun = True
        self.notifier.notify(subscription, "active", self._everything(entry))
        for portion in _portions(list(entry.members.values()))[1:]:
            resources = [one.resource for one in portion]
            self.notifier.notify(subscription, "active", self._content(entry, resources, full=False))

    def _everything(self, entry: _Entry) -> Content:
        first = {id(one) for one in _portions(list(entry.members.values()))[0]}
        whole = [one.resource if id(one) in first else one.outline for one in entry.members.values()]
        return self._content(entry, whole, full=True)

    def _content(self, entry: _Entry, resources: list[Resource], *, full: bool) -> Content:
        subscription = entry.kept.subscription
        type, body = write_rlmi(entry.kept.presentity, subscription.version, resources, full=full)
        subscription.version += 1
        return Content(type, body, _HEADERS)

    def _end(self, entry: _Entry, reason: str) -> None:
        entry.begun = False
        self.notifier.end(entry.kept.subscription, reason, self._everything(entry))
        self._gone(entry.kept.subscription)

    def _left(self, entry: _Entry) -> None:
        entry.begun = False
        if self._news is not None and entry.followed is not None:
            self._news.leave(entry.followed)
        for watched in entry.members.values():
            self._leave(watched)

    def _leave(self, watched: _Watched) -> None:
        if watched.watch is not None:
            self._watches.end(watched.watch)
        if watched.back_end is not None:
            self._subscriber.end(watched.back_end)


def _portions(members: list[_Watched]) -> list[list[_Watched]]:
    """Part members so that the documents of each portion fit into one NOTIFY (RFC 4662 5.2); one portion at least."""
    portions: list[list[_Watched]] = [[]]
    room = _MOST_OCTETS
    for one in members:
        octets = len(one.resource.document or b"")
        if octets > room and portions[-1]:
            portions.append([])
            room = _MOST_OCTETS
        portions[-1].append(one)
        room -= octets
    return portions


def _is_sip(identity: str) -> bool:
    """Tell whether a member can be subscribed to: what stands in a list may be anything."""
    try:
        return NameAddr.parse(f"<{identity}>").uri == identity and URI.parse(identity).scheme == "sip"
    except ValueError:
        return False
