"""What a CSCF of Kamailio tells the harness, asked of a socket that answers as Kamailio does."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from conformance.cores.emulated.node import NodeContext
from conformance.cores.kamailio import rpc
from conformance.cores.kamailio.cscf import Control
from conformance.federation import default_federation_path, load_federation
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import NodeKind

FEDERATION = load_federation(default_federation_path())
QUIET = {"current": 3, "waiting": 3}
BUSY = {"current": 4, "waiting": 3}


class Answering(asyncio.DatagramProtocol):
    def __init__(self, results: Mapping[str, list[Any]]) -> None:
        self.results = results

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        results = self.results[json.loads(data)["method"]]
        result = results.pop(0) if len(results) > 1 else results[0]
        self.transport.sendto(json.dumps({"jsonrpc": "2.0", "result": result, "id": 1}).encode(), addr)


@asynccontextmanager
async def kamailio(folder: Path, results: Mapping[str, list[Any]]) -> AsyncIterator[None]:
    served = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    served.bind(str(folder / rpc.SOCKET))
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Answering(results), sock=served)
    try:
        yield
    finally:
        transport.close()


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., Mapping[str, Any]]:
    def asked(kind: NodeKind, command: Mapping[str, Any], **results: list[Any]) -> Mapping[str, Any]:
        async def scene() -> Mapping[str, Any]:
            log = logging.getLogger("test")
            testbed = FEDERATION.testbeds["uc3m"]
            context = NodeContext(FEDERATION, testbed, kind, tmp_path, log, frozenset(), lambda: None)
            async with kamailio(tmp_path, {name.replace("__", "."): one for name, one in results.items()}):
                return await Control(context).answer(command)

        return asyncio.run(scene())

    return asked


def test_a_node_is_quiet_when_no_transaction_is_open(ask: Callable[..., Mapping[str, Any]]) -> None:
    assert ask(NodeKind.PCSCF, {"settle": True}, tm__stats=[QUIET]) == {"quiet": True, "was": True}


def test_a_node_that_becomes_quiet_was_not(ask: Callable[..., Mapping[str, Any]]) -> None:
    assert ask(NodeKind.ICSCF, {"settle": True}, tm__stats=[BUSY, BUSY, QUIET]) == {"quiet": True, "was": False}


def test_an_scscf_is_busy_while_it_has_notifies_to_send(ask: Callable[..., Mapping[str, Any]]) -> None:
    waiting = [{"ims_registrar_scscf.notifies_in_q": number} for number in (2, 0)]
    told = ask(NodeKind.SCSCF, {"settle": True}, tm__stats=[QUIET], stats__fetchn=waiting)
    assert told == {"quiet": True, "was": False}


def test_an_scscf_names_whom_it_knows(ask: Callable[..., Mapping[str, Any]]) -> None:
    told = ask(NodeKind.SCSCF, {"users": True}, ulscscf__showimpu=[{"impu": "x", "contacts": {}}, None])
    assert told == {"users": ["sip:alice@uc3m.netlab.test"]}


@pytest.mark.parametrize(("records", "users"), [(0, []), (2, ["somebody (2 contacts)"])])
def test_a_pcscf_counts_its_contacts(ask: Callable[..., Mapping[str, Any]], records: int, users: list[str]) -> None:
    status = {"Domain": "location", "Size": 512, "AoRs": {"Stats": {"Records": records, "Max-Slots": 1}}}
    assert ask(NodeKind.PCSCF, {"users": True}, ulpcscf__status=[status]) == {"users": users}


def test_what_is_no_question_is_refused(ask: Callable[..., Mapping[str, Any]]) -> None:
    with pytest.raises(ValueError, match="settle"):
        ask(NodeKind.PCSCF, {"dance": True})


def test_a_server_that_is_gone_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(TestbedDown, match=r"tm\.stats: expected an answer of Kamailio"):
        asyncio.run(rpc.call(tmp_path, "tm.stats"))
