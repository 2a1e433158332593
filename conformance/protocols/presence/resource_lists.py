"""Lists of presentities and the services that make them subscribable (RFC 4826), as an RLS reads them."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from conformance.protocols.presence.identity import canonical
from conformance.protocols.presence.xml_document import MalformedDocument, read_document

LISTS = "urn:ietf:params:xml:ns:resource-lists"
SERVICES = "urn:ietf:params:xml:ns:rls-services"
_LIST = f"{{{LISTS}}}list"
_ENTRY = f"{{{LISTS}}}entry"
_ENTRY_REF = f"{{{LISTS}}}entry-ref"
_EXTERNAL = f"{{{LISTS}}}external"
MOST_MEMBERS = 100


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of a list."""

    uri: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """What stands in a list in the place of entries that are somewhere else: `entry-ref`, `external`."""

    uri: str
    is_relative: bool
    """It is an `entry-ref`, whose URI begins behind the XCAP root; else it is absolute."""


Item = Member | Reference


@dataclass(frozen=True, slots=True)
class ListService:
    """One URI that stands for a list."""

    uri: str
    items: tuple[Item, ...]
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
            uri, () if inside is None else _items(inside), reference, frozenset(packages)
        )
    return found


def read_list(data: bytes) -> tuple[Item, ...]:
    """Read a list element, a document of `resource-lists` with all lists in it, or a single entry.

    Raises:
        MalformedDocument: it cannot be read, or has too many members.
    """
    return _items(read_document(data, _LIST, f"{{{LISTS}}}resource-lists", _ENTRY))


def _items(root: etree._Element) -> tuple[Item, ...]:
    """Return entries and references of a list and of the lists in it, in their order, each once."""
    found: dict[str, Item] = {}
    for one in root.iter(_ENTRY, _ENTRY_REF, _EXTERNAL):
        if one.tag == _ENTRY:
            if uri := one.get("uri"):
                name = one.findtext(f"{{{LISTS}}}display-name", "").strip()[:200]
                found.setdefault(canonical(uri), Member(uri, name))
        elif uri := one.get("ref" if one.tag == _ENTRY_REF else "anchor", "").strip():
            found.setdefault(f"reference {uri}", Reference(uri, one.tag == _ENTRY_REF))
    if len(found) > MOST_MEMBERS:
        raise MalformedDocument(f"resource list: expected at most {MOST_MEMBERS} members, found {len(found)}")
    return tuple(found.values())
