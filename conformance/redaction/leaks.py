"""Looks through every octet of what was written for what must not be there. What is found there is never delivered."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from conformance.redaction.payloads import Redactor
from conformance.vocabulary.errors import HarnessFault

_WINDOW: Final = 8
"""Octets of a secret that are not to be seen in a row."""
_SHORTEST_TEXT: Final = 10
_LONGEST_USER: Final = 128
_TEXT_TOKEN: Final = re.compile(rb"[0-9A-Za-z+/=]{8,}")
_SEPARATED: Final = re.compile(rb"(?:[0-9a-fA-F]{2}[: ]){5,}[0-9a-fA-F]{2}")
_DIGITS: Final = re.compile(rb"[0-9a-f]{16,}")
_AT: Final = re.compile(rb"@|%40")
_HOST: Final = re.compile(rb"[a-z0-9\[][a-z0-9.:-]{3}")
_BY_CHANCE: Final = 3
_CAPTURES: Final = frozenset({".pcap", ".pcapng"})
_PAGES: Final = frozenset({".html", ".svg", ".css", ".js"})


class LeakSearch:
    """Knows what must not be in a bundle.

    Args:
        redactor: after all has been redacted.
    """

    def __init__(self, redactor: Redactor) -> None:
        identities = redactor.identities
        self._users = {user.encode("utf-8") for user in identities.replaced() - identities.own()}
        self._allowed = {user.encode("utf-8") for user in identities.allowed()}
        self._forms = {form for one in identities.full() for form in _forms(one.encode("utf-8"))}
        words = sorted((user for user in redactor.identities.words()), key=len, reverse=True)
        joined = "|".join(re.escape(word) for word in words).encode("utf-8")
        self._words = re.compile(rb"(?i)(?<![A-Za-z0-9_])(?:" + joined + rb")(?![A-Za-z0-9_])") if words else None
        secrets = redactor.secrets
        self._octets = sorted(octets for octets in secrets.octets_seen if _is_telling(octets))
        self._windows = {
            window.hex().encode()
            for octets in self._octets
            for at in range(len(octets) - _WINDOW + 1)
            if _is_telling(window := octets[at : at + _WINDOW])
        }
        self._base64 = {base64.b64encode(octets).rstrip(b"=") for octets in self._octets}
        self._texts = {text.encode("utf-8") for text in secrets.texts_seen if len(text) >= _SHORTEST_TEXT}
        self._short = {octets.hex().encode() for octets in self._octets if len(octets) < _WINDOW}

    def refuse(self, folder: Path) -> None:
        """Look through all files of a folder.

        Raises:
            HarnessFault: something is there; the message says what kind and in which file, and not what.
        """
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            for kind in self.search(file):
                raise HarnessFault(
                    f"redaction left {kind} in {file.relative_to(folder)}; nothing was delivered. "
                    "Keep the run and report it"
                )

    def search(self, file: Path) -> Iterator[str]:
        """Yield what kinds of things are in a file that must not be there."""
        data = file.read_bytes()
        lower = data.lower()
        if any(self._is_identity(lower, at) for at in _AT.finditer(lower)):
            yield "an identity"
        if any(form in data for form in self._forms):
            yield "an identity in another form"
        if self._words is not None and file.suffix not in _PAGES and self._words.search(data):
            yield "the name of a user"
        if file.suffix in _CAPTURES and any(octets in data for octets in self._octets):
            yield "a nonce or a key"
        tokens = b" ".join({found[0] for found in _TEXT_TOKEN.finditer(data)})
        spread = b" ".join({re.sub(rb"[: ]", b"", found[0]) for found in _SEPARATED.finditer(data)})
        digits = (tokens + b" " + spread).lower()
        for run in _DIGITS.findall(digits):
            if any(run[at : at + 2 * _WINDOW] in self._windows for at in range(len(run) - 2 * _WINDOW + 1)):
                yield "a nonce or a key in hexadecimal"
                break
        if any(short in digits for short in self._short) or any(text in tokens for text in self._base64):
            yield "a nonce, a key or a digest"

        if any(text in data for text in self._texts):
            yield "a nonce that is text"

    def _is_identity(self, data: bytes, at: re.Match[bytes]) -> bool:
        """Tell whether what stands before an at sign ends with a user part that is none of those that may be read."""
        before = data[max(0, at.start() - _LONGEST_USER) : at.start()]
        with_host = _HOST.match(data, at.end()) is not None
        for size in range(1, len(before) + 1):
            # One or two letters and an at sign are met by chance in octets that are no text.
            if before[-size:] in self._users and (with_host or size > _BY_CHANCE):
                longer = (before[-more:] for more in range(size + 1, len(before) + 1))
                if not any(one in self._allowed for one in longer):
                    return True
        return False


def _is_telling(octets: bytes) -> bool:
    """Tell octets that are met nowhere by chance from such as all zeros."""
    return len(set(octets)) > 2


def _forms(identity: bytes) -> set[bytes]:
    """Return an identity as hexadecimal, base64 at any place, and escaped for a URL."""
    hexadecimal = identity.hex().encode()
    found = {hexadecimal, hexadecimal.upper(), identity.hex(" ").encode(), identity.hex(":").encode()}
    found.add(quote(identity).encode())
    for lead in range(3):
        text = base64.b64encode(bytes(lead) + identity)
        begin = -(-lead * 8 // 6)
        found.add(text[begin + (lead > 0) : len(text) - 4])
    return {form for form in found if len(form) >= 12}
