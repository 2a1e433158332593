"""Reads and writes documents of the presence service; what is read comes from another machine.

How XML of others is read at all is said in `protocols.xcap.safe_xml`; documents of presence are smaller than those that
an XDMS keeps.
"""

from __future__ import annotations

from lxml import etree

from conformance.protocols.xcap.safe_xml import XmlRefused, parse_document

MAX_BYTES = 64 * 1024
MAX_ELEMENTS = 4_000


class MalformedDocument(ValueError):
    """A document that is not accepted. The text is one bounded line."""


def read_document(data: bytes, *roots: str) -> etree._Element:
    """Read a document.

    Args:
        data: the document.
        roots: names that its root element may have, `{namespace}local`.

    Returns:
        The root element, without comments and processing instructions.

    Raises:
        MalformedDocument: it is no XML, beyond the bounds, has a document type declaration or another root.
    """
    if len(data) > MAX_BYTES:
        raise MalformedDocument(f"XML: expected at most {MAX_BYTES} octets, found {len(data)}")
    try:
        found = parse_document(data)
    except XmlRefused as error:
        raise MalformedDocument(f"XML: {_line(str(error))}") from None
    if found.tag not in roots:
        raise MalformedDocument(f"XML: expected root element {' or '.join(roots)}, found {_line(str(found.tag))}")
    if sum(1 for _ in found.iter(etree.Element)) > MAX_ELEMENTS:
        raise MalformedDocument(f"XML: expected at most {MAX_ELEMENTS} elements")
    etree.strip_tags(found, etree.Comment, etree.ProcessingInstruction)
    return found


def write_document(root: etree._Element) -> bytes:
    """Return a document as UTF-8 with its XML declaration."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _line(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:100])
