"""The database that a presence server and an XDMS of Kamailio share: one has the documents, the other decides by them.

It lives with the presence server, or with the XDMS where there is none. Documents stay when that node is started anew;
publications and subscriptions do not, so that what a cell left behind can be forgotten.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pymysql

from conformance.cores.emulated.control import short_name
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.plan import node_folder
from conformance.cores.kamailio.mariadb import SOCKET, mariadb
from conformance.cores.kamailio.program import SHARED
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import DatabaseKind, NodeKind, Testbed

_NAME = "presence"
_FILE = "presence.sqlite"
_GROUP = "netlab"
_AGAIN_S = 0.1
_PARTS = ("standard", "presence", "rls", "auth_db")
_PACKAGED = {
    DatabaseKind.SQLITE: Path("/usr/share/kamailio/db_sqlite"),
    DatabaseKind.MARIADB: Path("/usr/share/kamailio/mysql"),
}
_IDENTITIES = "ALTER TABLE subscriber ADD identities VARCHAR(2048) NOT NULL DEFAULT ''"
"""Whose documents a user may have: not in Kamailio's table, which knows one name of each."""
_CREDENTIALS = "INSERT INTO subscriber (username, domain, password, identities) VALUES (?, ?, ?, ?)"
_COMPLETE = "CREATE TABLE complete (id INTEGER)"
"""Made last: where it is, everything is."""
_IS_COMPLETE = "SELECT name FROM sqlite_master WHERE name = 'complete'"
_VOLATILE = ("presentity", "active_watchers", "watchers", "pua", "rls_presentity", "rls_watchers")
"""What a server that is started anew begins without."""
_KNOWN = (
    "SELECT username, domain FROM presentity UNION "
    "SELECT watcher_username, watcher_domain FROM active_watchers WHERE status <> 3"
)
"""Who has published, and who watches: status 3 is that of a subscription that was terminated."""
Row = tuple[str, str, str, str]


def database_url(testbed: Testbed) -> str:
    """Return the database as Kamailio's modules are told of it."""
    if testbed.kept_in is DatabaseKind.SQLITE:
        return f"sqlite:///{SHARED}/{_FILE}"
    return f"mysql://root@[{_GROUP}]/{_NAME}"


def client_files(testbed: Testbed) -> dict[str, str]:
    """Return what the client library of MariaDB reads in the folder of a node: where the server listens."""
    if testbed.kept_in is DatabaseKind.SQLITE:
        return {}
    return {".my.cnf": f"[{_GROUP}]\nsocket={SHARED}/{SOCKET}\n"}


def owner_of(testbed: Testbed) -> NodeKind:
    """Return the node that the database lives with."""
    return NodeKind.PRESENCE if NodeKind.PRESENCE in testbed.nodes else NodeKind.XDMS


def folder_of(context: NodeContext) -> Path:
    """Return the folder of that node, beside the one of this node."""
    return node_folder(context.folder.parent, f"{context.testbed.name}/{owner_of(context.testbed)}")


def shared_folder(context: NodeContext) -> str:
    """Return the same, relative to the folder of this node."""
    return f"../{folder_of(context).name}"


@asynccontextmanager
async def presence_database(context: NodeContext) -> AsyncIterator[None]:
    """Have the database there: run it where it lives with this node, else wait until it is complete.

    Raises:
        TestbedDown: it cannot be made.
    """
    testbed = context.testbed
    folder = folder_of(context)
    if owner_of(testbed) is not context.kind:
        folder.mkdir(exist_ok=True)
        while not await asyncio.to_thread(_is_complete, folder, testbed.kept_in):
            await asyncio.sleep(_AGAIN_S)  # the state of another process is only seen by asking again
        yield
    elif testbed.kept_in is DatabaseKind.SQLITE:
        # While a connection is open, others may come and go without a lock on everything.
        with closing(await asyncio.to_thread(_make_sqlite, folder / _FILE, credentials(testbed))):
            await asyncio.to_thread(_forget, folder, testbed.kept_in)
            yield
    else:
        async with mariadb(context):
            await asyncio.to_thread(_make_mariadb, folder / SOCKET, credentials(testbed))
            await asyncio.to_thread(_forget, folder, testbed.kept_in)
            yield


async def known_users(context: NodeContext) -> list[str]:
    """Return who has published something, or watches somebody."""
    folder = folder_of(context)
    rows = await asyncio.to_thread(_rows, folder, context.testbed.kept_in, _KNOWN)
    return sorted(f"sip:{user}@{domain}" for user, domain in rows)


def credentials(testbed: Testbed) -> list[Row]:
    """Return who may use the XDMS: user name, domain, password, and the identities whose documents are its own."""
    rows = []
    for user in testbed.subscribers:
        password = user.xcap_password or user.password
        if password is not None:
            name, _, domain = user.impi.partition("@")
            rows.append((name, domain, password.reveal().decode(), ",".join(user.impus)))
    return rows


def _statements(kind: DatabaseKind) -> Iterator[str]:
    for part in _PARTS:
        script = _PACKAGED[kind] / f"{part}-create.sql"
        try:
            text = script.read_text(encoding="utf-8")
        except OSError:
            raise TestbedDown(f"{script}: expected the tables of Kamailio's package, found no such file") from None
        yield from (statement for statement in text.split(";") if statement.strip())
    yield _IDENTITIES


def _make_sqlite(path: Path, rows: list[Row]) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")  # who reads does not wait for who writes
    if not database.execute(_IS_COMPLETE).fetchall():
        with database:
            for statement in _statements(DatabaseKind.SQLITE):
                database.execute(statement)
            database.executemany(_CREDENTIALS, rows)
            database.execute(_COMPLETE)
    return database


def _make_mariadb(path: Path, rows: list[Row]) -> None:
    with closing(_connect(path)) as database, database.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS {_NAME} CHARACTER SET latin1 COLLATE latin1_bin")
        database.select_db(_NAME)
        if cursor.execute("SHOW TABLES LIKE 'complete'"):
            return
        for statement in _statements(DatabaseKind.MARIADB):
            cursor.execute(statement)
        cursor.executemany(_CREDENTIALS.replace("?", "%s"), rows)
        cursor.execute(_COMPLETE)


def _forget(folder: Path, kind: DatabaseKind) -> None:
    for table in _VOLATILE:
        _rows(folder, kind, f"DELETE FROM {table}")  # noqa: S608 - names of our own


def _rows(folder: Path, kind: DatabaseKind, statement: str) -> list[tuple[Any, ...]]:
    if kind is DatabaseKind.SQLITE:
        with closing(sqlite3.connect(folder / _FILE)) as database, database:
            return database.execute(statement).fetchall()
    with closing(_connect(folder / SOCKET)) as server, server.cursor() as cursor:
        server.select_db(_NAME)
        cursor.execute(statement)
        return list(cursor.fetchall())


def _connect(path: Path) -> pymysql.Connection:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_name(path) as name:
            connection.connect(name)
        database = pymysql.connect(user="root", autocommit=True, charset="utf8mb4", defer_connect=True)
        database.connect(connection)
    except (OSError, pymysql.MySQLError) as error:
        connection.close()
        raise TestbedDown(f"{path}: expected a MariaDB of the presence server, found: {error}") from None
    return database


def _is_complete(folder: Path, kind: DatabaseKind) -> bool:
    if kind is DatabaseKind.SQLITE:
        return (folder / _FILE).exists() and bool(_rows(folder, kind, _IS_COMPLETE))
    try:
        with closing(_connect(folder / SOCKET)) as database, database.cursor() as cursor:
            return bool(cursor.execute(f"SHOW TABLES IN {_NAME} LIKE 'complete'"))
    except (TestbedDown, pymysql.MySQLError):
        return False  # it is being made
