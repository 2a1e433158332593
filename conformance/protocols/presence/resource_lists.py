"""Lists of presentities and the services that make them subscribable (RFC 4826), as an RLS reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from conformance.protocols.presence.identity import canonical
from conformance.protocols.presence.xml_document import MalformedDocument, read_document

LISTS = "urn:ietf:params:xml:ns:resource-lists"
SERVICES = "urn:ietf:params:xml:ns:rls-services"
_LIST = f"{{{LISTS}}}list"
MOST_MEMBERS = 100


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of a list."""

    uri: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class ListService:
    """One URI that stands for a list."""

    uri: str
    members: tuple[Member, ...]
    """None where the list is somewhere else."""
    reference: str
    """URI of the list in the XDMS; empty where the list is in the service itself."""
    packages: frozenset[str]
    """Event packages that it serves; none: all."""


def read_services(data: bytes) -> dict[str, ListService]:
    """Read a document of `rls-services`.

    Returns:
        The services by their canonical URI.

    Raises:
        MalformedDocument: it cannot be read, or a list has too many members.
    """
    found = {}
    for one in read_document(data, f"{{{SERVICES}}}rls-services").iterchildren(f"{{{SERVICES}}}service"):
        uri = one.get("uri")
        if not uri:
            raise MalformedDocument("rls-services: expected attribute uri in each service, found none")
        reference = one.findtext(f"{{{SERVICES}}}resource-list", "").strip()
        inside = one.find(f"{{{SERVICES}}}list")
        packages = {(p.text or "").strip() for p in one.iterfind(f"{{{SERVICES}}}packages/{{{SERVICES}}}package")}
        found[canonical(uri)] = ListService(
            uri, () if inside is None else _members(inside), reference, frozenset(packages)
        )
    return found


def read_list(data: bytes) -> tuple[Member, ...]:
    """Read a list element, or a document of `resource-lists` with all lists in it.

    Raises:
        MalformedDocument: it cannot be read, or has too many members.
    """
    return _members(read_document(data, _LIST, f"{{{LISTS}}}resource-lists"))


def _members(root: etree._Element) -> tuple[Member, ...]:
    found: dict[str, Member] = {}
    for entry in _entries(root):
        uri = entry.get("uri")
        if uri:
            found.setdefault(canonical(uri), Member(uri, entry.findtext(f"{{{LISTS}}}display-name", "").strip()[:200]))
    if len(found) > MOST_MEMBERS:
        raise MalformedDocument(f"resource list: expected at most {MOST_MEMBERS} members, found {len(found)}")
    return tuple(found.values())


def _entries(root: etree._Element) -> Iterator[etree._Element]:
    """Yield the entries of a list and of the lists in it; references to other documents are not followed."""
    return root.iter(f"{{{LISTS}}}entry")
