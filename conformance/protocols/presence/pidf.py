"""Presence documents, `application/pidf+xml` (RFC 3863), with persons and devices (RFC 4479) and RPID (RFC 4480).

What several devices of one user publish is composed into one document: the union of their tuples and devices, and one
person.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Sequence

from lxml import etree

from conformance.protocols.presence.xml_document import MalformedDocument, read_document

CONTENT_TYPE = "application/pidf+xml"
PIDF = "urn:ietf:params:xml:ns:pidf"
DATA_MODEL = "urn:ietf:params:xml:ns:pidf:data-model"
RPID = "urn:ietf:params:xml:ns:pidf:rpid"

PRESENCE = f"{{{PIDF}}}presence"
TUPLE = f"{{{PIDF}}}tuple"
STATUS = f"{{{PIDF}}}status"
BASIC = f"{{{PIDF}}}basic"
NOTE = f"{{{PIDF}}}note"
PERSON = f"{{{DATA_MODEL}}}person"
DEVICE = f"{{{DATA_MODEL}}}device"
PERSON_NOTE = f"{{{DATA_MODEL}}}note"
SPHERE = f"{{{RPID}}}sphere"

_MOST_PARTS = 100
_NAMESPACES: dict[str, str] = {None: PIDF, "dm": DATA_MODEL, "rpid": RPID}  # type: ignore[dict-item]


def read_pidf(data: bytes) -> etree._Element:
    """Read a presence document.

    Raises:
        MalformedDocument: no `presence` with an entity, or a tuple without the id and status that RFC 3863 4 wants.
    """
    root = read_document(data, PRESENCE)
    if not root.get("entity"):
        raise MalformedDocument("PIDF: expected attribute entity in presence, found none")
    parts = [one for one in root if one.tag in (TUPLE, PERSON, DEVICE)]
    if len(parts) > _MOST_PARTS:
        raise MalformedDocument(f"PIDF: expected at most {_MOST_PARTS} tuples, persons and devices")
    ids = [one.get("id") for one in parts]
    if not all(ids) or len(set(ids)) < len(ids):
        raise MalformedDocument("PIDF: expected an id of its own in each tuple, person and device")
    for one in root.iterchildren(TUPLE):
        status = one.find(STATUS)
        if status is None:
            raise MalformedDocument("PIDF: expected status in each tuple, found none")
        basic = status.find(BASIC)
        if basic is not None and (basic.text or "").strip() not in ("open", "closed"):
            raise MalformedDocument("PIDF: expected basic to be open or closed")
    return root


def empty(entity: str) -> etree._Element:
    """Return a document that says nothing."""
    root = etree.Element(PRESENCE, nsmap=_NAMESPACES)
    root.set("entity", entity)
    return root


def unavailable(entity: str) -> etree._Element:
    """Return the document of somebody who cannot be reached: one service, closed (RFC 5025 3.2.1, polite-block).

    It is the same whether nobody has published anything, or a watcher is blocked politely.
    """
    root = empty(entity)
    one = etree.SubElement(root, TUPLE)
    one.set("id", "t" + hashlib.sha256(entity.encode()).hexdigest()[:8])
    etree.SubElement(etree.SubElement(one, STATUS), BASIC).text = "closed"
    return root


def compose(entity: str, published: Sequence[etree._Element]) -> etree._Element:
    """Make one document of what several devices have published.

    Args:
        entity: URI of the presentity; it stands in the result, whatever the publications say.
        published: documents, the newest first. They are not changed.

    Returns:
        All tuples and devices, each id once (the second of an id gets another one), and one person: of an element that
        several publications have the newest counts, notes are all kept.
    """
    root = empty(entity)
    taken: set[str] = set()
    notes: set[str] = set()
    for kind in (TUPLE, DEVICE):
        for number, document in enumerate(published):
            for one in document.iterchildren(kind):
                root.append(_renamed(one, taken, number))
    person = _one_person([one for document in published for one in document.iterchildren(PERSON)])
    if person is not None:
        root.append(_renamed(person, taken, 0))
    others = [one for document in published for one in document if one.tag not in (TUPLE, DEVICE, PERSON)]
    # PIDF has its notes behind the tuples, and what is foreign to it behind the notes.
    for one in others:
        text = etree.tostring(one, method="c14n").decode()
        if text not in notes:
            notes.add(text)
            addition = copy.deepcopy(one)
            if one.tag == NOTE:
                root.insert(len(root.findall(TUPLE)), addition)
            else:
                root.append(addition)
    etree.cleanup_namespaces(root, keep_ns_prefixes=["dm", "rpid"])
    return root if len(root) else unavailable(entity)


def sphere_of(document: etree._Element) -> str:
    """Return the sphere that the user is in, as in `<sphere>work</sphere>`; empty where none is published."""
    found = document.find(f"{PERSON}/{SPHERE}")
    if found is None:
        return ""
    word = (found.text or "").strip()
    child = next(iter(found), None)
    return word or ("" if child is None else str(etree.QName(child).localname))


def _renamed(one: etree._Element, taken: set[str], number: int) -> etree._Element:
    addition = copy.deepcopy(one)
    addition.tail = None
    name = addition.get("id") or ""
    while name in taken:
        name = f"{name}-{number}"
    taken.add(name)
    addition.set("id", name)
    return addition


def _one_person(persons: Iterable[etree._Element]) -> etree._Element | None:
    merged: etree._Element | None = None
    for person in persons:
        if merged is None:
            merged = copy.deepcopy(person)
            continue
        known = {child.tag for child in merged}
        texts = {(child.text or "").strip() for child in merged.iterchildren(PERSON_NOTE)}
        for child in person:
            if child.tag not in known or (child.tag == PERSON_NOTE and (child.text or "").strip() not in texts):
                merged.append(copy.deepcopy(child))
    if merged is not None:
        _in_schema_order(merged)
    return merged


def _in_schema_order(person: etree._Element) -> None:
    """Put notes and the time stamp to the end (RFC 4479: other elements, note, timestamp)."""
    last = {PERSON_NOTE: 1, f"{{{DATA_MODEL}}}timestamp": 2}
    person[:] = sorted(person, key=lambda child: last.get(str(child.tag), 0))
