"""The registration event package of one user as the criteria see it: who subscribed, and what each was told.

All subscriptions to one user's registration state are one procedure: that of the terminal, that of the
P-CSCF, and those of anybody else. What began and ended the registration stands beside them, because that is
what NOTIFYs have to tell. Who is who was decided by `judgement.subscriptions`; nothing here judges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from conformance.criteria.border import across_borders
from conformance.criteria.passage import Way
from conformance.criteria.procedure import Facts, Kind, Seen
from conformance.criteria.reginfo import RegInfo, read_reginfo
from conformance.criteria.registration import Exchange
from conformance.criteria.values import addresses, asked_expiry, result, same_contact, seconds
from conformance.criteria.xml_tree import NotReadError, NotWellFormedError
from conformance.trace.model import Message, SipMessage
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

PCSCFS = (Role.HOME_PCSCF, Role.VISITED_PCSCF)


@dataclass(frozen=True, eq=False)
class Passage(Way):
    """One SUBSCRIBE or NOTIFY on its way, hop by hop."""

    @cached_property
    def document(self) -> RegInfo | None:
        """Registration information in the body; None where there is none that can be read."""
        if self.request is None or not self.request.sip.body or self.request.truncated:
            return None
        try:
            return read_reginfo(self.request.sip.body)
        except (NotReadError, NotWellFormedError):
            return None

    @cached_property
    def substate(self) -> tuple[str, dict[str, str]]:
        """Value and parameters of Subscription-State, lower case; empty where it is absent (RFC 6665)."""
        header = None if self.request is None else self.request.sip.first("Subscription-State")
        if header is None:
            return "", {}
        value, *params = header.value.split(";")
        pairs = (param.partition("=") for param in params)
        return value.strip().lower(), {name.strip().lower(): text.strip().lower() for name, _, text in pairs}


@dataclass(frozen=True, eq=False)
class Subscription:
    """One subscription: the dialog that a SUBSCRIBE begins."""

    subscriber: Role | None
    """`ue`, a P-CSCF, or None for somebody else (an application server)."""
    subscribes: tuple[Passage, ...]
    """In time order; none where the capture begins later."""
    notifies: tuple[Passage, ...]

    @property
    def accepted(self) -> tuple[Passage, ...]:
        """The SUBSCRIBEs that were answered with 2xx."""
        return tuple(one for one in self.subscribes if one.is_accepted)

    @property
    def passages(self) -> Iterator[Passage]:
        """SUBSCRIBEs, then NOTIFYs."""
        yield from self.subscribes
        yield from self.notifies

    @property
    def pairs(self) -> set[tuple[Role | None, Role | None]]:
        """Sender and receiver of every hop that was captured."""
        return {(hop.sender, hop.receiver) for one in self.passages for hop in one.hops}

    def is_live(self, time_ns: int) -> bool:
        """Tell whether the subscription was open at a time: accepted or notified before, and not ended."""
        told = [one for one in self.notifies if one.time_ns < time_ns]
        if any(one.substate[0] == "terminated" or one.status in (404, 410, 481) for one in told):
            return False
        asked = [one for one in self.accepted if one.time_ns < time_ns]
        if not asked:
            return bool(told)
        last = asked[-1]
        granted = self.granted_s(last)
        return granted is None or last.time_ns + granted * 1_000_000_000 > time_ns

    @staticmethod
    def granted_s(subscribe: Passage) -> int | None:
        """Return the seconds that the answer to a SUBSCRIBE grants, None where it does not say."""
        header = None if subscribe.response is None else subscribe.response.sip.first("Expires")
        return None if header is None else seconds(header.value)


@dataclass(frozen=True, eq=False)
class Accepted:
    """One REGISTER that was answered with 2xx."""

    request: SipMessage | None
    """Nearest to the terminal."""
    response: SipMessage
    """Nearest to the terminal."""
    at_terminal: bool
    """True where the response is the one that the terminal got."""
    contacts: tuple[str, ...]
    """URIs of the Contact headers on all hops: a P-CSCF may add parameters."""
    asked: tuple[str, ...]
    """Those of the REGISTER alone: an answer has the contacts of other devices of the user, too."""
    paths: tuple[str, ...]
    """URIs of Path, as the S-CSCF got them."""
    removes: bool
    """True where every contact is given up."""
    is_first: bool
    """True where the S-CSCF reports the first registration of the identity (SAR type 1)."""
    time_ns: int
    """Time of the REGISTER, nanoseconds since 1970."""
    end_ns: int
    """Time of the answer, nanoseconds since 1970."""

    @cached_property
    def identity(self) -> str:
        """Public user identity of the To header."""
        return next((a.name_addr.uri for a in addresses(self.response, "To")), "")

    @cached_property
    def associated(self) -> tuple[str, ...]:
        """Identities of P-Associated-URI, the default one first."""
        return tuple(a.name_addr.uri for a in addresses(self.response, "P-Associated-URI"))

    @cached_property
    def service_route(self) -> tuple[str, ...]:
        """URIs of the Service-Route."""
        return tuple(a.name_addr.uri for a in addresses(self.response, "Service-Route"))

    @cached_property
    def granted_s(self) -> int | None:
        """Longest expiry of a contact that the answer grants, of this terminal or another one, seconds."""
        times = [asked_expiry(self.response, contact) for contact in addresses(self.response, "Contact")]
        return max((one for one in times if one is not None), default=None)

    @cached_property
    def own_granted_s(self) -> int | None:
        """Longest expiry that the answer grants to a contact of the request, seconds."""
        asked = [] if self.request is None else addresses(self.request, "Contact")
        granted = [
            asked_expiry(self.response, contact)
            for contact in addresses(self.response, "Contact")
            if any(same_contact(contact.name_addr.uri, own.name_addr.uri) for own in asked)
        ]
        return max((one for one in granted if one is not None), default=None)

    @cached_property
    def ends_all(self) -> bool:
        """True where no contact of the user is left."""
        return self.removes and not self.granted_s


@dataclass(frozen=True, eq=False)
class RegistrationEvents:
    """All that was seen of the registration event package of one user."""

    subject: str
    """Public user identity."""
    subscriptions: tuple[Subscription, ...]
    registers: tuple[Accepted, ...] = ()
    """In time order."""
    terminations: tuple[Exchange, ...] = ()
    """RTRs of the HSS."""
    locations: tuple[tuple[Passage, Exchange], ...] = ()
    """LIRs, each with the SUBSCRIBE that set it off."""
    roles: dict[Role, tuple[Endpoint, ...]] = field(default_factory=dict)
    observed: frozenset[Point] = frozenset()
    lossless: bool = True
    facts: Facts = field(default_factory=Facts)
    end_ns: int = 0
    """Time of the last message of the trace, nanoseconds since 1970."""
    kind: Kind = Kind.SUBSCRIPTION

    @property
    def parties(self) -> tuple[str, ...]:
        """The one user."""
        return (self.subject,)

    def notified(self) -> Iterator[tuple[Subscription, Passage, SipMessage]]:
        """Yield every NOTIFY whose request was captured: subscription, way, and the request nearest to the S-CSCF."""
        for one in self.subscriptions:
            for notify in one.notifies:
                if notify.request is not None:
                    yield one, notify, notify.request

    def shows_notifies(self, subscription: Subscription) -> bool:
        """Tell whether the hop was captured by which the S-CSCF notifies a subscriber: what is not there was not sent.

        Terminal and P-CSCF are notified by the P-CSCF, whoever brought the SUBSCRIBE: an I-CSCF does not stay between.
        """
        whose = (Role.UE, *PCSCFS)
        alike = self.of(*whose) if subscription.subscriber in whose else (subscription,)
        away = (Role.UE, Role.HOME_ICSCF)
        return any(
            Role.HOME_SCSCF in pair and not any(role in away for role in pair) for one in alike for pair in one.pairs
        )

    def of(self, *subscribers: Role) -> tuple[Subscription, ...]:
        """Return the subscriptions of those roles."""
        return tuple(one for one in self.subscriptions if one.subscriber in subscribers)

    def registered_at(self, time_ns: int) -> Accepted | None:
        """Return the last REGISTER that was accepted before a time, None where it ended the registration."""
        before = [one for one in self.registers if one.time_ns < time_ns]
        return before[-1] if before and not before[-1].ends_all else None

    def registered_by(self, request: SipMessage) -> Accepted | None:
        """Return the last REGISTER of the terminal that sends a request; None where it cannot be told."""
        before = [one for one in self.registers if one.time_ns < request.time_ns]
        contacts = [found.name_addr.uri for found in addresses(request, "Contact")]
        own = [one for one in before if any(same_contact(a, b) for a in contacts for b in one.contacts)]
        if not own and len({one.contacts[:1] for one in before}) == 1:
            own = before
        return own[-1] if own and not own[-1].removes else None

    @property
    def messages(self) -> Iterator[Message]:
        """All messages of the subscriptions, and the Cx that belongs to them."""
        for one in self.subscriptions:
            for passage in one.passages:
                yield from passage.messages
        for _, exchange in self.locations:
            yield from exchange.messages
        for exchange in self.terminations:
            yield from exchange.messages

    def sees(self, point: Point) -> bool:
        """Tell whether the point was captured."""
        return point in self.observed

    def transactions(self) -> Iterator[Seen]:
        """Yield each transaction; those of the P-CSCF's own subscription say so in their method."""
        events: list[tuple[int, Passage | Exchange, Subscription | None]] = [
            (passage.time_ns, passage, one) for one in self.subscriptions for passage in one.passages
        ]
        events += [(exchange.time_ns, exchange, None) for exchange in self.terminations]
        events.sort(key=lambda event: event[0])
        places = {id(what): index for index, (_, what, _) in enumerate(events)}
        for index, (_, what, subscription) in enumerate(events):
            if isinstance(what, Passage):
                yield from _passage(what, subscription, index)
            else:
                yield _cx(what, Role.HOME_HSS, Role.HOME_SCSCF, index)
        for passage, exchange in self.locations:
            yield _cx(exchange, Role.HOME_ICSCF, Role.HOME_HSS, places[id(passage)])


def _passage(passage: Passage, subscription: Subscription | None, index: int) -> Iterator[Seen]:
    own = subscription is not None and subscription.subscriber in PCSCFS
    for hops in across_borders(passage.hops):
        hop = hops[0]
        messages = tuple(message for one in hops for message in one.messages)
        sip = next(message.sip for message in messages if isinstance(message, SipMessage))
        method = sip.method if sip.is_request else sip.cseq_method
        status = None if hop.response is None else str(hop.response.sip.status)
        name = f"{method} (P-CSCF)" if own else method
        yield Seen("SIP", hop.sender, hops[-1].receiver, name, status, index, messages)


def _cx(exchange: Exchange, source: Role, destination: Role, index: int) -> Seen:
    code, _ = result(exchange.answer)
    shown = None if code is None else str(code)
    return Seen("Diameter", source, destination, exchange.command, shown, index, tuple(exchange.messages))
