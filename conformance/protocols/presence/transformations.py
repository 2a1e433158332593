"""What of a presence document a watcher may see (RFC 5025 3.3): whole components first, then their attributes."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from lxml import etree

from conformance.protocols.presence.identity import canonical
from conformance.protocols.presence.pidf import (
    BASIC,
    DATA_MODEL,
    DEVICE,
    NOTE,
    PERSON,
    PERSON_NOTE,
    PIDF,
    RPID,
    STATUS,
    TUPLE,
)
from conformance.protocols.presence.pres_rules import ALL, Permissions, Selector, UserInput

_CONTACT = f"{{{PIDF}}}contact"
_DEVICE_ID = f"{{{DATA_MODEL}}}deviceID"
_USER_INPUT = f"{{{RPID}}}user-input"
_ALWAYS = frozenset({STATUS, BASIC, _CONTACT, f"{{{PIDF}}}timestamp", f"{{{DATA_MODEL}}}timestamp"})
"""What RFC 5025 has no permission for: it goes with the component that it is part of."""
_NOTES = frozenset({NOTE, PERSON_NOTE, f"{{{RPID}}}note"})
_RPID_ATTRIBUTES = frozenset(
    {"activities", "class", "mood", "place-is", "place-type", "privacy", "relationship"}
    | {"sphere", "status-icon", "time-offset"}
)


def transformed(document: etree._Element, permissions: Permissions) -> etree._Element:
    """Return a copy of a document that has what the permissions allow, and nothing else."""
    seen = copy.deepcopy(document)
    for one in list(seen):
        wanted = {TUPLE: permissions.services, DEVICE: permissions.devices, PERSON: permissions.persons}.get(
            str(one.tag)
        )
        keep = _may_see(one, permissions) if wanted is None else ALL in wanted or bool(wanted & set(_describes(one)))
        if not keep:
            seen.remove(one)
        elif wanted is not None:
            _strip(one, permissions)
    return seen


def _describes(one: etree._Element) -> Iterator[Selector]:
    """Yield all that a component can be chosen by."""
    yield "occurrence-id", one.get("id", "")
    for child in one:
        text = (child.text or "").strip()
        if child.tag == f"{{{RPID}}}class":
            yield "class", text
        elif child.tag == _DEVICE_ID:
            yield "deviceID", text
        elif child.tag == _CONTACT:
            yield "service-uri", text
            yield "service-uri", canonical(text)
            yield "service-uri-scheme", text.partition(":")[0].lower()


def _strip(component: etree._Element, permissions: Permissions) -> None:
    for child in list(component):
        if child.tag == _DEVICE_ID and component.tag == DEVICE:
            continue  # what the device is called by; the schema demands it
        if not _may_see(child, permissions):
            component.remove(child)
        elif child.tag == STATUS:
            _strip(child, permissions)
        elif child.tag == _USER_INPUT:
            _limit(child, UserInput.FULL if permissions.all_attributes else permissions.user_input)


def _may_see(one: etree._Element, permissions: Permissions) -> bool:
    if one.tag in _ALWAYS or permissions.all_attributes:
        return True
    if one.tag in _NOTES:
        return "note" in permissions.attributes
    if one.tag == _DEVICE_ID:
        return "deviceID" in permissions.attributes
    if one.tag == _USER_INPUT:
        return permissions.user_input > UserInput.FALSE
    name = etree.QName(one)
    if name.namespace == RPID and name.localname in _RPID_ATTRIBUTES:
        return name.localname in permissions.attributes
    return (name.namespace or "", name.localname) in permissions.unknown


def _limit(user_input: etree._Element, degree: UserInput) -> None:
    if degree < UserInput.FULL:
        user_input.attrib.pop("last-input", "")
    if degree < UserInput.THRESHOLDS:
        user_input.attrib.pop("idle-threshold", "")
