"""Sentences and decoded messages of a result redacted by the mappings that the captures gave."""

from __future__ import annotations

import base64
import re
from bisect import bisect_left
from functools import cached_property
from typing import Final

from conformance.redaction.diameter import SECRET_OCTETS, SECRET_TEXTS
from conformance.redaction.payloads import Redactor

_SECRET_PARAM: Final = re.compile(
    r'(?i)\b(nonce|cnonce|opaque|auts|ck|ik|nextnonce|rspauth|response)(=")([^"\s]+)|'
    r"\b(nonce|cnonce|opaque|auts|ck|ik|nextnonce|rspauth|response)(=)([0-9A-Za-z+/=]{12,})"
)
_SHORTENED: Final = re.compile(r"\b([0-9a-fA-F]{1,4})(?=… \(\d+ digits\))")
_TOKEN: Final = re.compile(r"(?:[0-9a-fA-F]{2}[: ]){5,}[0-9a-fA-F]{2}|[0-9A-Za-z+/]{8,}={0,2}")
_NAMED: Final = re.compile(r'"([^"\\<>]+)"(\s*<[^<>]*>)')
_CUT: Final = re.compile(r"(?<=[\s<\":])([\w.+-]{2,})(?=…)")
_LINE: Final = re.compile(r"^( +\S.*? \((\d+)(?:, vendor (\d+))?\))(: ?)", re.MULTILINE)
_ONLY_DIGITS: Final = re.compile(r"[0-9a-fA-F]+")
_SHORTEST_DIGITS: Final = 8


class Texts:
    """Redacts what stands in results. To be made when all captures have been redacted.

    Args:
        redactor: with what the captures taught it.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._secrets = redactor.secrets

    @cached_property
    def _hexadecimal(self) -> list[str]:
        return sorted(octets.hex() for octets in self._secrets.octets_seen)

    @cached_property
    def _base64(self) -> set[str]:
        return {base64.b64encode(octets).decode() for octets in self._secrets.octets_seen}

    def sentence(self, text: str) -> str:
        """Return a sentence, a header line or a fragment of one redacted."""
        text = _NAMED.sub(self._name, text)
        text = _SECRET_PARAM.sub(self._param, text)
        text = _SHORTENED.sub(lambda found: self._secrets.hexadecimal(found[1]), text)
        text = _TOKEN.sub(lambda found: self._token(found[0]), text)
        text = self._redactor.identities.in_text(text)
        return _CUT.sub(self._cut, text) if "…" in text else text

    def diameter(self, text: str) -> str:
        """Return a Diameter message redacted as the ladder shows it: a line an AVP, `Name (code, vendor 1): value`."""
        places = list(_LINE.finditer(text))
        if not places:
            return self.sentence(text)
        out = [self.sentence(text[: places[0].start()])]
        for place, following in zip(places, [*places[1:], None], strict=True):
            end = following.start() if following else len(text)
            value, feed = text[place.end() : end], ""
            # Groups have no value: their lines stand at the end of the value before them.
            lines = value.split("\n")
            groups = len(lines)
            while groups > 1 and re.fullmatch(r"( +\S.*? \(\d+(, vendor \d+)?\))?", lines[groups - 1]):
                groups -= 1
            value, feed = "\n".join(lines[:groups]), "".join(f"\n{line}" for line in lines[groups:])
            out.append(place[0] + self._avp(int(place[2]), int(place[3] or 0), value) + feed)
        return "".join(out)

    def _avp(self, code: int, vendor: int, value: str) -> str:
        if (code, vendor) in SECRET_OCTETS | SECRET_TEXTS:
            digits = _ONLY_DIGITS.match(value)
            if digits is None or (digits.end() < len(value) and value[digits.end()] != "…"):
                return self._secrets.text(value)
            return self._digits(digits[0]) + value[digits.end() :]
        return self._redactor.diameter.text(code, vendor, value)

    def _digits(self, digits: str) -> str:
        return self._redactor.digests.known(digits) or self._secrets.hexadecimal(digits)

    def _name(self, found: re.Match[str]) -> str:
        identities = self._redactor.identities
        replaced = identities.in_text(found[2])
        name = found[1] if replaced == found[2] else identities.name(found[1])
        return f'"{name}"{found[2]}'

    def _param(self, found: re.Match[str]) -> str:
        name, equals, value = found.group(1, 2, 3) if found[1] else found.group(4, 5, 6)
        kept = value.rstrip("…*")
        shown = self._redactor.digests.redacted(kept) if name.lower() == "response" else self._secrets.text(kept)
        return f"{name}{equals}{shown}{value[len(kept) :]}"

    def _token(self, token: str) -> str:
        plain = re.sub(r"[: ]", "", token).lower()
        if _ONLY_DIGITS.fullmatch(plain) and len(plain) >= _SHORTEST_DIGITS:
            known = self._redactor.digests.known(plain)
            if known is not None:
                return known
            place = bisect_left(self._hexadecimal, plain)
            if place < len(self._hexadecimal) and self._hexadecimal[place].startswith(plain):
                return self._secrets.hexadecimal(token)
        if token in self._base64:
            return self._secrets.text(token)
        return self._secrets.characters(token) if token in self._secrets.texts_seen else token

    def _cut(self, found: re.Match[str]) -> str:
        begin = found[1].lower()
        is_begin = any(user.startswith(begin) for user in self._redactor.identities.replaced())
        return "x" * len(begin) if is_begin else found[1]
