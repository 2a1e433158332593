"""The life of a publication at the terminal (RFC 3903 4)."""

from __future__ import annotations

import pytest
from sipmessage import Request, Response

from conformance.protocols.sip.message import make_response
from conformance.terminals.publication import Publication

ALICE = "sip:alice@uc3m.netlab.test"


def ok(request: Request, tag: str | None) -> Response:
    request.headers.setlist("Via", ["SIP/2.0/UDP h;branch=z9hG4bK1"])
    response = make_response(request, 200)
    if tag is not None:
        response.headers.set("SIP-ETag", tag)
    return response


def test_each_request_builds_on_the_tag_of_the_last_answer() -> None:
    publication = Publication(ALICE, ("<sip:p;lr>", "<sip:s;lr>"))
    first = publication.next_request(3600, b"<x/>")
    assert (first.method, str(first.uri), first.body) == ("PUBLISH", ALICE, b"<x/>")
    assert first.headers.getlist("Route") == ["<sip:p;lr>", "<sip:s;lr>"]
    assert (first.headers["Event"], first.headers["Expires"]) == ("presence", "3600")
    assert first.headers["Content-Type"] == "application/pidf+xml"
    assert first.headers.get("SIP-If-Match") is None
    publication.accepted(3600, ok(first, "one"))
    refresh = publication.next_request(3600)
    assert (refresh.headers["SIP-If-Match"], refresh.body) == ("one", b"")
    assert refresh.headers.get("Content-Type") is None
    assert (refresh.headers["Call-ID"], refresh.cseq.sequence) == (first.headers["Call-ID"], 2)
    publication.accepted(3600, ok(refresh, "two"))
    removal = publication.next_request(0)
    assert (removal.headers["SIP-If-Match"], removal.headers["Expires"]) == ("two", "0")
    publication.accepted(0, ok(removal, "three"))
    assert publication.entity_tag is None


@pytest.mark.parametrize("tag", [None, "", "a b", "x" * 201])
def test_an_answer_has_a_tag(tag: str | None) -> None:
    publication = Publication(ALICE, ())
    with pytest.raises(ValueError, match="SIP-ETag: expected one"):
        publication.accepted(3600, ok(publication.next_request(3600, b"<x/>"), tag))
