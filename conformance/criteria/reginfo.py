"""Reads registration information documents (RFC 3680), as hostile as they may be: bounded, without entities.

Nothing is repaired. What departs from the schema becomes a problem with its place; a document that declares
a type or entities is not read at all, because no conforming document needs them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from conformance.criteria.xml_tree import Element, read_xml

NAMESPACE = "urn:ietf:params:xml:ns:reginfo"
CONTENT_TYPE = "application/reginfo+xml"
STATES = ("init", "active", "terminated")
EVENTS = {
    "active": ("registered", "created", "refreshed", "shortened"),
    "terminated": ("expired", "deactivated", "probation", "unregistered", "rejected"),
}
"""Events of a contact by its state (RFC 3680): the schema's list is closed."""

_ALL_EVENTS = tuple(event for events in EVENTS.values() for event in events)
_NUMBER = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class RegContact:
    """One contact of one registration."""

    id: str
    state: str
    event: str
    uri: str
    offset: int
    """Byte offset in the body of the start of the element."""
    expires: str = ""
    """Seconds that are left, as written; empty where it does not say."""


@dataclass(frozen=True, slots=True)
class RegRegistration:
    """One address of record."""

    aor: str
    id: str
    state: str
    contacts: tuple[RegContact, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class RegProblem:
    """A departure from the schema."""

    what: str
    offset: int


@dataclass(frozen=True, slots=True)
class RegInfo:
    """One document; what is absent or unreadable is empty or None and stands among the problems."""

    version: int | None
    state: str
    registrations: tuple[RegRegistration, ...]
    offset: int
    """Byte offset in the body of the start of the root element."""
    prefixed: bool
    """True where element names have a prefix: Wireshark then shows them by other names."""
    problems: tuple[RegProblem, ...] = ()

    @property
    def is_over(self) -> bool:
        """True where every registration of the document is terminated."""
        return bool(self.registrations) and all(one.state == "terminated" for one in self.registrations)


def read_reginfo(body: bytes) -> RegInfo:
    """Read a registration information document.

    Args:
        body: Body of a NOTIFY.

    Returns:
        The document with its problems.

    Raises:
        NotReadError: It is beyond the bounds, or has a document type declaration.
        NotWellFormedError: It is no XML.
    """
    root = read_xml(body)
    problems: list[RegProblem] = []
    if root.name != f"{NAMESPACE} reginfo":
        return RegInfo(None, "", (), root.offset, False, (RegProblem(f"the root is {root.name[:80]}", root.offset),))
    version = root.attributes.get("version", "").strip()
    if not _NUMBER.fullmatch(version) or int(version) >= 2**32:
        problems.append(RegProblem(f"version is {version[:20]!r}", root.offset))
        number = None
    else:
        number = int(version)
    state = root.attributes.get("state", "")
    if state not in ("full", "partial"):
        problems.append(RegProblem(f"state of reginfo is {state[:20]!r}", root.offset))
    registrations = tuple(_registration(one, problems) for one in _all(root, "registration"))
    prefixed = re.match(rb"<[^\s>/]*:", body[root.offset : root.offset + 80]) is not None
    return RegInfo(number, state, registrations, root.offset, prefixed, tuple(problems))


def _registration(element: Element, problems: list[RegProblem]) -> RegRegistration:
    found = element.attributes
    missing = [name for name in ("aor", "id") if not found.get(name)]
    problems += [RegProblem(f"a registration has no {name}", element.offset) for name in missing]
    state = found.get("state", "")
    if state not in STATES:
        problems.append(RegProblem(f"state of a registration is {state[:20]!r}", element.offset))
    contacts = tuple(_contact(one, problems) for one in _all(element, "contact"))
    return RegRegistration(found.get("aor", "").strip(), found.get("id", ""), state, contacts, element.offset)


def _contact(element: Element, problems: list[RegProblem]) -> RegContact:
    found = element.attributes
    if not found.get("id"):
        problems.append(RegProblem("a contact has no id", element.offset))
    state, event = found.get("state", ""), found.get("event", "")
    if state not in EVENTS:
        problems.append(RegProblem(f"state of a contact is {state[:20]!r}", element.offset))
    if event not in _ALL_EVENTS:
        problems.append(RegProblem(f"event of a contact is {event[:20]!r}", element.offset))
    elif event not in EVENTS.get(state, _ALL_EVENTS):
        problems.append(RegProblem(f"a contact is {state} with the event {event}", element.offset))
    uris = _all(element, "uri")
    uri = "".join(uris[0].text).strip() if len(uris) == 1 else ""
    if not uri:
        problems.append(RegProblem(f"a contact has {len(uris) or 'no'} uri", element.offset))
    return RegContact(found.get("id", ""), state, event, uri, element.offset, found.get("expires", "").strip())


def _all(element: Element, name: str) -> list[Element]:
    return element.all(f"{NAMESPACE} {name}")
