"""Reads public user identities out of the user profile that the HSS sends (3GPP TS 29.228 annexes B and E).

The profile is XML from another machine: no document type, bounded in size, nothing is fetched.
"""

from __future__ import annotations

from xml.parsers import expat

_LARGEST = 256 * 1024


def registered_identities(user_data: bytes) -> tuple[str, ...]:
    """Return the identities that are registered together and not barred, in the order of the profile.

    The first one is the default public user identity, which heads P-Associated-URI (RFC 7315 4.1).

    Args:
        user_data: content of the User-Data AVP.

    Raises:
        ValueError: not well-formed XML, a document type declaration, more than 256 KiB, or no usable identity.
    """
    if len(user_data) > _LARGEST:
        raise ValueError(f"User-Data: expected at most {_LARGEST} octets, found {len(user_data)}")
    reader = _Reader()
    try:
        reader.parser.Parse(user_data, True)
    except expat.ExpatError as error:
        raise ValueError(f"User-Data: expected well-formed XML, found {error}") from None
    if not reader.identities:
        raise ValueError("User-Data: expected a PublicIdentity that is not barred, found none")
    return tuple(dict.fromkeys(reader.identities))


class _Reader:
    """Collects Identity elements of PublicIdentity elements without BarringIndication 1."""

    def __init__(self) -> None:
        self.identities: list[str] = []
        self._text = ""
        self._identity = ""
        self._barred = False
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _refuse(self, *_: object) -> None:
        raise ValueError("User-Data: expected no document type declaration, found one")

    def _start(self, name: str, _: dict[str, str]) -> None:
        self._text = ""
        if name == "PublicIdentity":
            self._identity, self._barred = "", False

    def _characters(self, text: str) -> None:
        self._text += text

    def _end(self, name: str) -> None:
        if name == "Identity":
            self._identity = self._text.strip()
        elif name == "BarringIndication":
            self._barred = self._text.strip() in ("1", "true")
        elif name == "PublicIdentity" and self._identity and not self._barred:
            self.identities.append(self._identity)
        self._text = ""
