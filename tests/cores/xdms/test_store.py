"""Documents in a file: each change has a new entity tag, and a file that is read again has the same documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.cores.emulated.xdms.store import DocumentStore
from conformance.protocols.xcap.uri import DocumentSelector, Tree
from conformance.vocabulary.errors import TestbedDown

RULES = DocumentSelector("pres-rules", Tree.USERS, "sip:a@x", "index")
LISTS = DocumentSelector("resource-lists", Tree.USERS, "sip:a@x", "index")


def test_a_document_is_kept_until_it_is_removed(tmp_path: Path) -> None:
    store = DocumentStore(tmp_path / "documents.sqlite")
    assert store.get(RULES) is None
    first = store.put(RULES, b"1")
    second = store.put(RULES, b"1")
    assert first.etag != second.etag
    store.put(LISTS, b"2")
    store.close()
    store = DocumentStore(tmp_path / "documents.sqlite")
    assert store.get(RULES) == second
    assert [document.selector for document in store.find()] == [RULES, LISTS]
    assert [document.content for document in store.find("resource-lists")] == [b"2"]
    assert (store.count("sip:a@x"), store.count("sip:b@x")) == (2, 0)
    store.delete(RULES)
    assert store.get(RULES) is None
    store.close()


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "documents.sqlite").write_bytes(b"some text that is long enough to be no database" * 30)
    with pytest.raises(TestbedDown, match="expected a database of documents"):
        DocumentStore(tmp_path / "documents.sqlite")
