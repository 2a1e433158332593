"""State of the members of a list: RLMI and their documents in one multipart/related body (RFC 4662 5)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from conformance.protocols.presence.xml_document import write_document

CONTENT_TYPE = "application/rlmi+xml"
MULTIPART = "multipart/related"
NAMESPACE = "urn:ietf:params:xml:ns:rlmi"
_NAMESPACES: dict[str, str] = {None: NAMESPACE}  # type: ignore[dict-item]  # the stubs do not know a default


@dataclass(frozen=True, slots=True)
class Resource:
    """One member, as a subscriber of the list is told of it."""

    uri: str
    name: str = ""
    state: str = ""
    """`pending`, `active` or `terminated`; empty where nothing is known yet."""
    reason: str = ""
    document: bytes | None = None
    type: str = "application/pidf+xml"


def write_rlmi(uri: str, version: int, resources: Sequence[Resource], *, full: bool) -> tuple[str, bytes]:
    """Return Content-Type and body of a NOTIFY.

    Args:
        uri: of the list.
        version: counts from 0 within one subscription.
        resources: all members, or those that have changed.
        full: they are all.
    """
    root = etree.Element(f"{{{NAMESPACE}}}list", nsmap=_NAMESPACES)
    root.set("uri", uri)
    root.set("version", str(version))
    root.set("fullState", "true" if full else "false")
    parts: list[tuple[str, str, bytes]] = []
    host = uri.rpartition("@")[2].partition(";")[0] or "list"
    for one in resources:
        element = etree.SubElement(root, f"{{{NAMESPACE}}}resource", uri=one.uri)
        if one.name:
            etree.SubElement(element, f"{{{NAMESPACE}}}name").text = one.name
        if not one.state:
            continue
        # One instance a member: what several devices say is composed already.
        instance = etree.SubElement(element, f"{{{NAMESPACE}}}instance", id="i1", state=one.state)
        if one.state == "terminated" and one.reason:
            instance.set("reason", one.reason)
        if one.document is not None:
            content_id = f"{secrets.token_hex(8)}@{host}"
            instance.set("cid", content_id)
            parts.append((content_id, one.type, one.document))
    start = f"{secrets.token_hex(8)}@{host}"
    parts.insert(0, (start, f'{CONTENT_TYPE};charset="UTF-8"', write_document(root)))
    boundary = secrets.token_hex(16)
    body = b"".join(_part(boundary, *part) for part in parts) + f"--{boundary}--\r\n".encode()
    return f'{MULTIPART};type="{CONTENT_TYPE}";start="<{start}>";boundary="{boundary}"', body


def _part(boundary: str, content_id: str, type: str, document: bytes) -> bytes:
    head = (
        f"--{boundary}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{content_id}>\r\n"
        f"Content-Type: {type}\r\n\r\n"
    )
    return head.encode() + document + b"\r\n"
