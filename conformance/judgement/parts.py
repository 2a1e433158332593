"""Takes a large trace apart: all messages of some users are one part, so that parts are judged independently.

Users belong together where anything links them: a Call-ID, a transaction, a public or private identity, the
identities that one registration brings with it, a Diameter exchange. What serves everybody, DNS, is in each part that
it may belong to.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote

from conformance.criteria.values import addresses, authorization, every, text
from conformance.criteria.xcap_names import user_of
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import DNS_WINDOW_NS, Transaction
from conformance.trace.model import DiameterMessage, DnsMessage, HttpMessage, Message, SipMessage, Trace
from conformance.trace.sip_values import parse_uri, parse_via
from conformance.vocabulary.numbers import Avp

MAGIC_COOKIE = "z9hG4bK"
PART = 1_000
"""Messages of a part, about: as many as stay in fast memory, and enough that each part has its own users' work only."""

_UNUSUAL = (b"\n ", b"\n\t", b" :", b"\t:", b"\ni:", b"\nt:", b"\nf:")
"""Folded lines, space before a colon, compact names."""
_URI = re.compile(rb"[ \t]*<([^<>\"\s]+)>")
_BRANCH = re.compile(rb'[^,;"]*(?:;(?!branch=)[^,;"]*)*;branch=(z9hG4bK[^,;"\s]*)(?:[,;]|\Z)')
_USERNAME = re.compile(rb'[ ,\t]username="([^"\\]+)"')
_SEPARATORS = re.compile(r"[-.()]")
_ABOUT_USERS = (b"REGISTER", b"SUBSCRIBE", b"NOTIFY", b"PUBLISH")


def split(around: Surroundings, size: int = PART) -> list[Trace]:
    """Take a trace apart.

    Args:
        around: The whole trace.
        size: Messages of a part, about; a part is larger where so many belong together.

    Returns:
        Parts that have every SIP and Diameter message once, in the order of their first messages.
    """
    trace = around.trace
    links = _Links()
    places = _diameter_places(around.diameter, links)
    owners: list[int | None] = []
    for message in trace.messages:
        if isinstance(message, SipMessage):
            owners.append(links.join(_names(message)))
        elif isinstance(message, HttpMessage):
            owners.append(links.join(_document_names(message)))
        else:
            owners.append(places.get(id(message)))
    groups: dict[int, list[Message]] = {}
    queries: list[DnsMessage] = []
    for message, owner in zip(trace.messages, owners, strict=True):
        if owner is not None:
            groups.setdefault(links.root(owner), []).append(message)
        elif isinstance(message, DnsMessage):
            queries.append(message)
    return [Trace(trace.captures, tuple(part)) for part in _packed(groups.values(), queries, size)]


def _packed(groups: Iterable[list[Message]], queries: Sequence[Message], size: int) -> Iterator[list[Message]]:
    """Yield parts of whole groups, messages in time order; those of DNS around them in each."""
    part: list[Message] = []
    for group in groups:
        part += group
        if len(part) >= size:
            yield _with_dns(part, queries)
            part = []
    if part:
        yield _with_dns(part, queries)


def _with_dns(part: list[Message], queries: Sequence[Message]) -> list[Message]:
    times = [message.time_ns for message in part] or [0]
    begin = bisect_left(queries, min(times) - DNS_WINDOW_NS, key=_time)
    end = bisect_right(queries, max(times) + DNS_WINDOW_NS, key=_time)
    # Messages of one time keep their order: a trace has it from the frames.
    return sorted([*part, *queries[begin:end]], key=lambda m: (m.time_ns, m.capture, m.frame))


def _time(message: Message) -> int:
    return message.time_ns


class _Links:
    """Which names belong together (union by the older one, with halved paths)."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._parents: list[int] = []

    def join(self, names: Iterable[str]) -> int:
        """Note that the names belong together; return a number of theirs."""
        first = -1
        for name in names:
            number = self._numbers.get(name)
            if number is None:
                number = self._numbers[name] = len(self._parents)
                self._parents.append(number)
            root = self.root(number)
            if first < 0:
                first = root
            elif root != first:
                older, younger = min(first, root), max(first, root)
                self._parents[younger] = older
                first = older
        return first

    def root(self, number: int) -> int:
        """Return the number that stands for all that belong together."""
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number


def _diameter_places(transactions: Iterable[Transaction], links: _Links) -> dict[int, int]:
    """Join the names of each Diameter transaction; return a number of theirs for each of its messages, by `id`."""
    places: dict[int, int] = {}
    for count, transaction in enumerate(transactions):
        names = [f"diameter {count}"]
        for message in transaction.messages:
            if isinstance(message, DiameterMessage):
                names += [_public(text(one) or "") for one in every(message, Avp.PUBLIC_IDENTITY)]
                names += [f"private {text(one)}" for one in every(message, Avp.USER_NAME)]
        number = links.join(names)
        places.update((id(message), number) for message in transaction.messages)
    return places


def _names(message: SipMessage) -> list[str]:
    """Return what links a SIP message with others: Call-ID, branch, and where it is about a user who he is."""
    raw = message.raw
    end = raw.find(b"\r\n\r\n")
    head = raw[: max(end, 0)]
    low = head.lower()
    # What most write is found without reading all headers; whatever is written otherwise is read.
    call_id, method = _line(head, low, b"\r\ncall-id:"), _line(head, low, b"\r\ncseq:")
    if call_id is None or method is None or _is_unusual(low) or not head[:1].isalpha():
        return _read_names(message)
    names = [f"call {call_id.decode()}"]
    via = _line(head, low, b"\r\nvia:")
    branch = None if via is None else _BRANCH.match(via)
    if branch is None:
        return _read_names(message)
    names.append(f"branch {branch.group(1).decode()}")
    # Of a request the start line says what it is, of a response CSeq.
    method = method.rpartition(b" ")[2] if head.startswith(b"SIP/") else head.partition(b" ")[0]
    if method not in _ABOUT_USERS:
        return names
    watched = _line(head, low, b"\r\nfrom:" if method == b"NOTIFY" else b"\r\nto:")
    uri = _URI.match(watched or b"")
    private = _line(head, low, b"\r\nauthorization:")
    username = None if private is None else _USERNAME.search(private)
    if uri is None or (private is not None and username is None):
        return _read_names(message)
    names.append(_public(uri.group(1).decode()))
    if username is not None:
        names.append(f"private {username.group(1).decode()}")
    associated = _line(head, low, b"\r\np-associated-uri:")
    if associated is not None:
        if b'"' in associated:
            return _read_names(message)
        names += [_public(one.group(1).decode()) for one in map(_URI.match, associated.split(b",")) if one is not None]
    return names


def _document_names(message: HttpMessage) -> list[str]:
    """Return what links an HTTP message with others: its connection, and the user whose document it is about."""
    names = ["connection " + " ".join(sorted(map(str, (message.source, message.destination))))]
    user = user_of(message.http.uri)
    return [*names, _public(user)] if user else names


def _is_unusual(low: bytes) -> bool:
    lines = low.count(b"\r\n")
    if not low.isascii() or low.count(b"\n") != lines or low.count(b"\r") != lines:
        return True
    repeated = low.count(b"\np-associated-uri:") > 1 or low.count(b"\nauthorization:") > 1
    return repeated or any(one in low for one in _UNUSUAL)


def _line(head: bytes, low: bytes, name: bytes) -> bytes | None:
    """Return the value of the first header of that name; None where there is none."""
    place = low.find(name)
    if place < 0:
        return None
    begin = place + len(name)
    end = head.find(b"\r\n", begin)
    return head[begin : end if end >= 0 else len(head)].strip()


def _read_names(message: SipMessage) -> list[str]:
    """Return the same with the reader of messages, for those that are written in another way than most."""
    sip = message.sip
    names = [f"call {sip.call_id}"]
    top = next(iter(sip.values("Via")), None)
    via = None if top is None else parse_via(top)
    branch = "" if via is None else via.params.get("branch") or ""
    if branch.startswith(MAGIC_COOKIE):  # without it the Call-ID is a part of what a transaction is known by
        names.append(f"branch {branch}")
    method = sip.method.encode()
    if method not in _ABOUT_USERS:
        return names
    watched = addresses(message, "From" if method == b"NOTIFY" else "To")
    # Those whose identity cannot be read are one user: nobody can tell them apart.
    names.append(_public(watched[0].name_addr.uri if watched else ""))
    names += [_public(one.name_addr.uri) for one in addresses(message, "P-Associated-URI")]
    digest = authorization(message)
    username = None if digest is None else digest.value("username")
    if username:
        names.append(f"private {username}")
    message.forget()
    return names


def _public(uri: str) -> str:
    parsed = parse_uri(uri)
    if parsed is None:
        return f"public {uri.partition(';')[0]}"
    if parsed.scheme not in ("sip", "sips"):
        return f"public {_SEPARATORS.sub('', parsed.user)}"
    return f"public {unquote(parsed.user)}@{parsed.host}"
