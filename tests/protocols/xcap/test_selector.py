"""Node selectors (RFC 4825 6.3)."""

from __future__ import annotations

import pytest
from lxml import etree

from conformance.protocols.xcap.selector import find, parse_selector
from conformance.protocols.xcap.uri import BadAddress

FRIENDS = etree.fromstring(
    b"""<address-book xmlns="urn:test:book" xmlns:p="urn:test:phone">
  <!-- not counted -->
  <person name="ann"><p:phone kind="home">1</p:phone><p:phone kind="work">2</p:phone></person>
  <group/>
  <person name="ben"/>
  <person name="a/b]&quot;"/>
</address-book>"""
)
BOUND = {"x": "urn:test:phone"}


def found(text: str) -> list[str]:
    selector = parse_selector(text, "urn:test:book", BOUND)
    return [one.get("name") or one.text or etree.QName(one).localname for one in find(FRIENDS, selector.steps)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("address-book/person", ["ann", "ben", 'a/b]"']),
        ("address-book/person[2]", ["ben"]),
        ('address-book/person[@name="ben"]', ["ben"]),
        ("address-book/person[@name='ben']", ["ben"]),
        ('address-book/person[2][@name="ben"]', ["ben"]),
        ('address-book/person[1][@name="ben"]', []),
        ("address-book/*[2]", ["group"]),
        ('*/*[@name="ann"]', ["ann"]),
        ("address-book/person[9]", []),
        ("address-book[2]", []),
        ("another", []),
        ("address-book/person[@name='a/b]&quot;']", ['a/b]"']),
        ("address-book/person[1]/x:phone", ["1", "2"]),
        ('address-book/person/x:phone[@kind="work"]', ["2"]),
        ("address-book/person[1]/phone", []),  # a name without a prefix is of the default namespace
    ],
)
def test_a_selector_selects(text: str, names: list[str]) -> None:
    assert found(text) == names


def test_the_last_step_may_be_an_attribute_or_bindings() -> None:
    assert parse_selector("a/b/@c", "", {}).attribute == "c"
    assert parse_selector("a/b/@x:c", "", BOUND).attribute == "{urn:test:phone}c"
    assert parse_selector("a/namespace::*", "", {}).namespaces


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/a",
        "a/",
        "a//b",
        "@a",
        "namespace::*",
        "a[0]",
        "a[@b=c]",
        'a[@b="<"]',
        'a[@b="c"][1]',
        "a/@b/c",
        "unbound:a",
        "a/text()",
        "a[last()]",
        "a|b",
        "a/../b",
        "a/descendant::b",
        "/".join("a" * 40),
    ],
)
def test_what_the_grammar_does_not_have_is_refused(text: str) -> None:
    if not text:
        assert parse_selector(text, "", {}).steps == ()
        return
    with pytest.raises(BadAddress):
        parse_selector(text, "", {})
