"""XML of others: read only after it was seen to hold nothing that could expand, fetch or exhaust.

Expat looks first, and stops at the first document type declaration, so that no entity is ever defined (which ends
exponential entities, external entities and external subsets alike). lxml reads what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from xml.parsers import expat

from lxml import etree

LARGEST = 256 * 1024
"""Octets of a document or of a part."""
DEEPEST = 32
"""Elements within each other."""
_MOST_ELEMENTS = 10_000
_MOST_ATTRIBUTES = 64
"""Of one element, namespace declarations among them."""
_LONGEST_NAME = 256


class XmlRefused(ValueError):
    """What was sent is not taken; the text is a phrase for who sent it."""


class NotWellFormed(XmlRefused):
    """Not well-formed XML, or more of it than is read."""


class NotUtf8(XmlRefused):
    """Not in UTF-8, or it says that it is in something else."""


def parse_document(data: bytes) -> etree._Element:
    """Read a document and return its root element.

    Raises:
        NotUtf8: another encoding.
        NotWellFormed: no well-formed XML; a document type declaration; larger, deeper or with more elements or
            attributes than is read.
    """
    look_through(data)
    return parse_own(data)


def look_through(data: bytes) -> None:
    """Make sure that a document is harmless, without regard to its namespaces; raises as `parse_document`."""
    if len(data) > LARGEST:
        raise NotWellFormed(f"expected at most {LARGEST} octets, found {len(data)}")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotUtf8(f"octet {error.start} is no UTF-8") from None
    look = _Look()
    try:
        look.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise NotWellFormed(f"{expat.ErrorString(error.code)} in line {error.lineno}") from None


def parse_fragment(data: bytes, namespaces: dict[str | None, str]) -> etree._Element:
    """Read one element that is to stand in a document.

    Args:
        data: the element.
        namespaces: what is bound where it is to stand; the element's own bindings come on top.

    Raises:
        XmlRefused: as `parse_document`; or there is more, or less, than one element.
    """
    look_through(data)  # by itself, so that it cannot leave the element that is put around it now
    if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<?xml"):
        raise NotWellFormed("expected an element without an XML declaration")
    around = etree.tostring(new_element("around", namespaces)).removesuffix(b"/>")
    element = next(iter(parse_own(around + b">" + data.removeprefix(b"\xef\xbb\xbf") + b"</around>").iterchildren("*")))
    element.tail = None
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
    return element


def parse_own(data: bytes) -> etree._Element:
    """Read a document that was looked through before it was stored."""
    # What the parser would fetch or expand is not there any more; it is told all the same.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, strip_cdata=False
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise NotWellFormed(error.msg[:120] if error.msg else "not well-formed") from None


def new_element(tag: str, namespaces: Mapping[str | None, str]) -> etree._Element:
    """Return a new element that binds those prefixes; None is the default namespace."""
    return etree.Element(tag, nsmap=cast("Mapping[str, str]", namespaces))  # which the types of lxml do not know


class _Look:
    """Counts what expat meets, and refuses what is too much."""

    def __init__(self) -> None:
        self._depth = 0
        self._elements = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.XmlDeclHandler = self._declaration
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() not in ("utf-8", "utf8", "us-ascii"):
            raise NotUtf8(f"expected UTF-8, declared as {encoding[:20]}")

    def _doctype(self, *_: object) -> None:
        raise NotWellFormed("expected no document type declaration")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST:
            raise NotWellFormed(f"expected elements at most {DEEPEST} deep")
        if self._elements > _MOST_ELEMENTS:
            raise NotWellFormed(f"expected at most {_MOST_ELEMENTS} elements")
        if len(attributes) > _MOST_ATTRIBUTES:
            raise NotWellFormed(
                f"expected at most {_MOST_ATTRIBUTES} attributes of an element, found {len(attributes)}"
            )
        if max(map(len, (name, *attributes))) > _LONGEST_NAME:
            raise NotWellFormed(f"expected names of at most {_LONGEST_NAME} characters")

    def _end(self, name: str) -> None:
        self._depth -= 1
