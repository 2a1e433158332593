"""Surgery on one DNS message: resource records are changed or taken out, counts and lengths follow.

dnspython takes the message apart and writes it anew, with its own compression; names and data stay what they were.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import dns.exception
import dns.message
import dns.rdatatype
import dns.rrset

from conformance.vocabulary.errors import BadInput


def _read(message: bytes) -> dns.message.Message:
    try:
        return dns.message.from_wire(message, one_rr_per_rrset=True)
    except dns.exception.DNSException as error:
        raise BadInput(
            f"no DNS message that can be edited ({error or type(error).__name__}); choose another frame"
        ) from None


def _text(rrset: dns.rrset.RRset) -> str:
    return str(rrset.to_text())


def records(message: bytes) -> list[str]:
    """Return the records of a message in presentation form (`name ttl IN type data`): answer, authority, additional.

    Raises:
        BadInput: no DNS message.
    """
    return [_text(rrset) for section in _read(message).sections[1:4] for rrset in section]


def _edit(message: bytes, find: str, change: Callable[[dns.rrset.RRset], list[dns.rrset.RRset]]) -> bytes:
    parsed = _read(message)
    places = [
        (section, place)
        for section in parsed.sections[1:4]
        for place, rrset in enumerate(section)
        if find in _text(rrset)
    ]
    if len(places) != 1:
        raise BadInput(f"{find!r} occurs in {len(places)} records, expected 1; correct the edit")
    ((section, place),) = places
    section[place : place + 1] = change(section[place])
    return bytes(parsed.to_wire(want_shuffle=False))


def remove_record(message: bytes, find: str) -> bytes:
    """Take one record out.

    Args:
        message: a whole DNS message, without the length that stands before it over TCP.
        find: a text that one record's presentation form has, and no other one's.

    Raises:
        BadInput: no DNS message, or not one such record.
    """
    return _edit(message, find, lambda rrset: [])


def set_record(message: bytes, find: str, new: str) -> bytes:
    """Put another text in place of `find` in the presentation form of one record; arguments as in `remove_record`.

    Raises:
        BadInput: no DNS message, not one such record, or what comes out is no record.
    """

    def change(rrset: dns.rrset.RRset) -> list[dns.rrset.RRset]:
        name, ttl, rdclass, rdtype, data = _text(rrset).replace(find, new, 1).split(" ", 4)
        return [dns.rrset.from_text(name, int(ttl), rdclass, rdtype, data)]

    try:
        return _edit(message, find, change)
    except (dns.exception.DNSException, ValueError) as error:
        raise BadInput(f"{new!r} in place of {find!r} gives no record: {error}; correct the edit") from None


def shuffle_records(message: bytes, chance: Random) -> bytes:
    """Return a message with the records of each section in another order; what is no DNS is returned as it is.

    CNAMEs stay in front: resolvers of the old kind follow them in order (RFC 1034 4.3.1).
    """
    try:
        parsed = _read(message)
    except BadInput:
        return message
    for section in parsed.sections[1:4]:
        chance.shuffle(section)
        section.sort(key=lambda rrset: rrset.rdtype != dns.rdatatype.CNAME)
    return bytes(parsed.to_wire(want_shuffle=False))
