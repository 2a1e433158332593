"""Why a change was refused with 409: the elements of `application/xcap-error+xml` (RFC 4825 11)."""

from __future__ import annotations

from enum import StrEnum
from xml.sax.saxutils import escape, quoteattr

CONTENT_TYPE = "application/xcap-error+xml"
NAMESPACE = "urn:ietf:params:xml:ns:xcap-error"
_LONGEST = 300


class ErrorElement(StrEnum):
    """The element that says why (RFC 4825 11.1)."""

    NOT_WELL_FORMED = "not-well-formed"
    """The body was to be a document, and is no well-formed XML."""
    NOT_XML_FRAG = "not-xml-frag"
    """The body was to be an element, and is none."""
    NO_PARENT = "no-parent"
    """Where the resource was to be inserted there is nothing."""
    SCHEMA_VALIDATION_ERROR = "schema-validation-error"
    NOT_XML_ATT_VALUE = "not-xml-att-value"
    """The body was to be an attribute's value."""
    CANNOT_INSERT = "cannot-insert"
    """A GET of the same address would not give what was sent."""
    CANNOT_DELETE = "cannot-delete"
    """A GET of the same address would still find something."""
    UNIQUENESS_FAILURE = "uniqueness-failure"
    CONSTRAINT_FAILURE = "constraint-failure"
    NOT_UTF_8 = "not-utf-8"


class Conflict(Exception):
    """A change that is refused with 409.

    Args:
        element: why.
        phrase: for a person.
        ancestor: of no-parent: the nearest place that is there, an XCAP URI; empty where not even the document is.
        exists: of uniqueness-failure: node selectors of what has the value already.
    """

    def __init__(
        self, element: ErrorElement, phrase: str = "", *, ancestor: str = "", exists: tuple[str, ...] = ()
    ) -> None:
        super().__init__(f"{element}: {phrase}")
        self.element = element
        self.phrase = phrase
        self.ancestor = ancestor
        self.exists = exists

    def document(self) -> bytes:
        """Return the body of the 409."""
        inner = "".join(f"<exists field={quoteattr(_plain(field))}/>" for field in self.exists)
        if self.ancestor:
            inner = f"<ancestor>{escape(_plain(self.ancestor))}</ancestor>"
        phrase = f" phrase={quoteattr(_plain(self.phrase))}" if self.phrase else ""
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<xcap-error xmlns="{NAMESPACE}">'
            f"<{self.element}{phrase}>{inner}</{self.element}></xcap-error>\n"
        ).encode()


def _plain(text: str) -> str:
    """Return text that XML can hold, of a length that a person reads."""
    return "".join(character if character.isprintable() else " " for character in text[:_LONGEST])
