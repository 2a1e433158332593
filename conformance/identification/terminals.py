"""The terminals of a trace: who sends REGISTERs of one Via, and what each REGISTER was answered with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain

from conformance.criteria.registration import Registration
from conformance.criteria.values import Digest, address, addresses, authorization, challenge, digests, is_aka, same_host
from conformance.identification.secrets import secret_of
from conformance.trace.correlate import Transaction
from conformance.trace.model import SipMessage
from conformance.vocabulary.identifiers import Endpoint

_PRIVATE = re.compile(r"(?:10|192\.168|172\.(?:1[6-9]|2[0-9]|3[01]))\.[0-9.]+\Z")
"""Addresses that many networks have (RFC 1918)."""


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One REGISTER of a terminal."""

    request: SipMessage
    response: SipMessage | None
    """Final response; None where none was seen."""
    challenge: Digest | None
    """The digest challenge that it answers; None where none came before it."""
    credentials: Sequence[Digest]
    """Its digest credentials, one for each Authorization that can be read as such."""


def _unknown(asked: Digest, answer: Digest) -> str | None:
    return None


@dataclass(frozen=True, eq=False)
class Terminal:
    """The REGISTERs that come from one contact or address, in the order of time; at least one."""

    turns: tuple[Turn, ...]
    others: tuple[SipMessage, ...] = ()
    """Other requests that come from where a REGISTER of it came from; none where nobody looked for them."""
    secret: Callable[[Digest, Digest], str | None] = field(default=_unknown, repr=False)
    """Gives H(A1) for a challenge and the credentials that answer it; None where nobody says it."""

    @property
    def endpoint(self) -> Endpoint:
        """Where its first REGISTER came from."""
        return self.turns[0].request.source

    @cached_property
    def requests(self) -> tuple[SipMessage, ...]:
        """Its REGISTERs."""
        return tuple(turn.request for turn in self.turns)

    @cached_property
    def credentials(self) -> Sequence[tuple[Turn, Digest]]:
        """All its digest credentials, each with its turn."""
        return [(turn, digest) for turn in self.turns for digest in turn.credentials]

    @cached_property
    def answers(self) -> Sequence[tuple[Turn, Digest, Digest]]:
        """The turns that answer a challenge by its nonce, with the challenge and the credentials that are meant."""
        found = ((turn, turn.challenge, meant(turn)) for turn in self.turns)
        return [
            (turn, asked, given)
            for turn, asked, given in found
            if asked is not None and given is not None and given.value("nonce")
        ]

    @cached_property
    def identities(self) -> tuple[str, ...]:
        """Public user identities that it registers, as the To header has them, each once."""
        found = (address(request, "To") for request in self.requests)
        return tuple(dict.fromkeys(one.name_addr.uri for one in found if one is not None))

    @cached_property
    def by_password(self) -> bool:
        """Whether the network challenges, and with a password's digest only."""
        challenges = [one for turn in self.turns if (one := challenge(turn.response)) is not None]
        return bool(challenges) and not any(map(is_aka, challenges))


def terminal_of(registration: Registration) -> Terminal | None:
    """Return the terminal of a registration, as far as its REGISTERs tell; None where none of them was captured."""
    pairs = [
        (attempt.gm.request, attempt.gm.response)
        for attempt in registration.attempts
        if attempt.gm is not None and attempt.gm.request is not None
    ]
    return Terminal(tuple(_turns(pairs)), secret=partial(secret_of, registration)) if pairs else None


def find_terminals(transactions: Sequence[Transaction]) -> list[Terminal]:
    """Find the terminals of a trace, in the order of their first REGISTERs.

    Who gets REGISTERs is a proxy or a registrar, and no terminal, whatever it sends.

    Args:
        transactions: From `correlate(trace)`.
    """
    registers = [
        (one.request, one.final)
        for one in transactions
        if one.protocol == "SIP" and one.method == "REGISTER" and isinstance(one.request, SipMessage)
    ]
    servers = {request.destination for request, _ in registers}
    same = _Same()
    sent: list[tuple[str, SipMessage, SipMessage | None]] = []
    for request, final in sorted(registers, key=lambda pair: pair[0].time_ns):
        if request.source in servers or len(request.sip.values("Via")) > 1:
            continue
        first, *joined = _places(request)
        for other in joined:
            same.join(first, other)
        sent.append((first, request, final if isinstance(final, SipMessage) else None))
    groups: dict[str, list[tuple[SipMessage, SipMessage | None]]] = {}
    for key, request, answer in sent:
        groups.setdefault(same.of(key), []).append((request, answer))
    ordered = list(groups.values())
    places = [dict.fromkeys(request.source for request, _ in group) for group in ordered]
    others = _others(transactions, frozenset(chain.from_iterable(places)))
    return [
        Terminal(tuple(_turns(group)), tuple(chain.from_iterable(others[place] for place in at)))
        for group, at in zip(ordered, places, strict=True)
    ]


def _others(transactions: Iterable[Transaction], places: frozenset[Endpoint]) -> dict[Endpoint, list[SipMessage]]:
    """Return the requests but REGISTER that come from places, without those that somebody else sends over them."""
    found: dict[Endpoint, list[SipMessage]] = {place: [] for place in places}
    for one in transactions:
        request = one.request
        if one.protocol != "SIP" or one.method == "REGISTER" or not isinstance(request, SipMessage):
            continue
        if request.source in places and len(request.sip.values("Via")) == 1:
            found[request.source].append(request)
    return found


class _Same:
    """Which keys are those of one terminal."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def of(self, key: str) -> str:
        """Return the key that stands for all that are joined with this one."""
        while (parent := self._parents.setdefault(key, key)) != key:
            self._parents[key] = self._parents[parent]
            key = parent
        return key

    def join(self, one: str, other: str) -> None:
        """Note that two keys are those of one terminal."""
        self._parents[self.of(other)] = self.of(one)


def _places(request: SipMessage) -> Iterator[str]:
    """Yield what makes two REGISTERs those of one terminal: where they come from, where it wants to be reached.

    Two terminals behind two NATs may have one private address: then where their REGISTERs come from tells them apart.
    """
    yield str(request.source)
    if request.sip.call_id:
        yield f"call {request.sip.call_id}"
    for contact in addresses(request, "Contact"):
        if contact.uri is not None and contact.uri.host:
            host = contact.uri.host
            hidden = _PRIVATE.match(host) is not None and not same_host(host, request.source.address)
            by = f"{request.source.address} " if hidden else ""
            yield f"contact {by}{host}:{contact.uri.port or 5060}"


def _turns(pairs: Iterable[tuple[SipMessage, SipMessage | None]]) -> Iterator[Turn]:
    """Yield the turns: a REGISTER answers one of the challenges that came last under its Call-ID, as its nonce says."""
    offered: dict[str, Sequence[Digest]] = {}
    for request, response in pairs:
        call = request.sip.call_id
        credentials = digests(request, "Authorization")
        yield Turn(request, response, _answered(offered.get(call, ()), credentials), credentials)
        if response is not None and challenge(response) is not None:
            offered[call] = digests(response, "WWW-Authenticate")
        elif response is not None and (response.sip.status or 0) < 300:
            offered[call] = ()


def _answered(offered: Sequence[Digest], credentials: Sequence[Digest]) -> Digest | None:
    given = {(one.value("nonce"), one.value("realm")) for one in credentials}
    fitting = (one for one in offered if (one.value("nonce"), one.value("realm")) in given)
    return next(fitting, next(iter(offered), None))


def meant(turn: Turn) -> Digest | None:
    """Return the credentials that a turn means: those for the realm of the challenge, where several are there."""
    return authorization(turn.request, None if turn.challenge is None else turn.challenge.value("realm"))
