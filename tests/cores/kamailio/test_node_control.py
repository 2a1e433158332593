"""What every node of Kamailio answers to the harness, asked of a socket that answers as Kamailio does."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.cores.kamailio.node_control import NodeControl
from conformance.vocabulary.federation import NodeKind
from tests.cores.kamailio.rpc_lab import BUSY, QUIET, Ask, told


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    return lambda kind, command, **results: told(NodeControl, tmp_path, kind, command, results)


def test_a_node_is_quiet_when_no_transaction_is_open(ask: Ask) -> None:
    assert ask(NodeKind.PCSCF, {"settle": True}, tm__stats=[QUIET]) == {"quiet": True, "was": True}


def test_a_node_that_becomes_quiet_was_not(ask: Ask) -> None:
    assert ask(NodeKind.ICSCF, {"settle": True}, tm__stats=[BUSY, BUSY, QUIET]) == {"quiet": True, "was": False}


def test_what_is_no_question_is_refused(ask: Ask) -> None:
    with pytest.raises(ValueError, match="settle"):
        ask(NodeKind.PCSCF, {"dance": True})


def test_a_node_without_registrations_names_nobody(ask: Ask) -> None:
    assert ask(NodeKind.XDMS, {"users": True}) == {"users": []}
