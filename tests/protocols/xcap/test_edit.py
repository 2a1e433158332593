"""Changes of nodes: where something is inserted, and when a change is refused (RFC 4825 8.2)."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from conformance.protocols.xcap.edit import (
    NoParent,
    NotFound,
    delete_node,
    put_attribute,
    put_element,
    read_node,
)
from conformance.protocols.xcap.errors import Conflict, ErrorElement
from conformance.protocols.xcap.selector import NodeSelector, find, parse_selector
from conformance.protocols.xcap.uri import BadAddress, parse_address

BOOK = etree.fromstring(b'<r xmlns="urn:r" xmlns:q="urn:q"><a n="1"/><b/><a n="2">t</a><c q:x="y"/></r>')


def selector(text: str) -> NodeSelector:
    return parse_selector(text, "urn:r", {"z": "urn:q"})


def children(root: etree._Element) -> str:
    return " ".join(etree.QName(one).localname + (one.get("n") or "") for one in root)


@pytest.mark.parametrize(
    ("where", "what", "becomes"),
    [
        ('r/a[@n="3"]', '<a n="3"/>', "a1 b a2 a3 c"),  # behind the last one of its name
        ('r/*[@n="3"]', '<a n="3"/>', "a1 b a2 a3 c"),
        ('r/*[@n="3"]', '<d n="3"/>', "a1 b a2 c d3"),
        ("r/d", "<d/>", "a1 b a2 c d"),  # at the end where there is none of its name
        ("r/a[3]", '<a n="3"/>', "a1 b a2 a3 c"),
        ('r/a[1][@n="3"]', '<a n="3"/>', "a3 a1 b a2 c"),
        ('r/a[2][@n="3"]', '<a n="3"/>', "a1 b a3 a2 c"),
        ("r/d[1]", "<d/>", "a1 b a2 c d"),
        ('r/*[2][@n="3"]', '<a n="3"/>', "a1 a3 b a2 c"),
        ("r/*[5]", "<d/>", "a1 b a2 c d"),
    ],
)
def test_a_new_element_stands_where_its_address_finds_it(where: str, what: str, becomes: str) -> None:
    root, is_new = put_element(BOOK, selector(where), what.encode())
    assert (children(root), is_new) == (becomes, True)
    assert children(BOOK) == "a1 b a2 c"  # the old document is left alone


@pytest.mark.parametrize(
    ("where", "what", "becomes"),
    [
        ("r/a[1]", '<a n="9"/>', "a9 b a2 c"),
        ('r/a[@n="2"]', '<a n="2"><b/></a>', "a1 b a2 c"),
        ("r/b", "<b/>", "a1 b a2 c"),
        ("r", '<r xmlns="urn:r"><b/></r>', "b"),
    ],
)
def test_an_element_that_is_there_is_replaced(where: str, what: str, becomes: str) -> None:
    root, is_new = put_element(BOOK, selector(where), what.encode())
    assert (children(root), is_new) == (becomes, False)
    assert root.getparent() is None


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ("r/a", '<a n="3"/>'),  # three of them would be there
        ("r/a[5]", '<a n="3"/>'),
        ('r/a[@n="3"]', '<a n="4"/>'),
        ('r/a[@n="2"]', '<a n="4"/>'),
        ("r/d", "<e/>"),
        ("r/d", '<d xmlns="urn:other"/>'),
        ("r", "<s/>"),
    ],
)
def test_what_the_address_would_not_give_is_not_inserted(where: str, what: str) -> None:
    with pytest.raises(Conflict) as refused:
        put_element(BOOK, selector(where), what.encode())
    assert refused.value.element is ErrorElement.CANNOT_INSERT


@pytest.mark.parametrize(
    ("where", "ancestor"), [("r/x/y/z", "r"), ("r/c/y/z", "r/c"), ("s/x", ""), ("s", ""), ("r/a/x", "r")]
)
def test_without_a_parent_the_nearest_ancestor_is_named(where: str, ancestor: str) -> None:
    with pytest.raises(NoParent) as refused:
        put_element(BOOK, selector(where), b"<z/>")
    assert refused.value.ancestor == ancestor


@pytest.mark.parametrize(
    ("body", "element"),
    [
        (b"<d>", ErrorElement.NOT_XML_FRAG),
        (b"text", ErrorElement.NOT_XML_FRAG),
        (b"<d/><d/>", ErrorElement.NOT_XML_FRAG),
        (b"<d>\xff</d>", ErrorElement.NOT_UTF_8),
    ],
)
def test_a_body_that_is_no_element_is_refused(body: bytes, element: ErrorElement) -> None:
    with pytest.raises(Conflict) as refused:
        put_element(BOOK, selector("r/d"), body)
    assert refused.value.element is element


def test_an_element_may_use_what_is_bound_at_its_place() -> None:
    root, _ = put_element(BOOK, selector("r/z:d"), b'<q:d q:k="v"/>')
    assert root[-1].tag == "{urn:q}d"
    assert read_node(root, selector("r/z:d/@z:k"))[0] == b"v"


@pytest.mark.parametrize(
    ("where", "body", "is_new"),
    [("r/b/@n", b"7&amp;8&#x39;", True), ("r/a[1]/@n", b"7", False), ("r/c/@z:x", b"n", False)],
)
def test_attributes_are_made_and_replaced(where: str, body: bytes, is_new: bool) -> None:
    root, new = put_attribute(BOOK, selector(where), body)
    assert new is is_new
    assert read_node(root, selector(where)) == (body.replace(b"&#x39;", b"9"), "application/xcap-att+xml")


@pytest.mark.parametrize(
    ("where", "body", "element"),
    [
        ("r/b/@n", b"a<b", ErrorElement.NOT_XML_ATT_VALUE),
        ("r/b/@n", b"&unknown;", ErrorElement.NOT_XML_ATT_VALUE),
        ("r/b/@n", b"&#0;", ErrorElement.NOT_XML_ATT_VALUE),
        ("r/b/@n", b"&#xD800;", ErrorElement.NOT_XML_ATT_VALUE),
        ("r/b/@n", b"&", ErrorElement.NOT_XML_ATT_VALUE),
        ("r/b/@n", b"\x01", ErrorElement.NOT_XML_ATT_VALUE),
        ("r/b/@n", b"\xff", ErrorElement.NOT_UTF_8),
        ('r/a[@n="1"]/@n', b"3", ErrorElement.CANNOT_INSERT),
        ("r/x/@n", b"3", ErrorElement.NO_PARENT),
        ("r/a/@n", b"3", ErrorElement.NO_PARENT),
    ],
)
def test_attributes_that_cannot_be_are_refused(where: str, body: bytes, element: ErrorElement) -> None:
    with pytest.raises(Conflict) as refused:
        put_attribute(BOOK, selector(where), body)
    assert refused.value.element is element


@pytest.mark.parametrize(
    ("where", "becomes"),
    [('r/a[@n="1"]', "b a2 c"), ("r/b", "a1 a2 c"), ("r/a[2]", "a1 b c"), ("r/a[1]/@n", "a b a2 c")],
)
def test_nodes_are_removed(where: str, becomes: str) -> None:
    assert children(delete_node(BOOK, selector(where))) == becomes


@pytest.mark.parametrize("where", ["r/a[1]", "r/*[1]", "r"])
def test_what_the_address_would_still_find_is_not_removed(where: str) -> None:
    with pytest.raises(Conflict) as refused:
        delete_node(BOOK, selector(where))
    assert refused.value.element is ErrorElement.CANNOT_DELETE


@pytest.mark.parametrize("where", ["r/a", "r/x", "r/b/@n", "r/a[3]"])
def test_what_is_not_there_once_is_not_found(where: str) -> None:
    with pytest.raises(NotFound):
        delete_node(BOOK, selector(where))
    with pytest.raises(NotFound):
        read_node(BOOK, selector(where))


def test_bindings_of_an_element_are_told_by_an_element_of_its_name() -> None:
    body, content_type = read_node(BOOK, selector("r/c/namespace::*"))
    told = etree.fromstring(body)
    assert (told.tag, told.nsmap, len(told.attrib), content_type) == (
        "{urn:r}c",
        {None: "urn:r", "q": "urn:q"},
        0,
        "application/xcap-ns+xml",
    )


def test_an_element_is_read_without_what_stands_behind_it() -> None:
    body, content_type = read_node(etree.fromstring(b"<r xmlns='urn:r'><a/>\n  tail</r>"), selector("r/a"))
    assert (body, content_type) == (b'<a xmlns="urn:r"/>', "application/xcap-el+xml")


_TREES = st.recursive(
    st.sampled_from(["<a/>", '<a n="1"/>', "<b>t</b>", "<!--c-->"]),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f'<a n="2">{"".join(parts)}</a>'),
    max_leaves=8,
)
_STEPS = st.builds(
    lambda name, position, value: name + position + value,
    st.sampled_from(["a", "b", "*"]),
    st.sampled_from(["", "[1]", "[2]", "[3]"]),
    st.sampled_from(["", '[@n="1"]', '[@n="2"]', '[@n="3"]']),
)


@given(
    st.lists(_TREES, max_size=4).map(lambda parts: etree.fromstring(f'<r xmlns="urn:r">{"".join(parts)}</r>')),
    st.lists(_STEPS, min_size=1, max_size=3).map(lambda steps: "/".join(["r", *steps])),
    st.sampled_from([b"<a/>", b'<a n="1"/>', b'<a n="3"/>', b"<b/>"]),
)
def test_whatever_is_put_or_removed_is_what_the_address_finds_then(
    root: etree._Element, path: str, body: bytes
) -> None:
    where = selector(path)
    before = etree.tostring(root)
    try:
        after, is_new = put_element(root, where, body)
    except Conflict:
        pass
    else:
        (found,) = find(after, where.steps)
        assert etree.tostring(found, with_tail=False) == body[:2] + b' xmlns="urn:r"' + body[2:]
        again, second = put_element(after, where, body)
        assert (etree.tostring(again), second) == (etree.tostring(after), False)
        assert is_new is (len(find(root, where.steps)) != 1)
    with contextlib.suppress(Conflict, NotFound):
        assert find(delete_node(root, where), where.steps) == []
    assert etree.tostring(root) == before


@given(st.text(max_size=60))
def test_no_text_is_an_address_that_breaks_anything(text: str) -> None:
    try:
        address = parse_address(f"/xcap-root/{text}", "/xcap-root")
        parse_selector(text, "urn:r", {})
    except BadAddress:
        return
    assert address is None or address.document.auid
