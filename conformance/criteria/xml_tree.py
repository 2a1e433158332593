"""Reads XML that came in a packet into a tree: bounded, without document type, entities or anything that is fetched."""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat

MAX_BYTES = 64 * 1024
MAX_DEPTH = 16
MAX_ELEMENTS = 2_000


class NotReadError(ValueError):
    """The document is not judged: too large, too deep, or with declarations that nobody expands here."""


class NotWellFormedError(ValueError):
    """The text is no XML document.

    Args:
        what: What is wrong.
        offset: Byte offset in the text.
    """

    def __init__(self, what: str, offset: int) -> None:
        super().__init__(what)
        self.offset = offset


@dataclass(slots=True)
class Element:
    """One element."""

    name: str
    """Namespace, a space and the local name; the local name alone where there is no namespace."""
    attributes: dict[str, str]
    offset: int
    """Byte offset in the text of the start of the element."""
    children: list[Element]
    text: list[str]

    @property
    def local(self) -> str:
        """The name without namespace."""
        return self.name.rpartition(" ")[2]

    @property
    def content(self) -> str:
        """The text of the element itself, without white space at its ends."""
        return "".join(self.text).strip()

    def all(self, name: str) -> list[Element]:
        """Return the children of that full name."""
        return [child for child in self.children if child.name == name]


def read_xml(text: bytes) -> Element:
    """Read a document.

    Args:
        text: The document.

    Returns:
        Its root element.

    Raises:
        NotReadError: It is beyond the bounds, or has a document type declaration.
        NotWellFormedError: It is no XML.
    """
    if len(text) > MAX_BYTES:
        raise NotReadError(f"the document has {len(text)} bytes, more than {MAX_BYTES}")
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    top = Element("", {}, 0, [], [])
    stack = [top]
    count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MAX_ELEMENTS or len(stack) > MAX_DEPTH:
            raise NotReadError(f"the document has more than {MAX_ELEMENTS} elements or {MAX_DEPTH} levels")
        element = Element(name, attributes, parser.CurrentByteIndex, [], [])
        stack[-1].children.append(element)
        stack.append(element)

    def end(_name: str) -> None:
        stack.pop()

    def doctype(*_declared: object) -> None:
        raise NotReadError("the document declares a document type")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda text: stack[-1].text.append(text)
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise NotWellFormedError(expat.ErrorString(error.code), parser.ErrorByteIndex) from None
    except (LookupError, ValueError) as error:
        if isinstance(error, NotReadError):
            raise
        raise NotWellFormedError(str(error)[:80], 0) from None
    return top.children[0]
