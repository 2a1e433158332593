"""What the memory of a node is kept in: SQLite in a file, or (an HSS) a MariaDB server behind a local socket."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import pymysql
from pymysql.cursors import Cursor

from conformance.vocabulary.errors import TestbedDown

MARIADB_NAME = "hss"
_CONNECT_S = 5
_READ_S = 10

Row = tuple[Any, ...]
Value = str | bytes | int | None


class Duplicate(Exception):
    """A row that would have to be the only one of its kind."""


class Database(Protocol):
    """A database in which every statement is on disk when it returns. Statements have `?` where values go."""

    def execute(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run a statement and return its rows; `Duplicate` where a key is there already."""

    def transaction(self) -> AbstractContextManager[None]:
        """Run the statements inside whole or not at all."""

    def close(self) -> None:
        """Close it."""


class SqliteDatabase:
    """A file.

    Args:
        path: it is made where there is none.
        schema: which tables it has, a file beside this one.

    Raises:
        TestbedDown: the file cannot be opened, or is no such database.
    """

    def __init__(self, path: Path, schema: str = "subscribers.sql") -> None:
        try:
            path.touch(mode=0o600)  # it has keys and passwords
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.executescript(_schema(schema))
        except (sqlite3.Error, OSError) as error:
            raise TestbedDown(
                f"{path}: expected a database of {schema.partition('.')[0]}, found: {error}; remove it or make its "
                "folder writable"
            ) from None

    def execute(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """See `Database.execute`."""
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.IntegrityError as error:
            raise Duplicate(str(error)) from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See `Database.transaction`."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class MariaDatabase:
    """A database of a server that listens at a local socket.

    Args:
        path: socket of the server; who may open it may read everything.

    Raises:
        TestbedDown: the server does not answer.
    """

    def __init__(self, path: Path) -> None:
        # A socket of our own: the library leaves its own one open where nobody listens.
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(_CONNECT_S)
            connection.connect(str(path))
            self._db = pymysql.connect(
                user="root",
                autocommit=True,
                charset="utf8mb4",
                read_timeout=_READ_S,
                write_timeout=_READ_S,
                defer_connect=True,
            )
            self._db.connect(connection)
            self.execute(f"CREATE DATABASE IF NOT EXISTS {MARIADB_NAME} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
            self._db.select_db(MARIADB_NAME)
            for statement in _schema("subscribers.mariadb.sql").split(";"):
                if statement.strip():
                    self.execute(statement)
        except (OSError, pymysql.MySQLError) as error:
            connection.close()
            raise TestbedDown(f"{path}: expected a MariaDB that keeps subscribers, found: {error}") from None

    def execute(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """See `Database.execute`."""
        cursor: Cursor
        try:
            with self._db.cursor() as cursor:
                cursor.execute(statement.replace("?", "%s"), tuple(values))
                return list(cursor.fetchall())
        except pymysql.err.IntegrityError as error:
            raise Duplicate(str(error)) from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See `Database.transaction`."""
        self._db.begin()
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise
        self._db.commit()

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


def _schema(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
