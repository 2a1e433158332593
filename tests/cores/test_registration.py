"""Registration at home end to end: every node a process of its own, a terminal that knows only its P-CSCF."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.cores.emulated.core import EmulatedCore
from conformance.protocols.aka import SequenceNumbers
from conformance.stack.hop import Hop
from conformance.terminals.terminal import RegistrationRejected, RegistrationTimedOut, Terminal
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.secrets import Secret
from tests.cores.conftest import MakeTerminal

PLAIN = [
    EventKind.REGISTER_SENT,
    EventKind.CHALLENGED,
    EventKind.NETWORK_AUTHENTICATED,
    EventKind.REGISTER_SENT,
    EventKind.REGISTERED,
]


def kinds(terminal: Terminal) -> list[EventKind]:
    return [event.kind for event in terminal.events.events]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(("home", "subscriber"), [("uc3m", "alice"), ("stuba", "bob"), ("octopus", "carol")])
def test_registration_by_aka(terminal: MakeTerminal, home: str, subscriber: str, transport: str) -> None:
    ue = terminal(home, subscriber, transport=transport)
    ue.register()
    assert kinds(ue) == PLAIN
    domain = f"{home}.netlab.test"
    assert ue.registered
    assert ue.granted_s == 600
    assert ue.service_route == (f"<sip:orig@scscf.{domain}:6060;lr>",)
    assert ue.path == (f"<sip:pcscf.{domain}:4060;lr>",)
    assert ue.associated_uris == (f"sip:{subscriber}@{domain}", f"sip:{subscriber}.work@{domain}", ue.number)
    ue.deregister()


def test_registration_by_md5(terminal: MakeTerminal) -> None:
    ue = terminal("octopus", "dave")
    ue.register()
    assert kinds(ue) == [k for k in PLAIN if k is not EventKind.NETWORK_AUTHENTICATED]
    ue.deregister()


def test_reregistration_and_deregistration(terminal: MakeTerminal) -> None:
    ue = terminal()
    ue.register()
    ue.reregister()
    assert kinds(ue)[-1] is EventKind.REREGISTERED
    assert ue.registered
    ue.deregister()
    assert kinds(ue)[-1] is EventKind.DEREGISTERED
    assert not ue.registered
    assert ue.service_route == ()
    sent = [event.detail.split()[1] for event in ue.events.events if event.kind is EventKind.REGISTER_SENT]
    assert sent == ["1", "2", "3", "4", "5", "6"]


def test_resynchronisation(terminal: MakeTerminal) -> None:
    ahead = SequenceNumbers()
    for index in range(32):
        ahead.accept((1_000_000 << 5) | index)
    ue = terminal("stuba", "bob", numbers=ahead)
    ue.register()
    assert kinds(ue) == [EventKind.REGISTER_SENT, EventKind.CHALLENGED, EventKind.RESYNCHRONISED, *PLAIN]
    ue.deregister()


def test_a_wrong_key_is_refused_by_the_terminal_itself(terminal: MakeTerminal) -> None:
    ue = terminal(credentials={"k": Secret(bytes(16))})
    with pytest.raises(RegistrationRejected) as rejected:
        ue.register()
    assert rejected.value.status == 403
    assert kinds(ue)[-3:] == [EventKind.NETWORK_REFUSED, EventKind.REGISTER_SENT, EventKind.REJECTED]


def test_a_wrong_password_is_403(terminal: MakeTerminal) -> None:
    ue = terminal("octopus", "dave", credentials={"password": Secret(b"guessed")})
    with pytest.raises(RegistrationRejected, match="403"):
        ue.register()


def test_an_unknown_user_is_403(terminal: MakeTerminal) -> None:
    ue = terminal(credentials={"impi": "mallory@uc3m.netlab.test"})
    with pytest.raises(RegistrationRejected, match="403"):
        ue.register()
    assert kinds(ue) == [EventKind.REGISTER_SENT, EventKind.REJECTED]


def test_a_foreign_terminal_registers_at_home_through_a_visited_pcscf(
    core: EmulatedCore, terminal: MakeTerminal
) -> None:
    visited = core.federation.testbeds["stuba"].node(NodeKind.PCSCF)
    ue = terminal(pcscf=Hop(str(visited.address), visited.port))
    ue.register()
    assert ue.path == ("<sip:pcscf.stuba.netlab.test:4060;lr>",)
    assert ue.service_route == ("<sip:orig@scscf.uc3m.netlab.test:6060;lr>",)
    ue.deregister()


def test_a_short_wish_is_repeated_with_what_the_registrar_wants(terminal: MakeTerminal) -> None:
    ue = terminal()
    ue.register(expires_s=5)
    assert ue.granted_s == 60
    ue.deregister()


def test_fault_wrong_digest_uri_does_not_harm_the_service(terminal: MakeTerminal) -> None:
    ue = terminal(faults=frozenset({"wrong-digest-uri"}))
    ue.register()
    assert ue.registered
    ue.deregister()


def test_a_silent_pcscf_times_out_with_what_was_awaited(core: EmulatedCore, terminal: MakeTerminal) -> None:
    timers = core.federation.timers.model_copy(update={"procedure_ms": 300})
    silent = Hop(str(core.federation.testbeds["uc3m"].access_networks[0].pool[100]), 4060)
    ue = terminal(federation=core.federation.model_copy(update={"timers": timers}), pcscf=silent)
    with pytest.raises(RegistrationTimedOut, match=r"awaited .*REGISTER"):
        ue.register()
    assert kinds(ue) == [EventKind.REGISTER_SENT, EventKind.TIMED_OUT]


def test_no_node_died_and_no_log_holds_a_secret(core: EmulatedCore) -> None:
    assert core.check() == {}
    for testbed in core.federation.testbeds.values():
        for subscriber in testbed.subscribers:
            secrets = [s.reveal() for s in (subscriber.k, subscriber.opc, subscriber.password) if s is not None]
            for log in Path(core.folder).glob("*.log"):
                text = log.read_bytes().lower()
                assert not any(s.hex().encode() in text or s.lower() in text for s in secrets), log.name
                assert b"nonce=" not in text
                assert b"ck=" not in text
