"""Watcher information, `application/watcherinfo+xml` (RFC 3858): who watches somebody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from conformance.protocols.presence.xml_document import write_document

CONTENT_TYPE = "application/watcherinfo+xml"
NAMESPACE = "urn:ietf:params:xml:ns:watcherinfo"
_NAMESPACES: dict[str, str] = {None: NAMESPACE}  # type: ignore[dict-item]  # the stubs do not know a default


class WatcherStatus(StrEnum):
    """State of a subscription (RFC 3857 4.7.1)."""

    PENDING = "pending"
    ACTIVE = "active"
    WAITING = "waiting"
    """It ended while nobody had decided yet."""
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class WatcherState:
    """One watcher of a presentity."""

    id: str
    uri: str
    status: WatcherStatus
    event: str
    """What brought it there: `subscribe`, `approved`, `deactivated`, `rejected`, `timeout`, `noresource`."""


def write_winfo(version: int, resource: str, package: str, watchers: Iterable[WatcherState], *, full: bool) -> bytes:
    """Return a document.

    Args:
        version: counts from 0 within one subscription.
        resource: URI of who is watched.
        package: event package that they watch.
        watchers: all, or those that have changed.
        full: they are all.
    """
    root = etree.Element(f"{{{NAMESPACE}}}watcherinfo", nsmap=_NAMESPACES)
    root.set("version", str(version))
    root.set("state", "full" if full else "partial")
    watched = etree.SubElement(root, f"{{{NAMESPACE}}}watcher-list", resource=resource, package=package)
    for one in watchers:
        attributes = {"id": one.id, "event": one.event, "status": one.status.value}
        etree.SubElement(watched, f"{{{NAMESPACE}}}watcher", attributes).text = one.uri
    return write_document(root)
