"""Digest responses, computed anew where they were right, so that right stays right and wrong stays wrong.

RFC 2617 3.2.2 and RFC 3310: the response follows from values that were all replaced. Where the capture shows what the
response was made with (XRES or HA1 from the HSS), it is made again with what stands in their place.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from conformance.criteria.digest import ha1, response
from conformance.redaction.secret_values import SecretValues

_DIGITS: Final = re.compile(r"[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a response is computed from, beside the secret."""

    params: Mapping[str, str]
    method: str
    body: bytes

    def response(self, secret: str, *, integrity: bool | None = None) -> str:
        """Return the response that follows from H(A1); see `criteria.digest`."""
        param = self.params.get
        return response(
            secret,
            nonce=param("nonce", ""),
            method=self.method,
            uri=param("uri", ""),
            qop=self.params.get("qop"),
            nc=param("nc", ""),
            cnonce=param("cnonce", ""),
            body=self.body,
            integrity=integrity,
        )

    def ha1(self, password: bytes) -> str:
        """Return H(A1) of a password or of RES."""
        return ha1(self.params.get("username", ""), self.params.get("realm", ""), password)


class Digests:
    """Knows the secrets of the HSS from the answers that were seen, and what became of each response."""

    def __init__(self, secrets: SecretValues) -> None:
        self._secrets = secrets
        self._vectors: dict[bytes, set[bytes]] = {}
        self._ha1s: set[str] = set()
        self._responses: dict[str, str] = {}

    def learn_vector(self, token: bytes, xres: bytes) -> None:
        """Note RAND and AUTN of an authentication vector, and its XRES."""
        if token:
            self._vectors.setdefault(token, set()).add(xres)

    def learn_ha1(self, digits: str) -> None:
        """Note the H(A1) of a subscriber with a password."""
        if _DIGITS.fullmatch(digits):
            self._ha1s.add(digits.lower())

    def known(self, text: str) -> str | None:
        """Return what stands in place of a response that would be right; None for any other text."""
        return self._responses.get(text.lower())

    def redacted(self, text: str) -> str:
        """Return what stands in place of a response that was met in a header or is told of in a sentence."""
        known = self.known(text)
        if known is None:
            return self._secrets.hexadecimal(text)
        return known.upper() if text.isupper() else known

    def note(self, old: Credentials, new: Credentials) -> None:
        """Work out what stands in place of the responses that would be right for these credentials.

        Args:
            old: as captured.
            new: the same with everything replaced but the response.
        """
        for before, after in self._secrets_for(old, new):
            for integrity in (False, True):  # old terminals hash the body whatever qop says, and that is told of
                right, becomes = old.response(before, integrity=integrity), new.response(after, integrity=integrity)
                self._secrets.hexadecimal(right)  # it is looked for in what was written
                self._responses[right] = becomes

    def _secrets_for(self, old: Credentials, new: Credentials) -> list[tuple[str, str]]:
        try:
            octets = base64.b64decode(old.params.get("nonce", ""), validate=True)
        except (binascii.Error, ValueError):
            octets = b""
        found = [
            (old.ha1(xres), new.ha1(self._secrets.value(xres)))
            for token, several in self._vectors.items()
            if octets.startswith(token)
            for xres in several
        ]
        return found + [(one, self._secrets.hexadecimal(one)) for one in self._ha1s]
