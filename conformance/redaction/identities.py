"""User identities, replaced by others of the same length: the same one everywhere, those of the partner not at all.

What is replaced is the user part: of `user@host`, of SIP and tel URIs, of names that are shown. Hosts and domains stay,
because every partner knows them and verdicts hang on them. Identities are learned first and replaced then: whether
`bob` of `sip:bob@10.0.0.9` is a user of the partner is known only when everything has been read once.
"""

from __future__ import annotations

import hmac
import re
import string
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote

from conformance.vocabulary.errors import HarnessFault

NODE_USERS: Final = frozenset({"term", "orig", "mo", "mt", "anonymous", "nobody"})
"""User parts by which CSCFs mark a direction in Path and Service-Route, and RFC 3323's user without a name."""
_NOBODYS_HOSTS: Final = frozenset({"anonymous.invalid", "domain"})
"""Hosts of RFC 3323 and of the criteria's own words: `sip:user@domain`."""
_SHORTEST_WORD: Final = 4
"""Letters of a user part that is also replaced where it stands alone, without a host."""
_MOST_TRIES: Final = 1000
_HOST = r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
_DOTTED = r"(?:\[[0-9a-fA-F:.]+\]|(?:[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]*[A-Za-z0-9])"
_ADDRESS = re.compile(
    rf"(?i:\b(?P<scheme>sips?|pres|im|mailto|xmpp):)(?P<of_uri>(?:(?!,\s*sips?:)[^\s<>@\"]){{1,256}})@(?P<host>{_HOST})"
    rf"|(?<![\w.+\-%~!*$&])(?P<bare>[\w.+\-%~!*$&]+)@(?P<dotted>{_DOTTED})"
)
_ESCAPED = re.compile(rf"(?:(?<=%3[Aa])|(?<![%\w.+-]))(?P<user>[\w.+-]+)%40(?P<host>{_DOTTED})")
_TEL = re.compile(r"(?i)\b(?P<scheme>tel|fax|modem):(?P<user>\+?[0-9(][0-9A-Fa-f*#().-]*)")
_ENUM = re.compile(r"(?i)\b(?P<digits>(?:[0-9]\.){4,20})(?P<zone>e164\.arpa)\b")
_NUMBER = re.compile(r"\+?[0-9][0-9().-]{3,}[0-9]")
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_UNIT = re.compile(r"%[0-9A-Fa-f]{2}|.", re.DOTALL)
_WORD = re.compile(r"\w+")


class Identities:
    """One mapping from user parts to what stands in their place.

    Args:
        key: random octets that are written nowhere.
        own_domain: domain of the partner, whose users stay; None where nobody's stay.
    """

    def __init__(self, key: bytes, own_domain: str | None) -> None:
        self._key = key
        self._own_domain = own_domain.lower() if own_domain else None
        self._learning = True
        self._own: set[str] = set()
        self._foreign: set[str] = set()
        self._anywhere: set[str] = set()
        self._reserved: set[str] = set()
        self._pseudonyms: dict[str, str] = {}
        self._words: re.Pattern[str] | None = None
        self._named: set[str] = set()
        self._met: set[tuple[str, str]] = set()
        self._asked: set[str] = set()
        """Digits of the names of ENUM, as they stand there."""
        self._unturned: set[str] = set()
        """Those that are a number from left to right, which is wrong and has to stay so."""

    def reserve(self, words: Iterable[str]) -> None:
        """Note words that mean something else as well: they are replaced only in the syntax of an identity."""
        for text in words:
            self._reserved.update(word.lower() for word in _WORD.findall(text))

    def freeze(self) -> None:
        """End the learning: from now on identities are replaced."""
        known = self._own | self._foreign | self._anywhere
        self._unturned = {digits for digits in self._asked if digits in known and digits[::-1] not in known}
        for digits in self._asked - self._unturned:
            self.user(digits[::-1], None)
        self._foreign |= {user for user in self._anywhere if user not in self._own}
        self._learning = False
        words = sorted((re.escape(user) for user in self.words()), key=len, reverse=True)
        self._words = re.compile(rf"(?i)(?<![A-Za-z0-9_])(?:{'|'.join(words)})(?![A-Za-z0-9_])") if words else None

    def replaced(self) -> frozenset[str]:
        """Return the canonical user parts that are replaced."""
        return frozenset(self._foreign)

    def full(self) -> set[str]:
        """Return the identities that are replaced with their hosts, as written: `alice@uc3m.netlab.test`."""
        return {f"{name}@{host}" for name, host in self._met if self.user(name, host) != name}

    def own(self) -> frozenset[str]:
        """Return the partner's user parts; they may be read, also where another one has the same at home."""
        return frozenset(self._own)

    def allowed(self) -> frozenset[str]:
        """Return the user parts that may be read: the partner's own, and the pseudonyms."""
        return frozenset({*self._own, *self._pseudonyms.values(), *NODE_USERS})

    def words(self) -> Iterator[str]:
        """Yield the user parts that are replaced also where they stand alone."""
        for user in self._foreign & self._named:
            if len(user) >= _SHORTEST_WORD and user not in self._reserved and user not in self._own:
                yield user

    def user(self, user: str, host: str | None) -> str:
        """Return what stands in place of a user part.

        Args:
            user: as written, escapes included; a password or parameters behind it are replaced as well.
            host: where the user is at home or is met; None where nothing says it.
        """
        name, parted, rest = _parted(user)
        canonical = _canonical(name)
        if not canonical or canonical in NODE_USERS or not any(c.isalnum() for c in canonical):
            return user
        place = _place(host)
        if place in _NOBODYS_HOSTS:
            return user
        is_own = self._own_domain is not None and _within(place, self._own_domain)
        if self._learning:
            known = self._own if is_own else self._foreign if place else self._anywhere
            known.add(canonical)
            if place or not host:
                self._named.add(canonical)
            if host:
                self._met.add((name, host))
                self.reserve([place])
            return user
        if is_own or (not place and canonical in self._own and canonical not in self._foreign):
            return user
        shown = self._write(name, canonical)
        return shown + parted + (self._scrambled(rest) if rest else "")

    def name(self, name: str) -> str:
        """Return what stands in place of a name that is shown: `Alice Smith`; words of it become words."""
        if self._learning:
            return name
        return _WORD.sub(lambda word: self._scrambled(word[0]), name)

    def in_text(self, text: str) -> str:
        """Return a text with every identity in it replaced."""
        if "@" in text or "%40" in text:
            text = _ADDRESS.sub(self._address, text)
            text = _ESCAPED.sub(lambda m: f"{self.user(m['user'], m['host'])}%40{m['host']}", text)
        if ":" in text:
            text = _TEL.sub(lambda m: f"{m['scheme']}:{self.user(m['user'], None)}", text)
        if "164" in text:
            text = _ENUM.sub(lambda m: f"{self._enum(m['digits'])}{m['zone']}", text)
        if self._words is not None:
            text = self._words.sub(lambda m: self.user(m[0], None), text)
        return text

    def _address(self, found: re.Match[str]) -> str:
        if found["scheme"]:
            return f"{found['scheme']}:{self.user(found['of_uri'], found['host'])}@{found['host']}"
        return f"{self.user(found['bare'], found['dotted'])}@{found['dotted']}"

    def _enum(self, digits: str) -> str:
        """Replace the number of a name of ENUM, whose digits stand from the last to the first (RFC 6116)."""
        written = digits.replace(".", "")
        if self._learning:
            self._asked.add(written)
            return digits
        if written in self._unturned:
            return "".join(f"{digit}." for digit in self.user(written, None))
        return "".join(f"{digit}." for digit in self.user(written[::-1], None)[::-1])

    def _write(self, name: str, canonical: str) -> str:
        """Return the pseudonym in the form of the name: its letter case, escapes and separators."""
        fresh = self._pseudonym(canonical)
        if _is_number(canonical):
            digits = iter(fresh)
            return "".join(next(digits) if character.isdigit() else character for character in name)
        out = []
        for unit, character in zip(_UNIT.findall(name), fresh, strict=True):
            character = character.upper() if unquote(unit, "latin-1").isupper() else character
            if len(unit) == 3:
                character = f"%{ord(character):02X}" if character.isalnum() else unit
            out.append(character)
        return "".join(out)

    def _pseudonym(self, canonical: str) -> str:
        if canonical not in self._pseudonyms:
            taken = {*self._pseudonyms.values(), *self._own, *self._foreign, *self._reserved, *NODE_USERS}
            for number in range(_MOST_TRIES):
                fresh = self._scrambled(canonical, number)
                if fresh not in taken and not any(len(old) > 2 and old in fresh for old in self._foreign):
                    break
            else:
                raise HarnessFault(
                    f"no pseudonym of {len(canonical)} characters is left; nothing was written, since two users would "
                    "have become one"
                )
            self._pseudonyms[canonical] = fresh
        return self._pseudonyms[canonical]

    def filler(self, body: bytes) -> bytes:
        """Return what stands for octets that are not kept, as many: the same for the same ones, and other for others.

        Whoever gets a bundle sees whether two messages had the same body, and nothing of it.
        """
        stream = _stream(self._key, f"body:{body.hex()}")
        mark = bytes(ord("a") + octet % 26 for octet, _ in zip(stream, body[:_MARK], strict=False))
        return mark + b"x" * (len(body) - len(mark))

    def _scrambled(self, text: str, number: int = 0) -> str:
        stream = _stream(self._key, f"{number}:{text.translate(_SMALL)}")
        out = []
        for character, octet in zip(text, stream, strict=False):
            if character.isdigit() and character.isascii():
                character = string.digits[octet % 10]
            elif character.isalpha() or not character.isascii():
                fresh = string.ascii_lowercase[octet % 26]
                character = fresh.upper() if character.isupper() else fresh
            out.append(character)
        return "".join(out)


_MARK = 12
"""Letters that tell two bodies apart."""


def _stream(key: bytes, label: str) -> Iterator[int]:
    block = 0
    while True:
        yield from hmac.digest(key, f"{block}:{label}".encode(), "sha256")
        block += 1


def _parted(user: str) -> tuple[str, str, str]:
    """Return a user part, the first separator behind it, and its password or parameters."""
    found = re.search(r"[:;]", user)
    return (user, "", "") if found is None else (user[: found.start()], found[0], user[found.end() :])


def _is_number(text: str) -> bool:
    return text.isdigit() and text.isascii()


def _canonical(name: str) -> str:
    """Return the form by which an identity is known: no escapes, small letters; of a telephone number its digits."""
    name = unquote(name, "latin-1").translate(_SMALL)
    return re.sub(r"[^0-9]", "", name) if _NUMBER.fullmatch(name) else name


def _place(host: str | None) -> str:
    """Return the domain that a host name belongs to; empty for addresses and where there is none."""
    if host is None or host.startswith("["):
        return ""
    try:
        ip_address(host)
    except ValueError:
        return host.lower().rstrip(".")
    return ""


def _within(place: str, domain: str) -> bool:
    return place == domain or place.endswith(f".{domain}")
