"""What documents owe beyond their schema: unique names, references that lead somewhere (RFC 4826, RFC 4745)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml import etree

from conformance.protocols.xcap.errors import Conflict, ErrorElement

LISTS = "{urn:ietf:params:xml:ns:resource-lists}"
SERVICES = "{urn:ietf:params:xml:ns:rls-services}"
_UNIQUE = {"list": "name", "entry": "uri", "entry-ref": "ref", "external": "anchor"}
"""Attribute that no other element of the name has in the same list (RFC 4826 3.4.5)."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a document is compared with.

    Args:
        services: URIs of the services in all other documents.
        identities: public identities of the domain.
    """

    services: Callable[[], Iterable[str]]
    identities: frozenset[str] = frozenset()


def lists_are_unique(root: etree._Element, surroundings: Surroundings) -> None:
    """Demand unique names in each list, and references of the right form (RFC 4826 3.4.5)."""
    for parent in root.iter():
        seen: set[tuple[str, str]] = set()
        for child in parent.iterchildren("*"):
            kind = child.tag.removeprefix(LISTS)
            value = child.get(_UNIQUE.get(kind, "")) if kind in _UNIQUE else None
            if value is None:
                continue
            if (kind, value) in seen:
                raise _not_unique(f"two of {kind} have one {_UNIQUE[kind]}", _path(child, _UNIQUE[kind]))
            seen.add((kind, value))
            _reference(kind, value)


def _reference(kind: str, value: str) -> None:
    """An entry-ref is relative to the XCAP root; what is external is elsewhere (RFC 4826 3.2)."""
    if kind == "entry-ref" and (_scheme(value) or not value.startswith("resource-lists/") or "/~~/" not in value):
        raise Conflict(ErrorElement.CONSTRAINT_FAILURE, "ref: expected a path of resource-lists relative to the root")
    if kind == "external" and _scheme(value) not in ("http", "https"):
        raise Conflict(ErrorElement.CONSTRAINT_FAILURE, "anchor: expected an absolute HTTP URI")


def services_are_unique(root: etree._Element, surroundings: Surroundings) -> None:
    """Demand that a service's URI is nobody else's, and that its list is one of resource lists (RFC 4826 4.4.5)."""
    taken = {*surroundings.services(), *surroundings.identities}
    for service in root.iterchildren(f"{SERVICES}service"):
        uri = service.get("uri") or ""
        if uri in taken:
            raise _not_unique("the URI is in use", _path(service, "uri"))
        taken.add(uri)
    for reference in root.iter(f"{SERVICES}resource-list"):
        text = (reference.text or "").strip()
        if _scheme(text) not in ("http", "https") or "/resource-lists/" not in text or "/~~/" not in text:
            raise Conflict(
                ErrorElement.CONSTRAINT_FAILURE, "resource-list: expected the HTTP URI of a list in resource-lists"
            )


def service_uris(root: etree._Element) -> Iterator[str]:
    """Yield the URIs of the services of a document."""
    for service in root.iterchildren(f"{SERVICES}service"):
        yield service.get("uri") or ""


def ids_are_unique(root: etree._Element, surroundings: Surroundings) -> None:
    """Demand that ids of rules and tuples are unique, as their type xs:ID does."""
    seen: set[str] = set()
    for child in root.iterchildren("*"):
        value = child.get("id")
        if value is None:
            continue
        if value in seen:
            raise Conflict(ErrorElement.SCHEMA_VALIDATION_ERROR, f"two elements have the id {value}")
        seen.add(value)


def _not_unique(phrase: str, field: str) -> Conflict:
    return Conflict(ErrorElement.UNIQUENESS_FAILURE, phrase, exists=(field,))


def _path(element: etree._Element, attribute: str) -> str:
    """Return a node selector of an attribute: positions decide, so that it is one whatever the values are."""
    steps = []
    at: etree._Element | None = element
    while at is not None:
        name = etree.QName(at).localname
        before = sum(1 for _ in at.itersiblings(at.tag, preceding=True))
        parent = at.getparent()
        steps.append(name if parent is None else f"{name}[{before + 1}]")
        at = parent
    return "/".join(reversed(steps)) + f"/@{attribute}"


def _scheme(uri: str) -> str:
    try:
        return urlsplit(uri).scheme
    except ValueError:
        return ""
