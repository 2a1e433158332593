"""Topology hiding: entries of a network become tokens that only this network can read (3GPP TS 24.229 5.10.4).

A run of neighbouring entries becomes one token. It is encrypted and authenticated with a key that nobody else has, so
a token that was made up, or changed on its way, is no token. The same run gives the same token each time (AES-SIV,
RFC 5297): the route of a dialog looks alike in each of its answers. Without I/O.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

PARAMETER = "tokenized-by"
_LABEL = 60
_HOST_OF_VIA = re.compile(r"\s*SIP\s*/\s*2\.0\s*/\s*\w+\s+(\[[^\]]*\]|[^\s;:,]+)", re.IGNORECASE)
_HOST_OF_URI = re.compile(r"<?\s*sips?:(?:[^@>;]*@)?(\[[^\]]*\]|[^\s;:>?]+)", re.IGNORECASE)
_SEPARATOR = "\n"
_TURNED, _STRAIGHT = "-", "+"


@dataclass(frozen=True, slots=True)
class Hidden:
    """A list of entries with tokens in it, and the tokens that were made for it."""

    entries: tuple[str, ...]
    tokens: frozenset[str] = frozenset()


class Hiding:
    """Hides the entries of one network.

    Args:
        domain: of the network: who makes the tokens.
        hosts: names and addresses that are hidden, lower case.
        key: 64 octets; random where it is None, and then no token outlives the process.
    """

    def __init__(self, domain: str, hosts: Collection[str], key: bytes | None = None) -> None:
        self._domain = domain
        self._hosts = frozenset(host.lower() for host in hosts)
        self._cipher = AESSIV(os.urandom(64) if key is None else key)

    def vias(self, entries: Sequence[str]) -> Hidden:
        """Hide the own entries of Via."""
        return self._hide(entries, _HOST_OF_VIA, self._via)

    def routes(self, entries: Sequence[str], *, turned: bool = False) -> Hidden:
        """Hide the own entries of Record-Route, Path or Service-Route.

        Args:
            entries: as they stand in the message.
            turned: whoever gets them uses them in the opposite order, as the caller does with the Record-Route of an
                answer (RFC 3261 12.1.2).
        """
        return self._hide(entries, _HOST_OF_URI, lambda run: self._uri(run, _TURNED if turned else _STRAIGHT))

    def restored(self, entries: Iterable[str], tokens: Collection[str] | None = None) -> list[str]:
        """Return entries with tokens replaced by what they stand for, in the order in which it was hidden.

        Args:
            entries: as they stand in a message.
            tokens: those that are replaced; None: all own ones.
        """
        found: list[str] = []
        for entry in entries:
            plain = self._plain(entry) if tokens is None or entry in tokens else None
            found += [entry] if plain is None else plain[1]
        return found

    def next_route(self, entries: Sequence[str]) -> list[str]:
        """Return Route with a token that stands first replaced, in the order in which it is to be followed."""
        plain = self._plain(entries[0]) if entries else None
        if plain is None:
            return list(entries)
        order, run = plain
        return [*(reversed(run) if order == _TURNED else run), *entries[1:]]

    def _hide(self, entries: Sequence[str], pattern: re.Pattern[str], make: Callable[[list[str]], str]) -> Hidden:
        found: list[str] = []
        tokens: set[str] = set()
        run: list[str] = []
        for entry in [*entries, ""]:
            host = pattern.match(entry)
            if host is not None and host[1].lower() in self._hosts:
                run.append(entry)
                continue
            if run:
                token = make(run)
                tokens.add(token)
                found.append(token)
                run = []
            if entry:
                found.append(entry)
        return Hidden(tuple(found), frozenset(tokens))

    def _via(self, run: list[str]) -> str:
        text = base64.b32encode(self._sealed(_STRAIGHT, run)).decode().rstrip("=").lower()
        # sent-by is a host name (RFC 3261 25.1): labels of no more than 63 characters.
        labels = ".".join(text[start : start + _LABEL] for start in range(0, len(text), _LABEL))
        return f"SIP/2.0/UDP {labels}.{self._domain};{PARAMETER}={self._domain}"

    def _uri(self, run: list[str], order: str) -> str:
        text = base64.urlsafe_b64encode(self._sealed(order, run)).decode().rstrip("=")
        return f"<sip:{text}@{self._domain};lr;{PARAMETER}={self._domain}>"

    def _sealed(self, order: str, run: list[str]) -> bytes:
        return self._cipher.encrypt((order + _SEPARATOR.join(run)).encode(), [self._domain.encode()])

    def _plain(self, entry: str) -> tuple[str, list[str]] | None:
        """Return order and entries of an own token; None for everything else."""
        if f";{PARAMETER}={self._domain}" not in entry:
            return None
        try:
            text = self._cipher.decrypt(self._octets(entry), [self._domain.encode()]).decode()
        except (ValueError, InvalidTag):
            return None
        return text[0], text[1:].split(_SEPARATOR)

    def _octets(self, entry: str) -> bytes:
        via = _HOST_OF_VIA.match(entry)
        if via is not None:
            text = via[1].removesuffix(f".{self._domain}").replace(".", "").upper()
            return base64.b32decode(text + "=" * (-len(text) % 8))
        text = entry.partition("sip:")[2].partition("@")[0]
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
