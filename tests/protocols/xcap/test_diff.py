"""What is asked for and told about changes (RFC 5874, RFC 5875)."""

from __future__ import annotations

import pytest
from lxml import etree

from conformance.protocols.xcap.diff import NAMESPACE, DocumentChange, is_wanted, read_diff, read_wanted, write_diff

ROOT = "http://xdms.x.test:8080/xcap-root"


def test_changes_are_told_by_entity_tags() -> None:
    made = DocumentChange("pres-rules/users/sip:a@x.test/index", None, "1")
    gone = DocumentChange("pres-rules/users/sip:b@x.test/index", "2", None)
    root = etree.fromstring(write_diff(ROOT, [made, gone]))
    assert (root.tag, root.get("xcap-root")) == (f"{{{NAMESPACE}}}xcap-diff", ROOT)
    assert [dict(one.attrib) for one in root] == [
        {"new-etag": "1", "sel": made.selector},
        {"previous-etag": "2", "sel": gone.selector},
    ]
    assert read_diff(write_diff(ROOT, [made, gone])) == (made, gone)


@pytest.mark.parametrize("body", [b"", b"<xcap-diff/>", b"<!DOCTYPE a []><a/>"])
def test_another_body_tells_of_no_change(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_diff(body)


def test_a_list_says_what_is_wanted() -> None:
    entries = f'<entry uri="pres-rules/users/sip:a%40x/"/><entry uri="{ROOT}/resource-lists/users/b/index"/>'
    body = f'<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list>{entries}</list></resource-lists>'
    wanted = read_wanted(body.encode(), ROOT)
    assert wanted == ("pres-rules/users/sip:a@x/", "resource-lists/users/b/index")
    assert is_wanted("pres-rules/users/sip:a@x/index", wanted)
    assert is_wanted("resource-lists/users/b/index", wanted)
    assert not is_wanted("resource-lists/users/b/index2", wanted)
    assert not is_wanted("pres-rules/users/sip:a@xx/index", wanted)


@pytest.mark.parametrize("body", [b"", b"no XML", b"<!DOCTYPE a []><a/>"])
def test_another_body_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_wanted(body, ROOT)
