"""Addresses of XCAP resources (RFC 4825 6)."""

from __future__ import annotations

import pytest

from conformance.protocols.xcap.uri import BadAddress, Tree, parse_address, parse_query

ROOT = "/xcap-root"


@pytest.mark.parametrize(
    ("target", "auid", "tree", "xui", "name", "node"),
    [
        ("/resource-lists/users/sip:a@x.test/index", "resource-lists", Tree.USERS, "sip:a@x.test", "index", ""),
        ("/resource-lists/users/sip%3Aa%40x.test/index", "resource-lists", Tree.USERS, "sip:a@x.test", "index", ""),
        ("/xcap-caps/global/index", "xcap-caps", Tree.GLOBAL, "", "index", ""),
        ("/pres-rules/users/a/folder/doc", "pres-rules", Tree.USERS, "a", "folder/doc", ""),
        (
            "/resource-lists/users/a/index/~~/resource-lists/list%5b@name=%22l1%22%5d/entry",
            *("resource-lists", Tree.USERS, "a", "index", 'resource-lists/list[@name="l1"]/entry'),
        ),
        (
            "/resource-lists/users/a/index/%7E%7E/resource-lists",
            "resource-lists",
            Tree.USERS,
            "a",
            "index",
            "resource-lists",
        ),
    ],
)
def test_an_address_has_four_parts(target: str, auid: str, tree: Tree, xui: str, name: str, node: str) -> None:
    address = parse_address(ROOT + target, ROOT)
    assert address is not None
    document = address.document
    assert (document.auid, document.tree, document.xui, document.name, address.node) == (auid, tree, xui, name, node)


@pytest.mark.parametrize(
    "target",
    [
        "/elsewhere/x",
        "/xcap-root",
        "/xcap-root/pres-rules/users/a",
        "/xcap-root/pres-rules/users/a/",
        "/xcap-root/pres-rules/others/a/index",
        "/xcap-root/pres-rules/users/a/../b/index",
        "/xcap-root/pres-rules/users/a/%2e%2e/index",
        "/xcap-root/pres-rules/users//index",
    ],
)
def test_what_is_no_document_has_no_address(target: str) -> None:
    assert parse_address(target, ROOT) is None


@pytest.mark.parametrize(
    "target", ["/pres-rules/users/a/i%ff", "/pres-rules/users/a/i%00", "/pres-rules/users/a/i/~~/"]
)
def test_what_is_badly_encoded_is_refused(target: str) -> None:
    with pytest.raises(BadAddress):
        parse_address(ROOT + target, ROOT)


def test_a_query_binds_namespaces() -> None:
    assert parse_query("xmlns(a=urn:test:1)xmlns(b=urn:x%5e(y%5e))") == {"a": "urn:test:1", "b": "urn:x(y)"}


@pytest.mark.parametrize("query", ["a=b", "xmlns(a)", "xmlns(a=b", "".join(f"xmlns(a{n}=b)" for n in range(40))])
def test_another_query_is_refused(query: str) -> None:
    with pytest.raises(BadAddress):
        parse_query(query)


def test_a_document_is_named_in_uri_form() -> None:
    address = parse_address(f"{ROOT}/pres-rules/users/sip:a%20b@x.test/index", ROOT)
    assert address is not None
    assert str(address.document) == "pres-rules/users/sip:a%20b@x.test/index"
    assert address.node_uri("http://h", 'a/b[@c="d"]').endswith("/index/~~/a/b%5B@c=%22d%22%5D")
