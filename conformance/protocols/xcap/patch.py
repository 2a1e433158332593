"""What a PUT or DELETE of an element or attribute changed in a document, as a patch operation (RFC 5261, RFC 5874 4).

Elements are selected by their places alone (`*/*[2]/*[1]`): that needs no prefixes, and means the same to everybody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from conformance.protocols.xcap.selector import NodeSelector, elements_of, find


@dataclass(frozen=True, slots=True)
class Patch:
    """One operation."""

    operation: Literal["add", "replace", "remove"]
    selector: str
    """XPath in the document before the change."""
    content: str = ""
    """The element, or the text of the attribute's value, ready to be written."""
    attributes: dict[str, str] = field(default_factory=dict)
    """Of the operation: `pos`, `type`, `ws`."""

    def write(self) -> str:
        """Return the element of the xcap-diff document."""
        more = "".join(f" {name}={quoteattr(value)}" for name, value in self.attributes.items())
        return f"<{self.operation} sel={quoteattr(self.selector)}{more}>{self.content}</{self.operation}>"


def patch_of(old: etree._Element, new: etree._Element, selector: NodeSelector) -> Patch | None:
    """Return what leads from a document to the next one, of which the selected node alone is another.

    Args:
        old: root element before the change.
        new: root element after it.
        selector: which node was put or deleted.

    Returns:
        None where it cannot be said by one operation in few words: names or places need more than is written here.
    """
    before, after = find(old, selector.steps), find(new, selector.steps)
    if len(before) > 1 or len(after) > 1:
        return None
    if selector.attribute is not None:
        return _of_attribute(before, after, selector.attribute)
    if after and any("{" not in str(one.tag) for one in after[0].iter("*")):
        return None  # it would take the namespace of the xcap-diff document
    if before and after:
        return Patch("replace", _place(before[0]), _written(after[0]))
    if after:
        return _addition(after[0])
    if before:
        space = before[0].tail
        return Patch("remove", _place(before[0]), attributes={"ws": "after"} if space and not space.strip() else {})
    return None


def _of_attribute(before: list[etree._Element], after: list[etree._Element], name: str) -> Patch | None:
    if not before or not after or "{" in name:  # a prefix would have to be bound to its namespace
        return None
    place, was, now = _place(before[0]), before[0].get(name), after[0].get(name)
    if was is None:
        return Patch("add", place, escape(now or ""), {"type": f"@{name}"})
    if now is None:
        return Patch("remove", f"{place}/@{name}")
    return Patch("replace", f"{place}/@{name}", escape(now))


def _addition(new: etree._Element) -> Patch | None:
    parent, before, behind = new.getparent(), new.getprevious(), new.getnext()
    if parent is None:
        return None
    content = _written(new)
    if behind is None and not new.tail:
        return Patch("add", _place(parent), content)
    if before is not None and isinstance(before.tag, str) and not before.tail:
        return Patch("add", _place(before), content, {"pos": "after"})
    if before is None and not parent.text:
        return Patch("add", _place(parent), content, {"pos": "prepend"})
    if behind is not None and isinstance(behind.tag, str) and not new.tail:
        return Patch("add", _place(behind, without=new), content, {"pos": "before"})
    return None


def _place(element: etree._Element, without: etree._Element | None = None) -> str:
    """Return the way to an element; one of its siblings may not count, as it was not there before."""
    steps = []
    while (parent := element.getparent()) is not None:
        siblings = [one for one in elements_of(parent) if one is not without]
        steps.append(f"*[{siblings.index(element) + 1}]")
        element = parent
    return "/".join(["*", *reversed(steps)])


def _written(element: etree._Element) -> str:
    return etree.tostring(element, encoding="unicode", with_tail=False)
