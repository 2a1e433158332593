"""Nonces, keys and digests, replaced by others of the same length and alphabet, the same ones everywhere in a bundle.

Each half octet is replaced by a permutation that depends on a random key and on the half octets before it. So two
values that begin alike go on to do so: a nonce still begins with the SIP-Authenticate of the HSS, `ck` in a header is
still the key in the AVP, and the first four digits that a report shows are still those of the key. Every 16 octets it
begins anew, because RAND and what follows it (AUTN, AUTS) are also seen apart.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from functools import lru_cache
from random import Random
from typing import Final

_RESTART: Final = 32
"""Half octets of RAND."""
_SHORTEST: Final = 6
"""Octets of a secret that are looked for in what was written; a shorter one is found everywhere by chance."""
_HEX: Final = re.compile(r"[0-9a-fA-F]+|(?:[0-9a-fA-F]{2}:)+[0-9a-fA-F]{2}")
_ALPHABETS: Final = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


class SecretValues:
    """One mapping from secrets to what stands in their place.

    Args:
        key: random octets that are written nowhere.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._permutation = lru_cache(maxsize=200_000)(self._make_permutation)
        self.octets_seen: set[bytes] = set()
        """Secrets as octets, of those long enough to be looked for."""
        self.texts_seen: set[str] = set()
        """Secrets that are text and stand for no octets."""

    def _make_permutation(self, alphabet: str, before: str) -> str:
        seed = hmac.digest(self._key, f"{alphabet}:{before}".encode(), "sha256")
        symbols = list(alphabet)
        Random(seed).shuffle(symbols)  # noqa: S311 - the seed is the secret; what is drawn from it stays hidden with it
        return "".join(symbols)

    def hexadecimal(self, text: str) -> str:
        """Return the digits of a text replaced, in its letter case; everything between them stays."""
        digits = [character for character in text.lower() if character in "0123456789abcdef"]
        replaced = iter(self._digits("".join(digits)))
        out = []
        for character in text:
            if character.lower() in "0123456789abcdef":
                fresh = next(replaced)
                out.append(fresh.upper() if character.isupper() else fresh)
            else:
                out.append(character)
        if len(digits) >= 2 * _SHORTEST and len(digits) % 2 == 0:
            self.octets_seen.add(bytes.fromhex("".join(digits)))
        elif len(digits) >= 2 * _SHORTEST:
            self.texts_seen.add(text)
        return "".join(out)

    def _digits(self, digits: str) -> str:
        out = []
        for place, digit in enumerate(digits):
            symbols = self._permutation("0123456789abcdef", digits[place // _RESTART * _RESTART : place])
            out.append(symbols[int(digit, 16)])
        return "".join(out)

    def octets(self, data: bytes) -> bytes:
        """Return other octets."""
        if len(data) >= _SHORTEST:
            self.octets_seen.add(data)
        return bytes.fromhex(self._digits(data.hex()))

    def text(self, text: str) -> str:
        """Return another text: of digits where it has nothing else, of base64 where it is that, else class by class."""
        if _HEX.fullmatch(text):
            return self.hexadecimal(text)
        octets = _from_base64(text)
        if octets is not None and len(octets) >= _SHORTEST:
            return base64.b64encode(self.octets(octets)).decode()
        return self.characters(text)

    def value(self, data: bytes) -> bytes:
        """Return other data of an AVP: octets, or text where all of it is printable and long enough to tell."""
        if len(data) > 16 and all(32 <= octet < 127 for octet in data):
            return self.text(data.decode("ascii")).encode("ascii")
        return self.octets(data)

    def characters(self, text: str) -> str:
        """Return a text with each digit, small and capital letter replaced by one of its kind."""
        if len(text) >= _SHORTEST and any(character.isalnum() for character in text):
            self.texts_seen.add(text)
        out = []
        for place, character in enumerate(text):
            alphabet = next((a for a in _ALPHABETS if character in a), None)
            if alphabet is not None:
                character = self._permutation(alphabet, text[place // _RESTART * _RESTART : place])[
                    alphabet.index(character)
                ]
            elif not character.isascii():
                character = "x"
            out.append(character)
        return "".join(out)


def _from_base64(text: str) -> bytes | None:
    """Return the octets of a text that is their one base64 form, None for any other text."""
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return octets if base64.b64encode(octets).decode() == text else None
