"""Other ways to write the same SIP message, which change nothing of what it says (RFC 3261 7.3 and 25.1).

Each takes a whole message and a source of chance, and returns a message that every receiver must take for the
same one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import groupby
from random import Random

from conformance.faults.sip_bytes import COMPACT, Text, name_of, split_text, value_of

Rewriting = Callable[[bytes, Random], bytes]

_STRUCTURED = frozenset(
    b"via from to contact path route record-route service-route authorization www-authenticate supported require "
    b"security-client security-server security-verify p-charging-vector p-access-network-info p-associated-uri event "
    b"subscription-state proxy-require".split()
)
"""Header fields whose grammar has SWS around commas, semicolons and equals signs (RFC 3261 25.1)."""
_LISTS = frozenset(
    b"via path route record-route service-route supported require p-associated-uri allow allow-events".split()
)
"""Header fields that are comma-separated lists and stand several times or once (RFC 3261 7.3.1)."""
_PARTS = re.compile(rb'"(?:[^"\\]|\\.)*"|<[^>]*>|[,;=]|[^",;=<]+|.', re.DOTALL)


def _fields(message: bytes, change: Callable[[Text], list[bytes]]) -> bytes:
    text = split_text(message)
    return replace(text, fields=tuple(change(text))).encode()


def _name(field: bytes) -> bytes:
    return field.partition(b":")[0].strip()


def _value(field: bytes, change: Callable[[bytes], bytes]) -> bytes:
    name, _, value = field.partition(b":")
    return name + b":" + change(value)


def order(message: bytes, chance: Random) -> bytes:
    """Another order of header fields; those of the same name keep theirs (RFC 3261 7.3.1)."""

    def change(text: Text) -> list[bytes]:
        queues: dict[bytes, list[bytes]] = {}
        for field in text.fields:
            queues.setdefault(name_of(field), []).append(field)
        names = [name_of(field) for field in text.fields]
        chance.shuffle(names)
        return [queues[name].pop(0) for name in names]

    return _fields(message, change)


def compact(message: bytes, chance: Random) -> bytes:
    """Compact forms of header names (RFC 3261 7.3.3)."""
    return _fields(message, lambda text: [_value_behind(COMPACT.get(name_of(f), _name(f)), f) for f in text.fields])


def _value_behind(name: bytes, field: bytes) -> bytes:
    return name + b":" + field.partition(b":")[2]


def letter_case(message: bytes, chance: Random) -> bytes:
    """Header names in any case (RFC 3261 7.3.1)."""

    def change(text: Text) -> list[bytes]:
        return [_value_behind(_any_case(_name(field), chance), field) for field in text.fields]

    return _fields(message, change)


def _any_case(name: bytes, chance: Random) -> bytes:
    return bytes(ord(chance.choice((chr(c).lower(), chr(c).upper()))) for c in name)


def fold(message: bytes, chance: Random) -> bytes:
    """Lines folded behind the colon, and behind commas and semicolons of structured values (RFC 3261 7.3.1)."""

    def at_separators(value: bytes) -> bytes:
        parts = _PARTS.findall(value.rstrip(b"\r\n"))
        return b"".join(p + b"\r\n " if p in (b",", b";") and chance.random() < 0.4 else p for p in parts) + b"\r\n"

    def change(text: Text) -> list[bytes]:
        folded = []
        for field in text.fields:
            if name_of(field) in _STRUCTURED:
                field = _value(field, at_separators)
            elif chance.random() < 0.3 and value_of(field):
                field = _name(field) + b":\r\n " + value_of(field) + b"\r\n"
            folded.append(field)
        return folded

    return _fields(message, change)


def spaces(message: bytes, chance: Random) -> bytes:
    """White space before and behind colons, commas, semicolons and equals signs (RFC 3261 7.3.1, 25.1)."""

    def around(value: bytes) -> bytes:
        spaced = []
        for part in _PARTS.findall(value.rstrip(b"\r\n")):
            wide = part in (b",", b";", b"=") and chance.random() < 0.4
            spaced.append(b" " + part + b"\t" if wide else part)
        return b"".join(spaced) + b"\r\n"

    def change(text: Text) -> list[bytes]:
        fields = [_value(f, around) if name_of(f) in _STRUCTURED else f for f in text.fields]
        return [_name(f) + chance.choice((b"", b" ", b"\t")) + b":" + b"  " + value_of(f) + b"\r\n" for f in fields]

    return _fields(message, change)


def unknown(message: bytes, chance: Random) -> bytes:
    """Header fields that nobody knows (RFC 3261 8.2.2: a receiver ignores them)."""

    def change(text: Text) -> list[bytes]:
        fields = list(text.fields)
        for field in (
            b'X-Trace: probe;a="b, c"\r\n',
            b"P-Future-Header: <sip:someone@elsewhere.test;lr>;expires=0, <sip:other@elsewhere.test>\r\n",
        ):
            fields.insert(chance.randrange(len(fields) + 1), field)
        return fields

    return _fields(message, change)


def lists(message: bytes, chance: Random) -> bytes:
    """Neighbouring header fields of one list in one line (RFC 3261 7.3.1)."""

    def change(text: Text) -> list[bytes]:
        joined: list[bytes] = []
        for name, same in groupby(text.fields, name_of):
            fields = list(same)
            if name in _LISTS:
                fields = [_name(fields[0]) + b": " + b", ".join(map(value_of, fields)) + b"\r\n"]
            joined += fields
        return joined

    return _fields(message, change)


def credentials(message: bytes, chance: Random) -> bytes:
    """Another order of the parameters of credentials and challenges (RFC 2617 1.2: a list without order)."""

    def shuffled(value: bytes) -> bytes:
        scheme, _, rest = value.strip().partition(b" ")
        parameters = [b"".join(part).strip() for part in _split_list(rest)]
        chance.shuffle(parameters)
        return b" " + scheme + b" " + b", ".join(parameters) + b"\r\n"

    def change(text: Text) -> list[bytes]:
        return [
            _value(f, shuffled) if name_of(f) in (b"authorization", b"www-authenticate") else f for f in text.fields
        ]

    return _fields(message, change)


def _split_list(value: bytes) -> list[list[bytes]]:
    found: list[list[bytes]] = [[]]
    for part in _PARTS.findall(value):
        if part == b",":
            found.append([])
        else:
            found[-1].append(part)
    return found


def reason(message: bytes, chance: Random) -> bytes:
    """Another reason phrase (RFC 3261 7.2: for a person, a client need not look at it)."""
    if not message.startswith(b"SIP/2.0 "):
        return message
    start, _, rest = message.partition(b"\r\n")
    return start[:12] + chance.choice((b"Sorry", b"Yes, of course", b"")) + b"\r\n" + rest


REWRITINGS: Mapping[str, Rewriting] = {
    "header-order": order,
    "compact-forms": compact,
    "letter-case": letter_case,
    "folded-lines": fold,
    "white-space": spaces,
    "unknown-headers": unknown,
    "joined-lists": lists,
    "credential-order": credentials,
    "reason-phrases": reason,
}
"""By name, as `netlab faults --benign` shows them."""
