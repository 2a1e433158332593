"""What a subscriber of document changes asks for, and what it is told (RFC 5875, RFC 5874)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote
from xml.sax.saxutils import quoteattr

from conformance.protocols.xcap.patch import Patch
from conformance.protocols.xcap.safe_xml import parse_document

EVENT = "xcap-diff"
CONTENT_TYPE = "application/xcap-diff+xml"
LIST_TYPE = "application/resource-lists+xml"
NAMESPACE = "urn:ietf:params:xml:ns:xcap-diff"
_LISTS = "{urn:ietf:params:xml:ns:resource-lists}"
_MOST = 1000


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """One element `document` of an xcap-diff document.

    Args:
        selector: which document, relative to the XCAP root, in URI form.
        previous: its entity tag before; None: it was not there.
        new: its entity tag now; None: it is no more.
        patch: what of it is another, where that is told.
    """

    selector: str
    previous: str | None
    new: str | None
    patch: Patch | None = None


def write_diff(root: str, changes: Iterable[DocumentChange]) -> bytes:
    """Return an xcap-diff document that names documents, and holds the patches that changes have.

    Args:
        root: XCAP root URI.
        changes: what it tells.
    """
    lines = [f'<?xml version="1.0" encoding="UTF-8"?>\n<xcap-diff xmlns="{NAMESPACE}" xcap-root={quoteattr(root)}>\n']
    for change in changes:
        new = f" new-etag={quoteattr(change.new)}" if change.new is not None else ""
        previous = f" previous-etag={quoteattr(change.previous)}" if change.previous is not None else ""
        end = "/>" if change.patch is None else f">{change.patch.write()}</document>"
        lines.append(f"<document{new}{previous} sel={quoteattr(change.selector)}{end}\n")
    return ("".join(lines) + "</xcap-diff>\n").encode()


def read_diff(data: bytes) -> tuple[DocumentChange, ...]:
    """Read which documents an xcap-diff document names, as a subscriber does.

    Raises:
        ValueError: it cannot be read, is another document, or names too many.
    """
    root = parse_document(data)
    if root.tag != f"{{{NAMESPACE}}}xcap-diff":
        raise ValueError("xcap-diff: found another root element")
    found = [
        DocumentChange(one.get("sel", ""), one.get("previous-etag"), one.get("new-etag"))
        for one in root.iterchildren(f"{{{NAMESPACE}}}document")
    ]
    if len(found) > _MOST:
        raise ValueError(f"xcap-diff: expected at most {_MOST} documents")
    return tuple(found)


def read_wanted(body: bytes, root: str) -> tuple[str, ...]:
    """Read which resources a SUBSCRIBE is about (RFC 5875 4.4).

    Args:
        body: a list of resources: documents, and collections, whose names end with a slash.
        root: XCAP root URI, which entries are relative to; they may begin with it.

    Returns:
        Selectors without percent-encoding.

    Raises:
        ValueError: no such list.
    """
    found = []
    for entry in parse_document(body).iter(f"{_LISTS}entry"):
        uri = entry.get("uri") or ""
        found.append(unquote(uri.removeprefix(f"{root}/").lstrip("/")))
        if len(found) > _MOST:
            raise ValueError(f"resource-lists: expected at most {_MOST} entries")
    return tuple(found)


def is_wanted(selector: str, wanted: Iterable[str]) -> bool:
    """Tell whether a document, without percent-encoding, is one of those or lies in one of their collections."""
    return any(selector == one or (one.endswith("/") and selector.startswith(one)) for one in wanted)
