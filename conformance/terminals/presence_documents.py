"""What a terminal writes and reads of presence: PIDF and RPID, watcher information, resource lists.

A user states little: reachable or not, what she does, a note. Documents that come in are read for just that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from typing import Any, Literal

from lxml import etree

from conformance.protocols.presence.xml_document import MalformedDocument, read_document, write_document

PIDF_TYPE = "application/pidf+xml"
WINFO_TYPE = "application/watcherinfo+xml"
RLMI_TYPE = "application/rlmi+xml"
MULTIPART_TYPE = "multipart/related"

_PIDF = "urn:ietf:params:xml:ns:pidf"
_DATA_MODEL = "urn:ietf:params:xml:ns:pidf:data-model"
_RPID = "urn:ietf:params:xml:ns:pidf:rpid"
_WINFO = "urn:ietf:params:xml:ns:watcherinfo"
_RLMI = "urn:ietf:params:xml:ns:rlmi"
_NAMESPACES: dict[Any, str] = {None: _PIDF, "dm": _DATA_MODEL, "rpid": _RPID}
_ACTIVITY = re.compile(r"[a-z]+(-[a-z]+)*")
_MOST_PARTS = 200


@dataclass(frozen=True, slots=True)
class PresenceState:
    """What a user wants others to know of one device."""

    basic: Literal["open", "closed"] = "open"
    """Whether she can be reached there."""
    activity: str = ""
    """Element of RPID: `meeting`, `on-the-phone`, `away`; empty: nothing is said."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Presence:
    """What a presence document says."""

    entity: str = ""
    basic: frozenset[str] = frozenset()
    """`open`, `closed`: of all tuples; empty where there is none."""
    activities: frozenset[str] = frozenset()
    notes: frozenset[str] = frozenset()
    tuples: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the user can be reached anywhere."""
        return "open" in self.basic

    def __str__(self) -> str:
        words = [*sorted(self.basic), *sorted(self.activities), *sorted(self.notes)]
        return ", ".join(word[:40] for word in words[:8]) or "nothing"


def write_pidf(entity: str, device: str, state: PresenceState) -> bytes:
    """Return a presence document (RFC 3863, RFC 4479, RFC 4480), small enough for a datagram.

    Args:
        entity: URI of the presentity.
        device: which of the user's devices: an XML name.
        state: what it says.

    Raises:
        ValueError: the activity is no element name.
    """
    root = etree.Element(f"{{{_PIDF}}}presence", nsmap=_NAMESPACES)
    root.set("entity", entity)
    service = etree.SubElement(root, f"{{{_PIDF}}}tuple", id=f"t{device}")
    etree.SubElement(etree.SubElement(service, f"{{{_PIDF}}}status"), f"{{{_PIDF}}}basic").text = state.basic
    etree.SubElement(service, f"{{{_PIDF}}}contact").text = entity
    if state.note:
        etree.SubElement(service, f"{{{_PIDF}}}note").text = state.note
    if state.activity:
        if not _ACTIVITY.fullmatch(state.activity):
            raise ValueError(f"activity: expected the name of an element of RPID, found {state.activity[:40]!r}")
        person = etree.SubElement(root, f"{{{_DATA_MODEL}}}person", id=f"p{device}")
        etree.SubElement(etree.SubElement(person, f"{{{_RPID}}}activities"), f"{{{_RPID}}}{state.activity}")
    return write_document(root)


def read_pidf(body: bytes) -> Presence:
    """Read a presence document.

    Raises:
        ValueError: it is none.
    """
    root = read_document(body, f"{{{_PIDF}}}presence")
    tuples = root.findall(f"{{{_PIDF}}}tuple")
    notes = [*root.iter(f"{{{_PIDF}}}note"), *root.iter(f"{{{_DATA_MODEL}}}note")]
    activities = [child for one in root.iter(f"{{{_RPID}}}activities") for child in one]
    return Presence(
        entity=root.get("entity", ""),
        basic=frozenset(_text(one) for each in tuples for one in each.iter(f"{{{_PIDF}}}basic")),
        activities=frozenset(etree.QName(one).localname for one in activities),
        notes=frozenset(map(_text, notes)),
        tuples=len(tuples),
    )


@dataclass(frozen=True, slots=True)
class WatcherInfo:
    """One document of watcher information (RFC 3858)."""

    version: int
    is_full: bool
    watchers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By id: URI of the watcher, and `pending`, `active`, `waiting` or `terminated`."""

    @property
    def active(self) -> frozenset[str]:
        """URIs of the watchers who are told."""
        return frozenset(uri for uri, status in self.watchers.values() if status == "active")


def read_winfo(body: bytes) -> WatcherInfo:
    """Read a document of watcher information.

    Raises:
        ValueError: it is none.
    """
    root = read_document(body, f"{{{_WINFO}}}watcherinfo")
    version = root.get("version", "")
    if not version.isascii() or not version.isdigit() or len(version) > 10:
        raise MalformedDocument(f"watcherinfo: expected a version, found {version[:20]!r}")
    watchers = {one.get("id", ""): (_text(one), one.get("status", "")) for one in root.iter(f"{{{_WINFO}}}watcher")}
    return WatcherInfo(int(version), root.get("state") == "full", watchers)


@dataclass(frozen=True, slots=True)
class Member:
    """One resource of a list, as a NOTIFY tells of it (RFC 4662)."""

    state: str
    """Of the subscription behind the list: `active`, `pending`, `terminated`; empty where there is none."""
    presence: Presence | None
    """None where the NOTIFY holds no document of it."""


def read_list(content_type: str, body: bytes) -> dict[str, Member]:
    """Read the body of a NOTIFY for a resource list: the list itself, and a document each resource.

    Returns:
        What it says, by URI of the resource.

    Raises:
        ValueError: it is no multipart/related body whose root is a resource list.
    """
    parts = _parts(content_type, body)
    root = next((part for part in parts.values() if part.get_content_type() == RLMI_TYPE), None)
    if root is None:
        raise MalformedDocument(f"multipart: expected a part of type {RLMI_TYPE}, found none")
    members = {}
    for resource in read_document(_octets(root), f"{{{_RLMI}}}list").iter(f"{{{_RLMI}}}resource"):
        instance = resource.find(f"{{{_RLMI}}}instance")
        if instance is None:
            members[resource.get("uri", "")] = Member("", None)
            continue
        part = parts.get(instance.get("cid", ""))
        seen = read_pidf(_octets(part)) if part is not None and part.get_content_type() == PIDF_TYPE else None
        members[resource.get("uri", "")] = Member(instance.get("state", ""), seen)
    return members


def _parts(content_type: str, body: bytes) -> dict[str, Message]:
    whole = BytesParser().parsebytes(b"Content-Type: " + content_type.encode("ascii", "replace") + b"\r\n\r\n" + body)
    if whole.get_content_type() != MULTIPART_TYPE or not whole.is_multipart():
        raise MalformedDocument(f"Content-Type: expected {MULTIPART_TYPE} with parts, found {content_type[:60]!r}")
    found = dict(_leaves(whole))
    if len(found) > _MOST_PARTS:
        raise MalformedDocument(f"multipart: expected at most {_MOST_PARTS} parts, found {len(found)}")
    return found


def _leaves(whole: Message) -> Iterator[tuple[str, Message]]:
    for number, part in enumerate(whole.walk()):
        if not part.is_multipart():
            name = (part.get("Content-ID") or "").strip().strip("<>")
            yield name or f"part {number}", part


def _octets(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()
