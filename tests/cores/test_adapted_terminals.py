"""Terminals that deviate, with the adapter and without it, before the whole emulated core (D2.2 3.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.cores.emulated.core import EmulatedCore
from conformance.vocabulary.federation import NodeKind, Strictness
from tests.cores.conftest import MakeTerminal, RegisterRaw, call_and_hang_up
from tests.cores.raw_phone import Way, j2me, standard, symbian

GOOD = [401, 200]
SYMBIAN_BY_PASSWORD = ("octopus", "dave")
BY_AKA = ("uc3m", "alice")


@pytest.mark.parametrize("user", [BY_AKA, SYMBIAN_BY_PASSWORD], ids=["aka", "md5"])
@pytest.mark.parametrize("how", [symbian, j2me])
def test_open_ims_core_and_a_strict_core_fail_without_it_and_succeed_with_it(
    register_raw: RegisterRaw, how: Callable[..., Way], user: tuple[str, str]
) -> None:
    for strictness in (Strictness.OPENIMSCORE, Strictness.STRICT):
        assert register_raw(strictness, how, user, by=NodeKind.PCSCF)[-1] != 200
        assert register_raw(strictness, how, user, by=NodeKind.ADAPTER) == GOOD


@pytest.mark.parametrize("strictness", Strictness)
def test_the_standard_passes_it_before_every_core(register_raw: RegisterRaw, strictness: Strictness) -> None:
    assert register_raw(strictness, standard, BY_AKA, by=NodeKind.ADAPTER) == GOOD


def test_an_empty_realm_alone_is_cured(register_raw: RegisterRaw) -> None:
    uri = "sip:uc3m.netlab.test"
    way = Way(uri, f'Digest username="alice@uc3m.netlab.test",realm="",nonce="",uri="{uri}",response=""')
    # By her other identity, to which no private identity belongs by its name.
    assert register_raw(Strictness.OPENIMSCORE, way, BY_AKA, by=NodeKind.PCSCF, impu=1) == [403]
    assert register_raw(Strictness.OPENIMSCORE, way, BY_AKA, by=NodeKind.ADAPTER, impu=1) == GOOD


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_adapted_terminals_call_each_other(core: EmulatedCore, terminal: MakeTerminal, transport: str) -> None:
    alice, erin = (terminal(subscriber=name, by=NodeKind.ADAPTER, transport=transport) for name in ("alice", "erin"))
    alice.register()
    erin.register()
    assert core.known_users(["uc3m"])["uc3m/p-cscf"] == ["sip:alice@uc3m.netlab.test", "sip:erin@uc3m.netlab.test"]
    call_and_hang_up(alice, erin, media=True)
    erin.subscribe()
    alice.presence.publish()
    for one in (alice, erin):
        one.deregister()
    assert core.settle(["uc3m"])
    assert core.known_users(["uc3m"]) == {}
