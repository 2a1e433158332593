"""What RFC 4826 does not allow in a document of lists, and what it leaves open."""

from __future__ import annotations

import pytest

from conformance.criteria.resource_lists import breach

NAMESPACE = 'xmlns="urn:ietf:params:xml:ns:resource-lists" xmlns:o="urn:other"'


def lists(content: str) -> bytes:
    return f"<resource-lists {NAMESPACE}>{content}</resource-lists>".encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<entry uri='sip:a@b'/>", "entry in the place of a list"),
        ("<list><entry/></list>", "entry without uri"),
        ("<list><entry-ref/></list>", "entry-ref without ref"),
        ("<list><person uri='sip:a@b'/></list>", "person in a list"),
        ("<list><entry uri='sip:a@b'/><entry uri='sip:a@b'/></list>", "two of entry with the same uri"),
        ("<list name='a'/><list name='a'/>", "two of list with the same name"),
        ("<list><list><entry/></list></list>", "entry without uri"),
    ],
)
def test_what_is_not_allowed(content: str, words: str) -> None:
    assert breach(lists(content)) == words


def test_another_root_is_not_allowed() -> None:
    assert breach(f"<list {NAMESPACE}/>".encode()) == "the root is list"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<list/><list/>",
        "<list name='a'><display-name>A</display-name><entry uri='sip:a@b'><o:x/></entry><o:y/></list>",
        "<list><list name='a'/></list><list><list name='a'/></list>",
        "<list><entry uri='sip:a@b'/><entry uri='sip:A@b'/></list>",
        "<list><external/></list>",
    ],
)
def test_what_is_allowed(content: str) -> None:
    assert breach(lists(content)) == ""


@pytest.mark.parametrize("document", [b"", b"<resource-lists", b"<!DOCTYPE a><a/>"])
def test_what_cannot_be_read_is_not_accused(document: bytes) -> None:
    assert breach(document) == ""
