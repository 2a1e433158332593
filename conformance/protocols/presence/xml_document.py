"""Reads and writes XML with lxml; what is read comes from another machine.

No document type, no entity, nothing that is fetched, bounded in size, depth and number of elements.
"""

from __future__ import annotations

from lxml import etree

MAX_BYTES = 64 * 1024
MAX_DEPTH = 32
MAX_ELEMENTS = 4_000


class MalformedDocument(ValueError):
    """A document that is not accepted. The text is one bounded line."""


def read_document(data: bytes, root: str) -> etree._Element:
    """Read a document.

    Args:
        data: the document.
        root: name of its root element, `{namespace}local`.

    Returns:
        The root element, without comments and processing instructions.

    Raises:
        MalformedDocument: it is no XML, beyond the bounds, has a document type declaration or another root.
    """
    if len(data) > MAX_BYTES:
        raise MalformedDocument(f"XML: expected at most {MAX_BYTES} octets, found {len(data)}")
    if b"<!DOCTYPE" in data:  # before the parser reads what it declares
        raise MalformedDocument("XML: expected no document type declaration, found one")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        found = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise MalformedDocument(f"XML: expected a well-formed document, found {_line(str(error))}") from None
    if found.getroottree().docinfo.internalDTD is not None:  # in an encoding that hides it from the search above
        raise MalformedDocument("XML: expected no document type declaration, found one")
    if found.tag != root:
        raise MalformedDocument(f"XML: expected root element {root}, found {_line(str(found.tag))}")
    _bounded(found)
    return found


def write_document(root: etree._Element) -> bytes:
    """Return a document as UTF-8 with its XML declaration."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _bounded(root: etree._Element) -> None:
    depth = 0
    for count, (event, _) in enumerate(etree.iterwalk(root, events=("start", "end"))):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH or count >= 2 * MAX_ELEMENTS:
            raise MalformedDocument(f"XML: expected at most {MAX_ELEMENTS} elements and {MAX_DEPTH} levels")


def _line(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:100])
