from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from conformance.cores.emulated.node import NodeContext
from conformance.cores.kamailio.presence_database import (
    client_files,
    credentials,
    database_url,
    known_users,
    owner_of,
    presence_database,
)
from conformance.federation import default_federation_path, load_federation
from conformance.vocabulary.federation import CoreKind, DatabaseKind, NodeKind
from tests.cores.kamailio.presence_lab import needs_servers

FEDERATION = load_federation(default_federation_path()).played_by(CoreKind.KAMAILIO)
UC3M = FEDERATION.testbeds["uc3m"]
ON_SQLITE = UC3M.model_copy(update={"database": DatabaseKind.SQLITE})
FILE = "presence.sqlite"


def context_of(kind: NodeKind, folder: Path) -> NodeContext:
    place = folder / f"uc3m-{kind}"
    place.mkdir(exist_ok=True)
    return NodeContext(FEDERATION, ON_SQLITE, kind, place, logging.getLogger("test"), frozenset(), lambda: None)


@pytest.mark.parametrize(
    ("testbed", "url", "files"),
    [
        (ON_SQLITE, "sqlite:////tmp/shared/presence.sqlite", {}),
        (UC3M, "mysql://root@[netlab]/presence", {".my.cnf": "[netlab]\nsocket=/tmp/shared/mariadb.sock\n"}),
    ],
)
def test_modules_are_told_where_the_database_is(testbed: object, url: str, files: dict[str, str]) -> None:
    assert database_url(testbed) == url  # type: ignore[arg-type]
    assert client_files(testbed) == files  # type: ignore[arg-type]


def test_an_xdms_without_presence_server_has_the_database_itself() -> None:
    alone = {kind: node for kind, node in UC3M.nodes.items() if kind is not NodeKind.PRESENCE}
    assert owner_of(UC3M) is NodeKind.PRESENCE
    assert owner_of(UC3M.model_copy(update={"nodes": alone})) is NodeKind.XDMS


def test_each_device_has_its_name_and_the_documents_of_its_user() -> None:
    rows = {row[0]: row for row in credentials(UC3M)}
    assert rows["alice"][1:3] == ("uc3m.netlab.test", "xcap-alice")
    assert rows["alice-tablet"][3] == rows["alice"][3]
    assert rows["alice"][3].startswith("sip:alice@uc3m.netlab.test,")


@needs_servers
def test_a_start_forgets_who_watches_and_keeps_documents(tmp_path: Path) -> None:
    async def story() -> None:
        owner = context_of(NodeKind.PRESENCE, tmp_path)
        async with presence_database(owner), presence_database(context_of(NodeKind.XDMS, tmp_path)):
            with closing(sqlite3.connect(owner.folder / FILE)) as database, database:
                database.execute("INSERT INTO xcap VALUES (1, 'alice', 'uc3m.netlab.test', '<a/>', 2, 'e', 0, '/x', 0)")
                database.execute(
                    "INSERT INTO presentity (username, domain, event, etag, expires, received_time, body, sender) "
                    "VALUES ('alice', 'uc3m.netlab.test', 'presence', 'e', 60, 0, '', '')"
                )
            assert await known_users(owner) == ["sip:alice@uc3m.netlab.test"]
        async with presence_database(owner):
            assert await known_users(owner) == []
            with closing(sqlite3.connect(owner.folder / FILE)) as database:
                assert database.execute("SELECT COUNT(*) FROM xcap").fetchone() == (1,)

    asyncio.run(story())
