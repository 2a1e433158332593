"""Node selectors (RFC 4825 6.3): a small part of XPath that names one element, one attribute or bindings of namespaces.

What a name without a prefix means differs from XPath: of an element, the default namespace of the application usage; of
an attribute, no namespace.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from conformance.protocols.xcap.uri import BadAddress

_NAME = r"[^\W\d][\w.\-]*"
_QNAME = rf"(?:{_NAME}:)?{_NAME}"
_VALUE = r"(?:\"[^\"<]*\"|'[^'<]*')"
_STEP = re.compile(
    rf"(?P<name>\*|{_QNAME})"
    r"(?:\[(?P<position>[1-9][0-9]{0,8})\])?"
    rf"(?:\[@(?P<attribute>{_QNAME})=(?P<value>{_VALUE})\])?(?=/|$)"
)
_ATTRIBUTE = re.compile(rf"@(?P<name>{_QNAME})")
_NAMESPACES = "namespace::*"
_MOST_STEPS = 32


@dataclass(frozen=True, slots=True)
class Step:
    """One step down: which children of an element it selects."""

    text: str
    """As it was written."""
    tag: str | None
    """Name of the element, `{namespace}local`; None: any."""
    position: int | None = None
    """Among the children of that name, from 1."""
    attribute: str | None = None
    """Name of the attribute that decides, `{namespace}local` or `local`."""
    value: str = ""

    def named(self, children: list[etree._Element]) -> list[etree._Element]:
        """Return those that have the name, whatever position or attribute they have."""
        return [child for child in children if self.tag is None or child.tag == self.tag]

    def select(self, children: list[etree._Element]) -> list[etree._Element]:
        """Return those that the step selects. A position counts before an attribute decides."""
        found = self.named(children)
        if self.position is not None:
            found = found[self.position - 1 : self.position]
        if self.attribute is not None:
            found = [child for child in found if child.get(self.attribute) == self.value]
        return found


@dataclass(frozen=True, slots=True)
class NodeSelector:
    """What is selected within a document."""

    steps: tuple[Step, ...]
    attribute: str | None = None
    """Name of the attribute that is meant."""
    namespaces: bool = False
    """The bindings of namespaces of the element are meant."""

    def path(self, count: int) -> str:
        """Return the first steps as they were written."""
        return "/".join(step.text for step in self.steps[:count])


def parse_selector(text: str, default: str, bindings: Mapping[str, str]) -> NodeSelector:
    """Read a node selector.

    Args:
        text: without percent-encoding.
        default: default document namespace of the application usage.
        bindings: prefixes that the query binds.

    Raises:
        BadAddress: it does not follow the grammar, or has a prefix that nothing is bound to.
    """

    def expanded(name: str, default: str) -> str:
        prefix, colon, local = name.rpartition(":")
        if colon and prefix not in bindings:
            raise BadAddress(f"no namespace is bound to the prefix {prefix[:40]}")
        namespace = bindings[prefix] if colon else default
        return f"{{{namespace}}}{local}" if namespace else local

    steps: list[Step] = []
    position = 0
    while position < len(text):
        rest = text[position:]
        if steps and rest == _NAMESPACES:
            return NodeSelector(tuple(steps), namespaces=True)
        if steps and (attribute := _ATTRIBUTE.fullmatch(rest)):
            return NodeSelector(tuple(steps), attribute=expanded(attribute["name"], ""))
        step = _STEP.match(rest)
        if step is None or len(steps) >= _MOST_STEPS:
            raise BadAddress(f"node selector: expected a step at character {position}")
        steps.append(
            Step(
                step[0],
                None if step["name"] == "*" else expanded(step["name"], default),
                int(step["position"]) if step["position"] else None,
                expanded(step["attribute"], "") if step["attribute"] else None,
                html.unescape(step["value"][1:-1]) if step["value"] else "",
            )
        )
        position += step.end()
        if position < len(text):
            position += 1  # the slash
            if position == len(text):
                raise BadAddress("node selector: expected a step behind the last /")
    return NodeSelector(tuple(steps))


def elements_of(parent: etree._Element) -> list[etree._Element]:
    """Return the child elements, without comments and processing instructions."""
    return list(parent.iterchildren("*"))


def find(root: etree._Element, steps: tuple[Step, ...]) -> list[etree._Element]:
    """Return all elements that the steps select; the first step is about the root element."""
    if not steps:
        return []
    found = steps[0].select([root])
    for step in steps[1:]:
        found = [child for parent in found for child in step.select(elements_of(parent))]
    return found
