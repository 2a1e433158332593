"""The documents of an XDMS, in a file of its own: they survive a restart."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.cores.emulated.database import SqliteDatabase
from conformance.protocols.xcap.uri import DocumentSelector, Tree

_ONE = "auid = ? AND tree = ? AND xui = ? AND name = ?"


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is stored; its entity tag changes with each change of it (RFC 4825 8.5)."""

    selector: DocumentSelector
    content: bytes
    etag: str


class DocumentStore:
    """All documents of one XDMS.

    Args:
        path: file of the database; it is made where there is none.

    Raises:
        TestbedDown: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._db = SqliteDatabase(path, "documents.sql")

    def get(self, selector: DocumentSelector) -> Document | None:
        """Return a document, None where there is none."""
        rows = self._db.execute(f"SELECT content, etag FROM document WHERE {_ONE}", _key(selector))  # noqa: S608
        return Document(selector, *rows[0]) if rows else None

    def put(self, selector: DocumentSelector, content: bytes) -> Document:
        """Store a document, new or in the place of an older one, under a new entity tag."""
        document = Document(selector, content, secrets.token_hex(8))
        self._db.execute(
            "INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?, ?)",
            (*_key(selector), content, document.etag),
        )
        return document

    def delete(self, selector: DocumentSelector) -> None:
        """Remove a document."""
        self._db.execute(f"DELETE FROM document WHERE {_ONE}", _key(selector))  # noqa: S608

    def find(self, auid: str = "") -> Iterator[Document]:
        """Yield the documents of a usage, or all, in the order of their names."""
        rows = self._db.execute(
            "SELECT auid, tree, xui, name, content, etag FROM document WHERE ? IN ('', auid) "
            "ORDER BY auid, tree, xui, name",
            (auid,),
        )
        for usage, tree, xui, name, content, etag in rows:
            yield Document(DocumentSelector(usage, Tree(tree), xui, name), content, etag)

    def count(self, xui: str) -> int:
        """Return how many documents a user has."""
        return int(self._db.execute("SELECT COUNT(*) FROM document WHERE xui = ?", (xui,))[0][0])

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _key(selector: DocumentSelector) -> tuple[str, str, str, str]:
    return selector.auid, selector.tree.value, selector.xui, selector.name
