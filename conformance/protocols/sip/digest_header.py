"""The value of WWW-Authenticate and Authorization with scheme Digest (RFC 2617 3.2, RFC 3261 25.1, RFC 3310 3).

What the codec library lacks: quoted values that hold commas, `qop` quoted in a challenge and bare in
credentials, and parameters of 3GPP. A parsed value is written back with the quoting that it came with, so
that a proxy which removes one parameter changes nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PARAMETER = re.compile(
    r"""\s*(?P<name>[A-Za-z0-9\-.!%*_+`'~]+)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s",]*))\s*(?:,|$)""",
    re.DOTALL,
)
_SCHEME = re.compile(r"\s*Digest\s+(?=\S)", re.IGNORECASE)
_LONGEST = 8192
"""Longer values are refused: no digest of a standard comes near."""

_BARE_IN_CHALLENGE = frozenset({"algorithm", "stale"})
BARE_IN_CREDENTIALS = frozenset({"algorithm", "qop", "nc"})
QUOTED_IN_CREDENTIALS = frozenset({"username", "realm", "nonce", "uri", "response", "cnonce", "opaque"})
"""Parameters of credentials without quotation marks, and with them (RFC 2617 3.2.2, RFC 3261 22.4 item 2)."""


@dataclass(frozen=True, slots=True)
class DigestParameter:
    """One parameter: its name as written, its value without quotation marks, and whether it had them."""

    name: str
    value: str
    quoted: bool

    def __str__(self) -> str:
        if not self.quoted:
            return f"{self.name}={self.value}"
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.name}="{escaped}"'


@dataclass(frozen=True, slots=True)
class DigestHeader:
    """A Digest challenge or Digest credentials: parameters in their order. Names compare without case."""

    parameters: tuple[DigestParameter, ...]

    @classmethod
    def challenge(cls, **values: str) -> DigestHeader:
        """Return a challenge with the quoting of RFC 2617 3.2.1: all but `algorithm` and `stale` quoted."""
        return cls(tuple(DigestParameter(n, v, n not in _BARE_IN_CHALLENGE) for n, v in values.items()))

    @classmethod
    def credentials(cls, **values: str) -> DigestHeader:
        """Return credentials with the quoting of RFC 2617 3.2.2: all but `algorithm`, `qop` and `nc` quoted."""
        return cls(tuple(DigestParameter(n, v, n not in BARE_IN_CREDENTIALS) for n, v in values.items()))

    @classmethod
    def parse(cls, value: str) -> DigestHeader:
        """Read a header field value.

        Raises:
            ValueError: another scheme, no parameter, an unterminated string, more than 8192 characters. The text shows
                nothing of the value, which may hold keys.
        """
        scheme = _SCHEME.match(value)
        if scheme is None or len(value) > _LONGEST:
            raise ValueError(
                f"digest: expected `Digest name=value, ...`, found {len(value)} characters of another form"
            )
        parameters: list[DigestParameter] = []
        position = scheme.end()
        while position < len(value):
            found = _PARAMETER.match(value, position)
            if found is None:
                raise ValueError(f"digest: expected name=value at character {position}")
            quoted = found["quoted"]
            text = found["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
            parameters.append(DigestParameter(found["name"], text, quoted is not None))
            position = found.end()
        return cls(tuple(parameters))

    def get(self, name: str, default: str = "") -> str:
        """Return the value of the first parameter of that name, else `default`."""
        return next((p.value for p in self.parameters if p.name.lower() == name), default)

    def __contains__(self, name: str) -> bool:
        return any(p.name.lower() == name for p in self.parameters)

    def without(self, *names: str) -> DigestHeader:
        """Return the same value without the parameters of those (lower case) names."""
        return DigestHeader(tuple(p for p in self.parameters if p.name.lower() not in names))

    def adding(self, name: str, value: str) -> DigestHeader:
        """Return the same value with a quoted parameter at its end."""
        return DigestHeader((*self.parameters, DigestParameter(name, value, quoted=True)))

    def __str__(self) -> str:
        return "Digest " + ", ".join(map(str, self.parameters))
