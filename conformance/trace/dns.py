"""Takes DNS messages apart (RFC 1035 4), with byte offsets. Never raises."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from conformance.trace.model import DnsRecord

HEADER = 12
MAX_RECORDS = 1000
"""Questions, and records of a section, that are read; further ones are not."""
LONGEST_NAME = 255
"""Octets of a name, its last label of no length included (RFC 1035 2.3.4)."""
_LONGEST_LABEL = 63
_TYPES = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    12: "PTR",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    33: "SRV",
    35: "NAPTR",
    41: "OPT",
    252: "AXFR",
    255: "ANY",
}
_SECTIONS = ("answer", "authority", "additional")


@dataclass(frozen=True, slots=True)
class DnsText:
    """A DNS message as it was read."""

    id: int
    is_response: bool
    rcode: int
    question_name: str
    question_type: str
    records: tuple[DnsRecord, ...]
    problem: str
    """What stopped the reading; empty where all was read."""


class _Cut(Exception):
    """The message ends, or a name in it cannot be read."""


def read_dns(raw: bytes) -> DnsText | None:
    """Read one DNS message.

    Args:
        raw: The message, without the length that TCP puts before it.

    Returns:
        What could be read; None where there is not even a header.
    """
    if len(raw) < HEADER:
        return None
    ident, flags, questions, *counts = struct.unpack_from("!6H", raw)
    name = kind = problem = ""
    records: list[DnsRecord] = []
    position = HEADER
    try:
        for number in _few(questions, "questions"):
            owner, position = _name(raw, position)
            code, _ = _numbers("!HH", raw, position)
            position += 4
            if number == 0:
                name, kind = owner, type_name(code)
        for section, count in zip(_SECTIONS, counts, strict=True):
            for _ in _few(count, f"{section} records"):
                record, position = _record(raw, position, section)
                records.append(record)
    except _Cut as cut:
        problem = str(cut)
    return DnsText(ident, bool(flags & 0x8000), flags & 15, name, kind, tuple(records), problem)


def _few(count: int, what: str) -> Iterator[int]:
    yield from range(min(count, MAX_RECORDS))
    if count > MAX_RECORDS:
        raise _Cut(f"more than {MAX_RECORDS} {what}")


def type_name(code: int) -> str:
    """Return the mnemonic of a record type, `TYPEnnn` (RFC 3597) where it is none of those that we know."""
    return _TYPES.get(code, f"TYPE{code}")


def _record(raw: bytes, start: int, section: str) -> tuple[DnsRecord, int]:
    owner, position = _name(raw, start)
    code, _, ttl, length = _numbers("!HHIH", raw, position)
    position += 10
    end = position + length
    if end > len(raw):
        raise _Cut(f"the record at byte {start} is cut")
    kind = type_name(code)
    return DnsRecord(section, owner, kind, ttl, _fields(raw, position, end, kind), start, end - start), end


def _fields(raw: bytes, start: int, end: int, kind: str) -> dict[str, str]:
    data = raw[start:end]
    if kind == "A" and len(data) == 4:
        return {"address": str(IPv4Address(data))}
    if kind == "AAAA" and len(data) == 16:
        return {"address": str(IPv6Address(data))}
    if kind in ("NS", "CNAME", "PTR"):
        return {"target": _name(raw, start)[0]}
    if kind == "SRV":
        priority, weight, port = _numbers("!HHH", raw, start)
        return {
            "priority": str(priority),
            "weight": str(weight),
            "port": str(port),
            "target": _name(raw, start + 6)[0],
        }
    if kind == "NAPTR":
        order, preference = _numbers("!HH", raw, start)
        position = start + 4
        fields = {"order": str(order), "preference": str(preference)}
        for name in ("flags", "service", "regexp"):
            fields[name], position = _string(raw, position)
        return fields | {"replacement": _name(raw, position)[0]}
    if kind == "SOA":
        primary, position = _name(raw, start)
        mailbox, position = _name(raw, position)
        return {"primary": primary, "mailbox": mailbox, "serial": str(_numbers("!I", raw, position)[0])}
    return {"data": data.hex()}


def _numbers(layout: str, raw: bytes, position: int) -> tuple[int, ...]:
    if position + struct.calcsize(layout) > len(raw):
        raise _Cut(f"the message ends at byte {len(raw)} in the middle of a record")
    return struct.unpack_from(layout, raw, position)


def _string(raw: bytes, position: int) -> tuple[str, int]:
    (length,) = _numbers("!B", raw, position)
    end = position + 1 + length
    if end > len(raw):
        raise _Cut(f"the string at byte {position} is cut")
    return raw[position + 1 : end].decode("latin-1"), end


def _name(raw: bytes, start: int) -> tuple[str, int]:
    """Read a name, lower case and without the final dot; return it and where reading goes on."""
    labels: list[str] = []
    position, behind = start, -1
    left = LONGEST_NAME
    for _ in range(LONGEST_NAME):  # a loop of pointers ends, too
        (length,) = _numbers("!B", raw, position)
        if length >= 0xC0:
            (pointer,) = _numbers("!H", raw, position)
            behind = position + 2 if behind < 0 else behind
            position = pointer & 0x3FFF
            continue
        if length > _LONGEST_LABEL:
            raise _Cut(f"the label at byte {position} is of an unknown kind")
        label, position = _string(raw, position)
        if not length:
            return ".".join(labels).lower(), position if behind < 0 else behind
        labels.append(label)
        left -= length + 1
        if left < 1:
            break
    raise _Cut(f"the name at byte {start} does not end")
