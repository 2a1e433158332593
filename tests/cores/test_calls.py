"""Calls over the whole emulated core: every node a process of its own, terminals that know only their P-CSCF."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from conformance.cores.emulated.core import EmulatedCore
from conformance.federation import default_federation_path
from conformance.stack.hop import Hop
from conformance.terminals.event_log import EventLog
from conformance.terminals.terminal import Terminal
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import NodeKind
from tests.blocks import Block

WORKER = Block.NODES.number
BEFORE = {EventKind.REGISTER_SENT, EventKind.CHALLENGED, EventKind.NETWORK_AUTHENTICATED, EventKind.REGISTERED}


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedCore]:
    core = EmulatedCore(default_federation_path(), WORKER, tmp_path_factory.mktemp("core"))
    core.up()
    yield core
    core.down()


MakeTerminal = Callable[..., Terminal]


@pytest.fixture
def registered(core: EmulatedCore) -> Iterator[MakeTerminal]:
    """Makes registered terminals: of a subscriber, in a network."""
    made: list[Terminal] = []
    hosts = count(1)

    def make(home: str, subscriber: str, visited: str = "", **other: object) -> Terminal:
        testbed, network = core.federation.testbeds[home], core.federation.testbeds[visited or home]
        pcscf = network.node(NodeKind.PCSCF)
        terminal = Terminal(
            federation=core.federation,
            testbed=testbed,
            subscriber=testbed.subscriber(subscriber),
            address=network.access_networks[0].pool[next(hosts)],
            pcscf=Hop(str(pcscf.address), pcscf.port),
            events=EventLog(),
            **other,  # type: ignore[arg-type]
        )
        made.append(terminal)
        terminal.register()
        return terminal

    yield make
    for terminal in made:
        if terminal.registered:
            terminal.deregister()
        terminal.close()


def kinds(terminal: Terminal) -> list[EventKind]:
    return [event.kind for event in terminal.events.events if event.kind not in BEFORE]


def test_a_call_at_home(registered: MakeTerminal) -> None:
    alice, erin = registered("uc3m", "alice"), registered("uc3m", "erin")
    call = alice.call(erin.impu)
    incoming = erin.await_call()
    incoming.ring()
    call.wait_ringing()
    incoming.answer()
    call.wait_answered()
    call.wait_heard(incoming)
    incoming.wait_heard(call)
    call.hang_up()
    incoming.wait_ended()
    assert kinds(alice) == [
        EventKind.CALLING,
        EventKind.RINGING,
        EventKind.ANSWERED,
        EventKind.HEARD,
        EventKind.ENDED,
    ]
    assert kinds(erin) == [
        EventKind.INVITED,
        EventKind.RINGING,
        EventKind.ANSWERED,
        EventKind.HEARD,
        EventKind.ENDED,
    ]
