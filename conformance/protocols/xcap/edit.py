"""Reading and changing nodes of a document (RFC 4825 7 and 8).

Each change is idempotent or refused: after a PUT the same address gives what was put, after a DELETE nothing.
"""

from __future__ import annotations

import re
from copy import deepcopy
from xml.sax.saxutils import escape

from lxml import etree

from conformance.protocols.xcap.errors import Conflict, ErrorElement
from conformance.protocols.xcap.safe_xml import NotUtf8, XmlRefused, new_element, parse_fragment
from conformance.protocols.xcap.selector import NodeSelector, Step, elements_of, find

ELEMENT_TYPE = "application/xcap-el+xml"
ATTRIBUTE_TYPE = "application/xcap-att+xml"
NAMESPACES_TYPE = "application/xcap-ns+xml"

_REFERENCE = re.compile(r"&(?:#(?P<decimal>[0-9]{1,7});|#x(?P<hexadecimal>[0-9A-Fa-f]{1,6});|(?P<name>[a-z]{2,4});)|&")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


class NotFound(Exception):
    """Nothing, or more than one thing, is there."""


class NoParent(Conflict):
    """Where something was to be inserted there is nothing.

    Args:
        ancestor: node selector of the nearest element that is there; empty where there is none.
    """

    def __init__(self, ancestor: str) -> None:
        super().__init__(ErrorElement.NO_PARENT, "there is nothing to insert into", ancestor=ancestor)


def read_node(root: etree._Element, selector: NodeSelector) -> tuple[bytes, str]:
    """Return a node as it is sent, and its media type.

    Raises:
        NotFound: not exactly one node is selected.
    """
    element = _one(root, selector)
    if selector.namespaces:
        alone = new_element(element.tag, element.nsmap)
        return etree.tostring(alone, encoding="UTF-8", xml_declaration=False), NAMESPACES_TYPE
    if selector.attribute is not None:
        value = element.get(selector.attribute)
        if value is None:
            raise NotFound
        return escape(value, {'"': "&quot;"}).encode(), ATTRIBUTE_TYPE
    return etree.tostring(element, encoding="UTF-8", xml_declaration=False, with_tail=False), ELEMENT_TYPE


def put_element(root: etree._Element, selector: NodeSelector, body: bytes) -> tuple[etree._Element, bool]:
    """Create or replace an element (RFC 4825 8.2.3).

    Args:
        root: root element; it is left as it is.
        selector: where.
        body: the element.

    Returns:
        The new root element, and whether the element is new.

    Raises:
        Conflict: not-utf-8, not-xml-frag, no-parent or cannot-insert.
    """
    root = deepcopy(root)
    *_, last = selector.steps
    found = find(root, selector.steps)
    parents = [] if len(selector.steps) == 1 else find(root, selector.steps[:-1])
    if len(found) == 1:
        old = found[0]
        new = _fragment(body, _bindings(old.getparent()))
        root = _replace(root, old, new)
    else:
        if len(parents) != 1:
            raise NoParent(_ancestor(root, selector))
        new = _fragment(body, _bindings(parents[0]))
        _insert(parents[0], last, new)
    again = find(root, selector.steps)
    if len(again) != 1 or again[0] is not new:
        raise Conflict(ErrorElement.CANNOT_INSERT, "the same address would not give what was put there")
    return root, len(found) != 1


def put_attribute(root: etree._Element, selector: NodeSelector, body: bytes) -> tuple[etree._Element, bool]:
    """Create or replace an attribute; see `put_element`."""
    assert selector.attribute is not None
    value = _attribute_value(body)
    root = deepcopy(root)
    found = find(root, selector.steps)
    if len(found) != 1:
        raise NoParent(_ancestor(root, selector, whole=True))
    is_new = selector.attribute not in found[0].attrib
    found[0].set(selector.attribute, value)
    if find(root, selector.steps) != found:
        raise Conflict(ErrorElement.CANNOT_INSERT, "the attribute decides which element is selected")
    return root, is_new


def delete_node(root: etree._Element, selector: NodeSelector) -> etree._Element:
    """Remove an element or an attribute and return the new root element.

    Raises:
        NotFound: not exactly one node is selected.
        Conflict: cannot-delete, where the same address would then select another node, or the document would be empty.
    """
    root = deepcopy(root)
    element = _one(root, selector)
    if selector.attribute is not None:
        if selector.attribute not in element.attrib:
            raise NotFound
        del element.attrib[selector.attribute]
        return root
    parent = element.getparent()
    if parent is None:
        raise Conflict(ErrorElement.CANNOT_DELETE, "a document has a root element")
    _keep_tail(element)
    parent.remove(element)
    if find(root, selector.steps):
        raise Conflict(ErrorElement.CANNOT_DELETE, "the same address would select another element")
    return root


def _one(root: etree._Element, selector: NodeSelector) -> etree._Element:
    found = find(root, selector.steps)
    if len(found) != 1:
        raise NotFound
    return found[0]


def _bindings(element: etree._Element | None) -> dict[str | None, str]:
    return dict(element.nsmap) if element is not None else {}


def _fragment(body: bytes, namespaces: dict[str | None, str]) -> etree._Element:
    try:
        return parse_fragment(body, namespaces)
    except NotUtf8 as error:
        raise Conflict(ErrorElement.NOT_UTF_8, str(error)) from None
    except XmlRefused as error:
        raise Conflict(ErrorElement.NOT_XML_FRAG, str(error)) from None


def _replace(root: etree._Element, old: etree._Element, new: etree._Element) -> etree._Element:
    parent = old.getparent()
    if parent is None:
        return new
    new.tail = old.tail
    parent.replace(old, new)
    return root


def _insert(parent: etree._Element, step: Step, new: etree._Element) -> None:
    """Put an element where the step will find it: at its position, else behind the last one of its name."""
    siblings = step.named(elements_of(parent))
    if step.position is None:  # then its name decides, also where the step takes any
        siblings = [sibling for sibling in siblings if sibling.tag == new.tag]
    if step.position is not None and step.position <= len(siblings):
        siblings[step.position - 1].addprevious(new)
    elif step.position is not None and step.position > len(siblings) + 1:
        raise Conflict(ErrorElement.CANNOT_INSERT, f"expected a position up to {len(siblings) + 1}")
    elif siblings:
        tail, siblings[-1].tail = siblings[-1].tail, None
        siblings[-1].addnext(new)
        new.tail = tail
    else:
        parent.append(new)


def _keep_tail(element: etree._Element) -> None:
    """Leave the text behind an element where it was: lxml takes it away together with the element."""
    before, parent = element.getprevious(), element.getparent()
    if element.tail and element.tail.strip():
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        elif parent is not None:
            parent.text = (parent.text or "") + element.tail


def _ancestor(root: etree._Element, selector: NodeSelector, *, whole: bool = False) -> str:
    """Return the node selector of the nearest place that is there."""
    for count in range(len(selector.steps) - (0 if whole else 1), 0, -1):
        if len(find(root, selector.steps[:count])) == 1:
            return selector.path(count)
    return ""


def _attribute_value(body: bytes) -> str:
    """Read the value of an attribute as it stands between quotation marks (AttValue of XML 1.0)."""

    def character(reference: re.Match[str]) -> str:
        number = int(reference["decimal"] or reference["hexadecimal"] or "0", 16 if reference["hexadecimal"] else 10)
        found = _NAMED.get(reference["name"] or "") or (chr(number) if 0x20 <= number < 0x110000 else "")
        if not found or 0xD800 <= number < 0xE000 or number in (0xFFFE, 0xFFFF):
            raise Conflict(ErrorElement.NOT_XML_ATT_VALUE, "a reference to no character")
        return found

    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Conflict(ErrorElement.NOT_UTF_8, f"octet {error.start} is no UTF-8") from None
    if "<" in text or any(ord(one) < 0x20 and one not in "\t\r\n" for one in text):
        raise Conflict(ErrorElement.NOT_XML_ATT_VALUE, "expected no < and no control characters")
    return _REFERENCE.sub(character, text)
