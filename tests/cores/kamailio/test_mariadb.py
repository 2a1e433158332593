"""The HSS's memory in MariaDB: the same answers as in SQLite, and a server that ends with its node."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import socket
from pathlib import Path

import pytest

from conformance.cores.emulated.control import short_name
from conformance.cores.emulated.database import MariaDatabase
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.subscribers import State, SubscriberStore
from conformance.cores.kamailio.mariadb import SOCKET, listens, mariadb, require_mariadb
from conformance.federation import default_federation_path, load_federation
from conformance.vocabulary.errors import BadInput, TestbedDown
from conformance.vocabulary.federation import CoreKind, DatabaseKind, NodeKind

FEDERATION = load_federation(default_federation_path())
UC3M = FEDERATION.testbeds["uc3m"]
ALICE = UC3M.subscriber("alice")

installed = pytest.mark.skipif(
    shutil.which("mariadbd") is None or os.geteuid() != 0, reason="needs mariadb-server and root"
)


def context(folder: Path) -> NodeContext:
    folder.mkdir(exist_ok=True)
    return NodeContext(FEDERATION, UC3M, NodeKind.HSS, folder, logging.getLogger("test"), frozenset(), lambda: None)


@installed
def test_what_is_written_is_read_again_and_nothing_runs_afterwards(tmp_path: Path) -> None:
    async def story() -> int:
        async with mariadb(context(tmp_path / "uc3m-hss")) as (path, program):
            with short_name(path) as name:
                store = SubscriberStore(MariaDatabase(Path(name)))
            store.provision(UC3M.subscribers)
            store.provision(UC3M.subscribers)  # a second start changes nothing
            found = next(one for one in store.by_impu(ALICE.impus[1]) if one.impi == ALICE.impi)
            assert (found.impi, found.impus, found.k, found.roaming) == (ALICE.impi, ALICE.impus, ALICE.k, True)
            assert store.take_sqn(ALICE.impi) < store.take_sqn(ALICE.impi)
            store.assign(ALICE.impi, State.REGISTERED, "sip:scscf", "scscf")
            assert store.by_impi(ALICE.impi).state is State.REGISTERED  # type: ignore[union-attr]
            impus = (ALICE.impus[0], ALICE.impus[0])
            twice = ALICE.model_copy(update={"impi": "other@uc3m.netlab.test", "impus": impus})
            with pytest.raises(BadInput, match="each public identity once"):
                store.provision([ALICE, twice])
            assert store.by_impi("other@uc3m.netlab.test") is None  # whole or not at all
            store.close()
            assert program.runs
            return path.parent.stat().st_mode & 0o777

    assert asyncio.run(story()) == 0o700
    assert not [pid for pid in Path("/proc").glob("[0-9]*/cwd") if tmp_path.name in _target(pid)]


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def test_a_missing_server_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(TestbedDown, match=r"expected the program mariadbd, found none; run: apt-get install .*sqlite"):
        require_mariadb()


def test_a_socket_that_nobody_serves_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(TestbedDown, match=f"{SOCKET}: expected a MariaDB that keeps subscribers"):
        MariaDatabase(tmp_path / SOCKET)


def test_a_socket_serves_only_when_somebody_listens_at_it(tmp_path: Path) -> None:
    path = tmp_path / SOCKET
    assert not listens(path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert not listens(path)
        server.listen()
        assert listens(path)
    assert not listens(path)  # of a server that was killed


def test_mariadb_is_usual_beside_kamailio_and_the_file_has_the_last_word() -> None:
    kamailio = UC3M.model_copy(update={"core": CoreKind.KAMAILIO})
    assert UC3M.kept_in is DatabaseKind.SQLITE
    assert kamailio.kept_in is DatabaseKind.MARIADB
    assert kamailio.model_copy(update={"database": DatabaseKind.SQLITE}).kept_in is DatabaseKind.SQLITE
