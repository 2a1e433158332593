"""Terminals that deviate, with the adapter and without it, before the whole emulated core (D2.2 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from conformance.cores.emulated.core import EmulatedCore
from conformance.federation import default_federation_path
from conformance.stack.hop import Hop
from conformance.terminals.event_log import EventLog
from conformance.terminals.terminal import Terminal
from conformance.vocabulary.federation import NodeKind, Strictness
from tests.blocks import Block
from tests.cores.raw_phone import RawPhone, Way, j2me, standard, symbian

WORKER = Block.NODES.number
GOOD = [401, 200]
SYMBIAN_BY_PASSWORD = ("octopus", "dave")
BY_AKA = ("uc3m", "alice")


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedCore]:
    core = EmulatedCore(default_federation_path(), WORKER, tmp_path_factory.mktemp("core"))
    core.up()
    yield core
    core.down()


@pytest.fixture(scope="module")
def hosts() -> Iterator[int]:
    return count(1)


@pytest.fixture
def register(core: EmulatedCore, hosts: Iterator[int]) -> Callable[..., list[int]]:
    """Registers through a node and deregisters again."""

    def run(how: Any, user: tuple[str, str], by: NodeKind, strictness: Strictness, impu: int = 0) -> list[int]:
        home, name = user
        core.set_strictness(home, strictness)
        testbed = core.federation.testbeds[home]
        known, node = testbed.subscriber(name), testbed.node(by)
        known = known.model_copy(update={"impus": known.impus[impu:]})
        way = how if isinstance(how, Way) else how(testbed, known.impi)
        address = str(testbed.access_networks[0].pool[next(hosts)])
        with RawPhone(testbed, known, address, Hop(str(node.address), node.port)) as phone:
            statuses = phone.register(way)
            if statuses[-1] == 200:
                assert phone.register(way, expires=0)[-1] == 200
            return statuses

    return run


@pytest.mark.parametrize("user", [BY_AKA, SYMBIAN_BY_PASSWORD], ids=["aka", "md5"])
@pytest.mark.parametrize("how", [symbian, j2me])
def test_open_ims_core_and_a_strict_core_fail_without_it_and_succeed_with_it(
    register: Callable[..., list[int]], how: Callable[..., Way], user: tuple[str, str]
) -> None:
    for strictness in (Strictness.OPENIMSCORE, Strictness.STRICT):
        assert register(how, user, NodeKind.PCSCF, strictness)[-1] != 200
        assert register(how, user, NodeKind.ADAPTER, strictness) == GOOD


@pytest.mark.parametrize("strictness", Strictness)
def test_the_standard_passes_it_before_every_core(register: Callable[..., list[int]], strictness: Strictness) -> None:
    assert register(standard, BY_AKA, NodeKind.ADAPTER, strictness) == GOOD


def test_an_empty_realm_alone_is_cured(register: Callable[..., list[int]]) -> None:
    uri = "sip:uc3m.netlab.test"
    way = Way(uri, f'Digest username="alice@uc3m.netlab.test",realm="",nonce="",uri="{uri}",response=""')
    # By her other identity, to which no private identity belongs by its name.
    assert register(way, BY_AKA, NodeKind.PCSCF, Strictness.OPENIMSCORE, impu=1) == [403]
    assert register(way, BY_AKA, NodeKind.ADAPTER, Strictness.OPENIMSCORE, impu=1) == GOOD


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_adapted_terminals_call_each_other(core: EmulatedCore, hosts: Iterator[int], transport: Any) -> None:
    testbed = core.federation.testbeds["uc3m"]
    adapter = testbed.node(NodeKind.ADAPTER)
    alice, erin = (
        Terminal(
            federation=core.federation,
            testbed=testbed,
            subscriber=testbed.subscriber(name),
            address=testbed.access_networks[0].pool[next(hosts)],
            pcscf=Hop(str(adapter.address), adapter.port),
            transport=transport,
            events=EventLog(),
        )
        for name in ("alice", "erin")
    )
    try:
        alice.register()
        erin.register()
        assert core.known_users(["uc3m"])["uc3m/p-cscf"] == ["sip:alice@uc3m.netlab.test", "sip:erin@uc3m.netlab.test"]
        call = alice.call(erin.impu)
        incoming = erin.await_call()
        incoming.ring()
        call.wait_ringing()
        incoming.answer()
        call.wait_answered()
        call.wait_heard(incoming)
        call.hang_up()
        incoming.wait_ended()
        erin.subscribe()
        alice.presence.publish()
        for terminal in (alice, erin):
            terminal.deregister()
        assert core.settle(["uc3m"])
        assert core.known_users(["uc3m"]) == {}
    finally:
        alice.close()
        erin.close()
