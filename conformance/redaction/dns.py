"""One DNS message redacted: telephone numbers in names of ENUM, URIs in NAPTR, texts. RFC 1035, RFC 3403, RFC 6116."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from conformance.redaction.identities import Identities

_HEADER: Final = 12
_A, _NS, _CNAME, _SOA, _PTR, _AAAA, _SRV, _NAPTR = 1, 2, 5, 6, 12, 28, 33, 35
_LABELS: Final = 128


class _NotDns(Exception):
    """What stands here is no DNS."""


@dataclass(frozen=True, slots=True)
class DnsRedactor:
    """Redacts DNS messages by the mapping of one bundle."""

    identities: Identities

    def message(self, message: bytes) -> bytes:
        """Return a message redacted; it keeps its length. From where it cannot be read on it becomes zeros."""
        if len(message) < _HEADER:
            return bytes(len(message))
        out = bytearray(message)
        at = _HEADER
        try:
            questions, *records = struct.unpack_from("!4H", message, 4)
            for _ in range(questions):
                at = self._name(message, at, out) + 4
                _need(message, at)
            for _ in range(sum(records)):
                at = self._record(message, at, out)
        except _NotDns:
            pass
        out[at:] = bytes(len(out) - min(at, len(out)))
        return bytes(out[: len(message)])

    def _record(self, message: bytes, at: int, out: bytearray) -> int:
        data = self._name(message, at, out) + 10
        _need(message, data)
        kind, size = struct.unpack_from("!H6xH", message, data - 10)
        end: int = data + size
        _need(message, end)
        names = {_NS: 0, _CNAME: 0, _PTR: 0, _SOA: 0, _SRV: 6}
        if kind in names:
            self._name(message, data + names[kind], out)
        elif kind == _NAPTR:
            self._naptr(message, data + 4, end, out)
        elif kind not in (_A, _AAAA):
            out[data:end] = bytes(size)
        return end

    def _naptr(self, message: bytes, at: int, end: int, out: bytearray) -> None:
        for _ in range(3):
            _need(message[:end], at + 1)
            stop = at + 1 + message[at]
            _need(message[:end], stop)
            text = message[at + 1 : stop].decode("latin-1")
            out[at + 1 : stop] = self.identities.in_text(text).encode("latin-1")
            at = stop
        self._name(message, at, out)

    def _name(self, message: bytes, at: int, out: bytearray) -> int:
        """Replace the number in a name of ENUM; return where the name ends."""
        labels: list[tuple[int, str]] = []
        end, jumps = None, 0
        while True:
            _need(message, at + 1)
            size = message[at]
            if size >= 0xC0:
                _need(message, at + 2)
                end, jumps = end or at + 2, jumps + 1
                at = struct.unpack_from("!H", message, at)[0] & 0x3FFF
            elif size == 0:
                break
            else:
                _need(message, at + 1 + size)
                labels.append((at + 1, message[at + 1 : at + 1 + size].decode("latin-1")))
                at += 1 + size
            if 63 < size < 0xC0 or len(labels) > _LABELS or jumps > _LABELS:
                raise _NotDns
        name = ".".join(label for _, label in labels)
        self.identities.reserve(label for _, label in labels if not label.isdigit())
        replaced = self.identities.in_text(name)
        if replaced != name and len(replaced) == len(name):
            place = 0
            for offset, label in labels:
                out[offset : offset + len(label)] = replaced[place : place + len(label)].encode("latin-1")
                place += len(label) + 1
        return end or at + 1


def _need(message: bytes, end: int) -> None:
    if end > len(message):
        raise _NotDns
