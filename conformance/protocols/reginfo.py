"""Registration information documents, `application/reginfo+xml` (RFC 3680), written and read.

What is read comes from another machine: no document type, bounded in size, nothing is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

CONTENT_TYPE = "application/reginfo+xml"
NAMESPACE = "urn:ietf:params:xml:ns:reginfo"
DEFAULT_EXPIRES_S = 3761
"""How long a subscription lasts that asks for nothing, seconds (RFC 3680)."""

_LARGEST = 256 * 1024
_MOST = 256


@dataclass(frozen=True, slots=True)
class ContactState:
    """One contact of a registered identity (RFC 3680)."""

    id: str
    uri: str
    state: str
    """`active` or `terminated`."""
    event: str
    """What brought it there: `registered`, `created`, `refreshed`, `unregistered`, `deactivated`, `rejected`, ..."""
    expires_s: int | None = None


@dataclass(frozen=True, slots=True)
class RegistrationState:
    """One address-of-record (RFC 3680)."""

    id: str
    aor: str
    state: str
    """`init`, `active` or `terminated`."""
    contacts: tuple[ContactState, ...] = ()


@dataclass(frozen=True, slots=True)
class RegInfo:
    """One document: `version` counts from 0 within a subscription, `state` is `full` or `partial`."""

    version: int
    state: str
    registrations: tuple[RegistrationState, ...] = ()


def write_reginfo(info: RegInfo) -> bytes:
    """Return the document as XML in UTF-8."""
    parts = [
        f'<?xml version="1.0"?>\n<reginfo xmlns="{NAMESPACE}" version="{info.version}" state={quoteattr(info.state)}>\n'
    ]
    for one in info.registrations:
        parts.append(f"<registration aor={quoteattr(one.aor)} id={quoteattr(one.id)} state={quoteattr(one.state)}>\n")
        for contact in one.contacts:
            expires = "" if contact.expires_s is None else f' expires="{contact.expires_s}"'
            parts.append(
                f"<contact id={quoteattr(contact.id)} state={quoteattr(contact.state)} "
                f"event={quoteattr(contact.event)}{expires}><uri>{escape(contact.uri)}</uri></contact>\n"
            )
        parts.append("</registration>\n")
    parts.append("</reginfo>\n")
    return "".join(parts).encode()


def read_reginfo(data: bytes) -> RegInfo:
    """Read a document.

    Args:
        data: body of a NOTIFY.

    Raises:
        ValueError: not well-formed, a document type declaration, more than 256 KiB or 256 elements of a kind, another
            root element, or an attribute that the schema demands is missing or no number.
    """
    if len(data) > _LARGEST:
        raise ValueError(f"reginfo: expected at most {_LARGEST} octets, found {len(data)}")
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, LookupError) as error:  # LookupError: an encoding that there is not
        raise ValueError(f"reginfo: expected well-formed XML, found {str(error)[:80]}") from None
    if reader.version is None:
        raise ValueError("reginfo: expected the element reginfo, found none")
    return RegInfo(reader.version, reader.state, tuple(reader.registrations))


class _Reader:
    """Collects registrations and contacts; elements of other namespaces are passed over."""

    def __init__(self) -> None:
        self.version: int | None = None
        self.state = ""
        self.registrations: list[RegistrationState] = []
        self._registration: dict[str, str] | None = None
        self._contacts: list[ContactState] = []
        self._contact: dict[str, str] | None = None
        self._uri = ""
        self._in_uri = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True  # else text comes line by line, and joining it takes the square of its length
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _refuse(self, *_: object) -> None:
        raise ValueError("reginfo: expected no document type declaration, found one")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match _local(name):
            case "reginfo" if self.version is None:
                self.version, self.state = _number(attributes, "version"), _need(attributes, "state")
            case "registration":
                self._registration, self._contacts = attributes, []
            case "contact":
                self._contact, self._uri = attributes, ""
            case "uri" if self._contact is not None:
                self._in_uri = True

    def _characters(self, text: str) -> None:
        if self._in_uri:
            self._uri += text

    def _end(self, name: str) -> None:
        match _local(name):
            case "uri":
                self._in_uri = False
            case "contact" if self._contact is not None:
                if not self._uri.strip():
                    raise ValueError("reginfo: expected a uri in each contact, found none")
                expires = _number(self._contact, "expires") if "expires" in self._contact else None
                name, state, event = (_need(self._contact, key) for key in ("id", "state", "event"))
                self._contacts.append(ContactState(name, self._uri.strip(), state, event, expires))
                self._contact = None
            case "registration" if self._registration is not None:
                name, aor, state = (_need(self._registration, key) for key in ("id", "aor", "state"))
                self.registrations.append(RegistrationState(name, aor, state, tuple(self._contacts)))
                self._registration = None
        if max(len(self.registrations), len(self._contacts)) > _MOST:
            raise ValueError(f"reginfo: expected at most {_MOST} elements of a kind")


def _local(name: str) -> str:
    """Return the name of an element of this namespace; of another one, nothing."""
    namespace, _, local = name.rpartition(" ")
    return local if namespace == NAMESPACE else ""


def _need(attributes: dict[str, str], name: str) -> str:
    if not attributes.get(name):
        raise ValueError(f"reginfo: expected attribute {name}, found none")
    return attributes[name]


def _number(attributes: dict[str, str], name: str) -> int:
    text = _need(attributes, name)
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise ValueError(f"reginfo: expected a number in attribute {name}, found {text[:20]!r}")
    return int(text)
