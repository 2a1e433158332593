"""Procedures around registration end to end: subscriptions, refusals, the network's own deregistration, restarts."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.capture import Sniffers, loopback_points
from conformance.cores.emulated.core import EmulatedCore
from conformance.protocols.aka import SequenceNumbers
from conformance.stack.tunnel import Tunnel
from conformance.terminals.terminal import RegistrationRejected, Terminal
from conformance.vocabulary.errors import BadInput, TestbedDown
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.numbers import DeregistrationReasonCode, DiameterCommand
from conformance.vocabulary.secrets import Secret
from tests.blocks import Block
from tests.cores.conftest import MakeTerminal


@pytest.fixture(scope="module")
def block() -> Block:
    return Block.PROCEDURES


@pytest.fixture
def misbehaving(core: EmulatedCore) -> Iterator[Callable[[str, str], None]]:
    """Lets a node show a fault until the end of the test."""
    changed: list[str] = []

    def make(name: str, fault: str) -> None:
        changed.append(name)
        core.start_node(name, frozenset({fault}))

    yield make
    for name in changed:
        core.start_node(name)


def kinds(terminal: Terminal) -> list[EventKind]:
    return [event.kind for event in terminal.events.events]


def refused(terminal: Terminal) -> int:
    with pytest.raises(RegistrationRejected) as rejection:
        terminal.register()
    assert not terminal.registered
    return rejection.value.status


# --- reg event package ----------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("visited", ["uc3m", "stuba"])
def test_a_terminal_is_told_of_its_registration(
    core: EmulatedCore, terminal: MakeTerminal, visited: str, transport: str
) -> None:
    ue = terminal(visited=visited, transport=transport)
    ue.register()
    ue.subscribe()
    first = ue.wait_notified()
    assert (first.info.version, first.info.state) == (0, "full")
    assert [(r.aor, r.state, r.contacts[0].event) for r in first.info.registrations] == [
        ("sip:alice@uc3m.netlab.test", "active", "registered"),
        ("sip:alice.work@uc3m.netlab.test", "active", "created"),
        ("tel:+34000000001", "active", "created"),
    ]
    ue.reregister()
    assert ue.wait_notified(version=1).event_of(ue.contact) == ("active", "refreshed")
    ue.deregister()
    last = ue.wait_notified("terminated")
    assert (last.reason, last.event_of(ue.contact)) == ("noresource", ("terminated", "unregistered"))
    assert EventKind.NETWORK_DEREGISTERED not in kinds(ue)


def test_a_terminal_is_told_through_the_tunnel_of_the_home_access_point(
    core: EmulatedCore, terminal: MakeTerminal
) -> None:
    federation = core.federation
    home, visited = federation.testbeds["uc3m"], federation.testbeds["utu"]
    address, gateway = home.access_networks[0].pool[50], visited.node(NodeKind.GATEWAY)
    there = str(visited.access_networks[0].pool[50])
    tunnel = Tunnel(there, (str(gateway.address), gateway.port), federation.tunnel_ids(address))
    ue = terminal(address=address, tunnel=tunnel)
    ue.register()
    ue.subscribe()
    ue.deregister()
    assert ue.wait_notified("terminated").info.version == 1


def test_a_subscription_is_refreshed_and_ended(core: EmulatedCore, terminal: MakeTerminal) -> None:
    ue = terminal()
    ue.register()
    ue.subscribe()
    ue.subscribe(expires_s=120)
    assert ue.wait_notified(version=1).state == "active"
    ue.subscribe(expires_s=0)
    assert ue.wait_notified("terminated").reason == "timeout"
    ue.reregister()
    assert core.settle(["uc3m"])
    assert kinds(ue)[-1] is EventKind.REREGISTERED, "nobody is told whose subscription has ended"


def test_a_capture_that_ends_when_the_nodes_are_quiet_has_both_subscriptions(
    core: EmulatedCore, terminal: MakeTerminal, tmp_path: Path
) -> None:
    sniffers = Sniffers(loopback_points(core.federation), "scapy", tmp_path / "spool")
    sniffers.start()
    file = tmp_path / "cell.pcapng"
    try:
        sniffers.open_cell("cell")
        ue = terminal(visited="stuba")
        ue.register()
        ue.subscribe()
        ue.deregister()
        ue.wait_notified("terminated")
        assert core.settle(["uc3m", "stuba"])
        sniffers.close_cell("cell", file)
    finally:
        sniffers.stop()

    def tshark(which: str, *fields: str) -> list[str]:
        shown = [word for field in fields for word in ("-e", field)]
        call = ["tshark", "-r", str(file), "-Y", which, "-T", "fields", *shown]
        return subprocess.run(call, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()

    assert tshark("_ws.malformed", "frame.number") == []
    # The terminal's goes by its Service-Route, the P-CSCF's own by the entry of the home network.
    assert sorted(tshark("sip.Method == SUBSCRIBE && ip.src == 127.44.2.11", "ip.dst", "sip.P-Asserted-Identity")) == [
        "127.44.1.12\t<sip:pcscf.stuba.netlab.test:4060>",
        "127.44.1.13\t<sip:alice@uc3m.netlab.test>",
    ]
    assert tshark("diameter.cmd.code == 302", "diameter.flags.request") in (["True", "False"], ["1", "0"])
    asked = tshark("sip.Method == NOTIFY", "sip.Call-ID", "sip.Subscription-State", "reginfo.version")
    answered = tshark('sip.CSeq.method == "NOTIFY" && sip.Status-Code == 200', "sip.Call-ID")
    # Two subscriptions, two documents each; those of the terminal go over two hops.
    assert len(asked) == len(answered) == 2 * 2 + 2
    assert {tuple(line.split("\t")[1:]) for line in asked} == {
        ("active;expires=600000", "0"),
        ("terminated;reason=noresource", "1"),
    }


# --- the network ends a registration -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "event"),
    [
        (DeregistrationReasonCode.PERMANENT_TERMINATION, "rejected"),
        (DeregistrationReasonCode.SERVER_CHANGE, "deactivated"),
    ],
)
def test_the_network_ends_a_registration(
    core: EmulatedCore, terminal: MakeTerminal, reason: DeregistrationReasonCode, event: str
) -> None:
    ue = terminal("stuba", "bob")
    ue.register()
    ue.subscribe()
    core.hss("stuba").end_registration("bob@stuba.netlab.test", reason, "a reason for a person")
    assert ue.wait_notified("terminated").event_of(ue.contact) == ("terminated", event)
    assert kinds(ue)[-1] is EventKind.NETWORK_DEREGISTERED
    assert ue.events.events[-1].detail == event
    assert not ue.registered
    assert core.settle(["stuba"])
    ue.register()
    assert ue.registered


def test_a_terminal_that_did_not_subscribe_hears_nothing(core: EmulatedCore, terminal: MakeTerminal) -> None:
    ue = terminal("stuba", "bob")
    ue.register()
    before = kinds(ue)
    core.hss("stuba").end_registration("bob@stuba.netlab.test")
    assert core.settle(["stuba"])
    assert kinds(ue) == before
    with pytest.raises(TestbedDown, match="expected a registered subscriber"):
        core.hss("stuba").end_registration("bob@stuba.netlab.test")


def test_a_result_that_the_operator_forces_reaches_the_terminal_once(
    core: EmulatedCore, terminal: MakeTerminal
) -> None:
    """Roaming not allowed (5004), for the next UAR alone."""
    ue = terminal("stuba", "bob")
    core.hss("stuba").force(DiameterCommand.USER_AUTHORIZATION, 5004, experimental=True)
    with pytest.raises(RegistrationRejected, match="403"):
        ue.register()
    assert {user["impi"]: user["state"] for user in core.hss("stuba").state()}[
        "bob@stuba.netlab.test"
    ] == "not-registered"
    ue.register()
    assert {user["impi"]: user["state"] for user in core.hss("stuba").state()}["bob@stuba.netlab.test"] == "registered"


def test_a_testbed_without_hss_ends_nothing(core: EmulatedCore) -> None:
    with pytest.raises(BadInput, match="nowhere/hss"):
        core.hss("nowhere")


# --- refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "fault", "status"),
    [
        ("uc3m/s-cscf", "path-unsupported", 420),
        ("uc3m/hss", "silent", 480),
        ("uc3m/hss", "silent:300", 480),
        ("uc3m/hss", "silent:303", 480),
        ("uc3m/hss", "wrong-xres", 403),
        ("uc3m/hss", "wrong-mac", 403),
        ("uc3m/hss", "bars-roaming:uc3m.netlab.test", 403),
        ("uc3m/dns", "forgets-zone:uc3m", 504),
    ],
)
def test_a_fault_of_a_node_refuses_the_terminal(
    terminal: MakeTerminal, misbehaving: Callable[[str, str], None], node: str, fault: str, status: int
) -> None:
    misbehaving(node, fault)
    assert refused(terminal()) == status


def test_after_the_fault_the_node_serves_again(core: EmulatedCore, terminal: MakeTerminal) -> None:
    before = core.pid("uc3m/hss")
    core.start_node("uc3m/hss", frozenset({"silent"}))
    faulty = core.pid("uc3m/hss")
    core.start_node("uc3m/hss", frozenset({"silent"}))
    assert core.pid("uc3m/hss") == faulty != before
    core.start_node("uc3m/hss")
    assert core.pid("uc3m/hss") != faulty
    assert core.check() == {}
    terminal().register()


def test_a_stale_number_ends_in_a_refusal_by_the_terminal(
    terminal: MakeTerminal, misbehaving: Callable[[str, str], None]
) -> None:
    seen = SequenceNumbers()
    for number in range(32, 64):
        seen.accept(number)
    ue = terminal(numbers=seen)
    misbehaving("uc3m/hss", "stale-sqn")
    assert refused(ue) == 401
    assert kinds(ue).count(EventKind.REGISTER_SENT) == 3


def test_a_zone_that_the_visited_network_forgot_refuses_its_visitors_alone(
    terminal: MakeTerminal, misbehaving: Callable[[str, str], None]
) -> None:
    misbehaving("stuba/dns", "forgets-zone:uc3m")
    assert refused(terminal(visited="stuba")) == 504
    at_home, of_stuba = terminal(), terminal("stuba", "bob")
    at_home.register()
    of_stuba.register()
    assert (at_home.registered, of_stuba.registered) == (True, True)


def test_an_unknown_home_domain(terminal: MakeTerminal) -> None:
    assert refused(terminal(elsewhere={"domain": "nowhere.netlab.test"})) == 504


def test_who_may_not_roam_registers_at_home_alone(core: EmulatedCore, terminal: MakeTerminal) -> None:
    barred = [
        (name, subscriber.name)
        for name, testbed in core.federation.testbeds.items()
        for subscriber in testbed.subscribers
        if not subscriber.roaming
    ]
    assert barred == [("uc3m", "erin")]
    assert refused(terminal("uc3m", "erin", visited="stuba")) == 403
    ue = terminal("uc3m", "erin")
    ue.register()
    assert ue.registered


def test_a_wrong_response_is_403(terminal: MakeTerminal) -> None:
    ue = terminal(faults=frozenset({"wrong-response"}))
    assert refused(ue) == 403
    assert EventKind.NETWORK_AUTHENTICATED in kinds(ue)


def test_a_wrong_key_makes_the_terminal_refuse_the_network(terminal: MakeTerminal) -> None:
    ue = terminal(credentials={"k": Secret(bytes(16))})
    assert refused(ue) == 403
    assert EventKind.NETWORK_REFUSED in kinds(ue)


def test_a_short_wish_is_repeated_with_what_the_registrar_asks_for(terminal: MakeTerminal) -> None:
    ue = terminal()
    ue.register(expires_s=30)
    assert ue.granted_s == 60
    assert kinds(ue).count(EventKind.REGISTER_SENT) == 4
