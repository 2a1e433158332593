"""What was put or deleted, as one operation that leads from the document before to the one after (RFC 5261)."""

from __future__ import annotations

import copy

import pytest
from lxml import etree

from conformance.protocols.xcap.edit import delete_node, put_attribute, put_element
from conformance.protocols.xcap.patch import Patch, patch_of
from conformance.protocols.xcap.safe_xml import parse_own
from conformance.protocols.xcap.selector import parse_selector

NAMESPACE = "urn:ietf:params:xml:ns:resource-lists"
SPACED = f"""<resource-lists xmlns="{NAMESPACE}">
  <list name="a"><entry uri="sip:1"/><entry uri="sip:2"/></list>
  <list name="b"/>
</resource-lists>"""
DENSE = "".join(line.strip() for line in SPACED.splitlines())
ENTRY = '<entry uri="sip:3"/>'


def applied(root: etree._Element, patch: Patch) -> etree._Element:
    """Do what a patch says, as a client does that knows RFC 5261 and nothing else."""
    root = copy.deepcopy(root)
    way, _, attribute = patch.selector.partition("/@")
    (target,) = root.getroottree().xpath(f"/{way}")
    parsed = etree.fromstring(f"<x>{patch.content}</x>")
    value, element = parsed.text or "", next(iter(parsed), None)
    position = patch.attributes.get("pos", "")
    if attribute or "type" in patch.attributes:
        name = attribute or patch.attributes["type"].removeprefix("@")
        if patch.operation == "remove":
            del target.attrib[name]
        else:
            target.set(name, value)
    elif patch.operation == "remove":
        text = "" if patch.attributes.get("ws") == "after" else target.tail or ""
        before = target.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + text
        else:
            target.getparent().text = (target.getparent().text or "") + text
        target.getparent().remove(target)
    elif patch.operation == "replace":
        if target.getparent() is None:
            return element
        element.tail = target.tail
        target.getparent().replace(target, element)
    elif position == "after":
        element.tail, target.tail = target.tail, None
        target.addnext(element)
    elif position == "before":
        target.addprevious(element)
    elif position == "prepend":
        target.insert(0, element)
    else:
        target.append(element)
    return root


@pytest.mark.parametrize("document", [SPACED, DENSE], ids=["spaced", "dense"])
@pytest.mark.parametrize(
    ("node", "body", "operation"),
    [
        ('resource-lists/list[@name="a"]/entry[@uri="sip:3"]', ENTRY, "add"),
        ('resource-lists/list[@name="b"]/entry[@uri="sip:3"]', ENTRY, "add"),
        ('resource-lists/list[@name="a"]/entry[1][@uri="sip:3"]', ENTRY, "add"),
        ('resource-lists/list[@name="a"]/entry[2][@uri="sip:3"]', ENTRY, "add"),
        ('resource-lists/list[@name="c"]', '<list name="c"/>', "add"),
        (
            'resource-lists/list[@name="a"]/entry[@uri="sip:2"]',
            '<entry uri="sip:2"><display-name>é</display-name></entry>',
            "replace",
        ),
        ("resource-lists", f'<resource-lists xmlns="{NAMESPACE}"/>', "replace"),
        ("resource-lists/list[2]/@name", "c &lt; d", "replace"),
        ("resource-lists/list[1]/entry[1]/@id", "x", "add"),
        ("resource-lists/list[2]/@name", "", "remove"),
        ('resource-lists/list[@name="a"]/entry[@uri="sip:1"]', "", "remove"),
        ('resource-lists/list[@name="b"]', "", "remove"),
    ],
)
def test_a_patch_leads_to_the_document_as_it_is_now(document: str, node: str, body: str, operation: str) -> None:
    old = parse_own(document.encode())
    selector = parse_selector(node, NAMESPACE, {})
    if not body:
        new = delete_node(old, selector)
    else:
        put = put_element if selector.attribute is None else put_attribute
        new, _ = put(old, selector, body.encode())
    patch = patch_of(old, new, selector)
    assert patch is not None
    assert patch.operation == operation
    assert etree.tostring(applied(old, patch), method="c14n") == etree.tostring(new, method="c14n")
    assert etree.fromstring(f'<x xmlns="urn:x">{patch.write()}</x>')[0].tag == f"{{urn:x}}{operation}"


def test_what_needs_more_words_has_no_patch() -> None:
    old = parse_own(f'<a xmlns="{NAMESPACE}" xmlns:p="urn:p" p:n="1"/>'.encode())
    attribute = parse_selector("a/@p:n", NAMESPACE, {"p": "urn:p"})
    new, _ = put_attribute(old, attribute, b"2")
    assert patch_of(old, new, attribute) is None
    nameless = parse_selector("a/*", NAMESPACE, {})
    new, _ = put_element(old, nameless, b'<b xmlns=""/>')
    assert patch_of(old, new, nameless) is None
