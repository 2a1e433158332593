"""Presence as the criteria see it: a publication, a subscription of a watcher, and the documents of a user.

Who is who was decided by `judgement.presence_roles`; nothing here judges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from conformance.criteria.border import across_borders
from conformance.criteria.passage import Way
from conformance.criteria.pres_rules import decide
from conformance.criteria.procedure import Facts, Kind, Seen
from conformance.criteria.registration import Hop
from conformance.criteria.subscription import Passage, Subscription
from conformance.criteria.values import address, addresses
from conformance.criteria.xcap_names import DocumentName
from conformance.trace.model import HttpMessage, Message, SipMessage
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

PRESENCE = "presence"
WINFO = "presence.winfo"
SERVERS = (Role.ORIG_SCSCF, Role.TERM_SCSCF)
AT_ONCE_NS = 500_000_000
"""A server that has just been told of a rule may answer so long by the one before."""


class Rules(NamedTuple):
    """The rules of a presentity, from when they were seen to hold."""

    since_ns: int
    message: HttpMessage
    """What has the document; of one that was taken away, or changed in part and not read again, the request."""
    document: bytes | None
    """None where it is not known as a whole."""
    name: tuple[str, str, str]
    is_change: bool
    """False where the document was only read."""


@dataclass(frozen=True, eq=False, kw_only=True)
class _View:
    """What all have in common."""

    subject: str
    roles: Mapping[Role, tuple[Endpoint, ...]] = field(default_factory=dict)
    observed: frozenset[Point] = frozenset()
    lossless: bool = True
    facts: Facts = field(default_factory=Facts)
    end_ns: int = 0
    """Time of the last message of the trace, nanoseconds since 1970."""

    def sees(self, point: Point) -> bool:
        """Tell whether the point was captured."""
        return point in self.observed


@dataclass(frozen=True, eq=False, kw_only=True)
class _Ways(_View):
    @property
    def ways(self) -> tuple[Way, ...]:
        """All requests, in time order."""
        raise NotImplementedError

    @property
    def asks(self) -> tuple[Way, ...]:
        """Those that ask the presence server."""
        raise NotImplementedError

    @property
    def messages(self) -> Iterator[Message]:
        """All messages."""
        for way in self.ways:
            yield from way.messages

    def into_server(self) -> Iterator[tuple[Way, Hop, SipMessage]]:
        """Yield the hops by which requests reach the presence server: way, hop, request."""
        for way in self.asks:
            hop = way.hop_to(Role.PRESENCE)
            if hop is not None and hop.request is not None:
                yield way, hop, hop.request

    def transactions(self) -> Iterator[Seen]:
        """Yield each transaction; those of one request have one attempt, and what is challenged says so."""
        for index, way in enumerate(self.ways):
            for hops in across_borders(way.hops):
                messages = tuple(message for one in hops for message in one.messages)
                sip = next(message.sip for message in messages if isinstance(message, SipMessage))
                method = sip.method if sip.is_request else sip.cseq_method
                method += " (challenged)" if way.is_challenged else ""
                response = hops[0].response
                status = None if response is None else str(response.sip.status)
                yield Seen("SIP", hops[0].sender, hops[-1].receiver, method, status, index, messages)


@dataclass(frozen=True, eq=False, kw_only=True)
class Publication(_Ways):
    """The PUBLISHes of one device for one presentity."""

    publishes: tuple[Way, ...]
    """In time order."""
    kind: Kind = Kind.PUBLICATION

    @property
    def parties(self) -> tuple[str, ...]:
        """The presentity."""
        return (self.subject,)

    @property
    def ways(self) -> tuple[Way, ...]:
        """The PUBLISHes."""
        return self.publishes

    @property
    def asks(self) -> tuple[Way, ...]:
        """The PUBLISHes."""
        return self.publishes


@dataclass(frozen=True, eq=False, kw_only=True)
class Watching(_Ways):
    """One subscription to presence, to the watchers of a presentity, or to a list."""

    presentity: str
    """Whom, or which list, the subscription is for."""
    package: str
    is_list: bool
    subscription: Subscription
    rules: tuple[Rules, ...] = ()
    """Of the presentity, in time order."""
    kind: Kind = Kind.WATCHING

    @property
    def parties(self) -> tuple[str, ...]:
        """Subscriber and presentity."""
        return (self.subject, self.presentity)

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """SUBSCRIBEs and NOTIFYs, in time order."""
        return tuple(sorted(self.subscription.passages, key=lambda one: one.time_ns))

    @property
    def asks(self) -> tuple[Way, ...]:
        """The SUBSCRIBEs."""
        return self.subscription.subscribes

    def notified(self) -> Iterator[tuple[Passage, SipMessage]]:
        """Yield every NOTIFY whose request was captured."""
        for notify in self.subscription.notifies:
            if notify.request is not None:
                yield notify, notify.request

    @cached_property
    def asserted(self) -> str:
        """Who watches, as the network asserts it; empty where that was not seen."""
        requests = (hop.request for way in self.asks for hop in reversed(way.hops))
        for request in requests:
            for one in () if request is None else addresses(request, "P-Asserted-Identity"):
                return one.name_addr.uri
        return ""

    def decided(self, time_ns: int) -> tuple[str, Rules] | None:
        """Return how the rules that held at a time want the watcher to be handled, and since when they held.

        None where that is not known: no rules were seen, several documents say different things, a part was changed.
        """
        watcher = self.asserted
        latest: dict[tuple[str, str, str], Rules] = {}
        for one in self.rules:
            if one.since_ns <= time_ns:
                before = latest.get(one.name)
                same = before is not None and before.document == one.document and one.document is not None
                latest[one.name] = before if same and before is not None else one
        found = {None if one.document is None else decide(one.document, watcher) for one in latest.values()}
        if not watcher or len(found) != 1 or None in found:
            return None
        newest = max(latest.values(), key=lambda one: one.since_ns)
        handling = found.pop()
        return None if handling is None else (handling, newest)


def is_initial(request: SipMessage) -> bool:
    """Tell whether a request is outside of a dialog."""
    target = address(request, "To")
    return target is not None and "tag" not in target.name_addr.params


class DocumentRequest(NamedTuple):
    """One request to an XDMS and its final answer, as far as captured."""

    name: DocumentName | None
    """None where an answer alone was captured."""
    request: HttpMessage | None
    answer: HttpMessage | None

    @property
    def method(self) -> str:
        """Method of the request."""
        return "" if self.request is None else self.request.http.method

    @property
    def status(self) -> int | None:
        """Status of the answer."""
        return None if self.answer is None else self.answer.http.status

    @property
    def accepted(self) -> bool:
        """True where the answer is 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def messages(self) -> Iterator[HttpMessage]:
        """Request and answer."""
        for message in (self.request, self.answer):
            if message is not None:
                yield message

    @property
    def time_ns(self) -> int:
        """Time of the first message, nanoseconds since 1970."""
        return min(message.time_ns for message in self.messages)


@dataclass(frozen=True, eq=False, kw_only=True)
class Documents(_View):
    """What one client asks of documents, mostly those of one user."""

    client: Role
    requests: tuple[DocumentRequest, ...]
    """In time order."""
    history: tuple[DocumentRequest, ...] = ()
    """What all clients asked, in time order."""
    kind: Kind = Kind.DOCUMENTS

    @property
    def parties(self) -> tuple[str, ...]:
        """The user whose documents they are."""
        return (self.subject,)

    @property
    def messages(self) -> Iterator[Message]:
        """All messages."""
        for one in self.requests:
            yield from one.messages

    def transactions(self) -> Iterator[Seen]:
        """Yield each transaction."""
        for index, one in enumerate(self.requests):
            status = None if one.status is None else str(one.status)
            yield Seen("HTTP", self.client, Role.XDMS, one.method, status, index, tuple(one.messages))
