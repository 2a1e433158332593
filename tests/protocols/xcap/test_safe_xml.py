"""XML of others: the known attacks end before anything is expanded, fetched or built."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from conformance.protocols.xcap.safe_xml import (
    DEEPEST,
    LARGEST,
    NotUtf8,
    NotWellFormed,
    XmlRefused,
    look_through,
    parse_document,
    parse_fragment,
)

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ATTACKS = {
    "billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>',
    "billion laughs in an attribute": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a b="&l9;"/>',
    "quadratic blowup": f'<!DOCTYPE a [<!ENTITY x "{"x" * 50_000}">]><a>{"&x;" * 5_000}</a>',
    "external entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "external parameter entity": '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd">%x;]><a/>',
    "external subset": '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    "attribute defaults": '<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>',
    "entity that nobody defined": "<a>&x;</a>",
    "deep nesting": "<a>" * (DEEPEST + 1) + "</a>" * (DEEPEST + 1),
    "very deep nesting": "<a>" * 80_000,
    "many attributes": "<a " + " ".join(f'b{n}="{n}"' for n in range(15_000)) + "/>",
    "many namespaces": "<a " + " ".join(f'xmlns:b{n}="urn:{n}"' for n in range(9_000)) + "/>",
    "many elements": f"<a>{'<b/>' * 50_000}</a>",
    "one attribute twice": '<a b="1" b="2"/>',
    "a long name": f"<{'a' * 300}/>",
    "large": f"<a>{'x' * LARGEST}</a>",
    "two roots": "<a/><b/>",
    "no root": "",
    "a character that there is not": "<a>&#0;</a>",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_known_attacks_are_refused_at_once(name: str) -> None:
    began = time.process_time()
    with pytest.raises(NotWellFormed) as refused:
        parse_document(ATTACKS[name].encode())
    assert time.process_time() - began < 0.5
    assert "root:" not in str(refused.value)  # nothing of /etc/passwd


def test_includes_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    xml = f'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{tmp_path}/secret" parse="text"/></a>'
    assert "".join(parse_document(xml.encode()).itertext()) == ""


@pytest.mark.parametrize(
    "data", [b"\xff\xfe<\0a\0/\0>\0", b"<a>\xe9</a>", b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>']
)
def test_another_encoding_is_refused(data: bytes) -> None:
    with pytest.raises(NotUtf8):
        parse_document(data)


def test_what_is_harmless_is_read() -> None:
    root = parse_document(
        '<?xml version="1.0" encoding="utf-8"?><!-- c --><a xmlns="urn:a"><b>&amp;&#xE9;é</b></a>'.encode()
    )
    assert (root.tag, root[0].text) == ("{urn:a}a", "&éé")


def test_a_fragment_stands_under_the_bindings_of_its_place() -> None:
    element = parse_fragment(b"<p:b><c/></p:b>", {"p": "urn:p", None: "urn:d"})
    assert [one.tag for one in element.iter()] == ["{urn:p}b", "{urn:d}c"]


@pytest.mark.parametrize(
    "data",
    [b"<b/></around><around>", b"<b/><b/>", b"text", b"", b"<q:b/>", b'<?xml version="1.0"?><b/>', b"<b>&x;</b>"],
)
def test_a_fragment_is_one_element_and_cannot_leave_its_place(data: bytes) -> None:
    with pytest.raises(XmlRefused):
        parse_fragment(data, {None: "urn:d"})


def test_looking_through_leaves_namespaces_alone() -> None:
    look_through(b"<q:b/>")
