"""What a CSCF of Kamailio tells the harness, asked of a socket that answers as Kamailio does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from conformance.cores.kamailio import rpc
from conformance.cores.kamailio.cscf import Control
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import NodeKind
from tests.cores.kamailio.rpc_lab import QUIET, Ask, told


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    return lambda kind, command, **results: told(Control, tmp_path, kind, command, results)


def test_an_scscf_is_busy_while_it_has_notifies_to_send(ask: Ask) -> None:
    waiting = [{"ims_registrar_scscf.notifies_in_q": number} for number in (2, 0)]
    answer = ask(NodeKind.SCSCF, {"settle": True}, tm__stats=[QUIET], stats__fetchn=waiting)
    assert answer == {"quiet": True, "was": False}


def test_an_scscf_names_whom_it_knows(ask: Ask) -> None:
    answer = ask(NodeKind.SCSCF, {"users": True}, ulscscf__showimpu=[{"impu": "x", "contacts": {}}, None])
    assert answer == {"users": ["sip:alice@uc3m.netlab.test"]}


@pytest.mark.parametrize(("records", "users"), [(0, []), (2, ["somebody (2 contacts)"])])
def test_a_pcscf_counts_its_contacts(ask: Ask, records: int, users: list[str]) -> None:
    status = {"Domain": "location", "Size": 512, "AoRs": {"Stats": {"Records": records, "Max-Slots": 1}}}
    assert ask(NodeKind.PCSCF, {"users": True}, ulpcscf__status=[status]) == {"users": users}


def test_a_server_that_is_gone_does_not_answer(tmp_path: Path) -> None:
    with pytest.raises(TestbedDown, match=r"tm\.stats: expected an answer of Kamailio"):
        asyncio.run(rpc.call(tmp_path, "tm.stats"))
