"""`application/xcap-error+xml` (RFC 4825 11)."""

from __future__ import annotations

from lxml import etree

from conformance.protocols.xcap.errors import NAMESPACE, Conflict, ErrorElement


def test_an_error_document_has_one_element_that_says_why() -> None:
    document = etree.fromstring(Conflict(ErrorElement.CANNOT_INSERT, 'a "phrase" & more').document())
    assert (document.tag, document[0].tag) == (f"{{{NAMESPACE}}}xcap-error", f"{{{NAMESPACE}}}cannot-insert")
    assert document[0].get("phrase") == 'a "phrase" & more'


def test_no_parent_names_the_ancestor_and_uniqueness_the_field() -> None:
    document = etree.fromstring(Conflict(ErrorElement.NO_PARENT, ancestor="http://x/~~/a").document())
    assert document[0][0].text == "http://x/~~/a"
    document = etree.fromstring(Conflict(ErrorElement.UNIQUENESS_FAILURE, exists=("a/b/@c",)).document())
    assert document[0][0].get("field") == "a/b/@c"


def test_a_phrase_is_short_and_fit_for_xml() -> None:
    document = etree.fromstring(Conflict(ErrorElement.SCHEMA_VALIDATION_ERROR, "\0" + "x" * 1000).document())
    assert len(document[0].get("phrase") or "") == 300
