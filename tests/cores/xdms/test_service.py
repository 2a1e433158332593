"""What the service does with requests, without HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.cores.emulated.xdms import service
from conformance.cores.emulated.xdms.service import Change, Requester, XcapRequest, XcapResponse, XcapService
from conformance.cores.emulated.xdms.store import DocumentStore
from conformance.protocols.xcap.safe_xml import DEEPEST

ALICE = "sip:alice@x.test"
LISTS = "application/resource-lists+xml"
EMPTY = b'<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list/></resource-lists>'


class Service:
    def __init__(self, store: DocumentStore) -> None:
        self.changes: list[Change] = []
        self._service = XcapService(store, "http://x/xcap-root", [ALICE], self.changes.append)

    def put(self, name: str, body: bytes = EMPTY, kind: str = LISTS) -> XcapResponse:
        target = f"/xcap-root/resource-lists/users/{ALICE}/{name}"
        return self._service.answer(XcapRequest("PUT", target, Requester(frozenset({ALICE})), body, kind))


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Service]:
    store = DocumentStore(tmp_path / "documents.sqlite")
    yield Service(store)
    store.close()


def test_a_change_is_told_with_the_tags_before_and_after(at: Service) -> None:
    first, second = at.put("index"), at.put("index")
    assert [(f'"{change.previous}"', f'"{change.new}"') for change in at.changes] == [
        ('"None"', first.headers["ETag"]),
        (first.headers["ETag"], second.headers["ETag"]),
    ]


def test_what_is_refused_is_told_to_nobody(at: Service) -> None:
    assert at.put("index", b"<a/>").status == 409
    assert at.changes == []


def test_a_user_has_only_so_many_documents(at: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_MOST_DOCUMENTS", 2)
    assert [at.put(f"d{number}").status for number in range(3)] == [201, 201, 507]
    assert at.put("d0").status == 200


def test_parts_may_not_grow_into_more_than_is_read(at: Service) -> None:
    at.put("index")
    where, kind = "index/~~/resource-lists/list/list", "application/xcap-el+xml"
    fitting, too_deep = (b"<list>" * deep + b"</list>" * deep for deep in (DEEPEST - 2, DEEPEST - 1))
    refused = at.put(where, too_deep, kind)
    assert (refused.status, b"constraint-failure" in refused.body) == (409, True)
    assert at.put(where, fitting, kind).status == 201
