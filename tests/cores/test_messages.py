"""Messages over the whole emulated core: every node a process of its own, terminals that know only their P-CSCF."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.cores.emulated.core import EmulatedCore
from conformance.stack.hop import Hop
from conformance.terminals.event_log import EventLog
from conformance.terminals.message_failures import MessageRefused, MessageTimedOut
from conformance.terminals.messages import Received
from conformance.terminals.programs.catalogue import PROGRAMS, installed
from conformance.terminals.programs.linphone import LinphoneTerminal
from conformance.terminals.programs.program_terminal import Place
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import NodeKind
from tests.cores.conftest import MakeTerminal


@pytest.mark.parametrize(
    ("sender", "receiver"),
    [
        (("uc3m", "alice"), ("uc3m", "erin")),
        (("uc3m", "alice"), ("stuba", "bob")),
        (("uc3m", "alice", "stuba"), ("stuba", "bob", "octopus")),
        (("octopus", "dave", "uc3m"), ("octopus", "carol", "uc3m")),
    ],
    ids=["one network", "two networks", "both away", "both away in one network"],
)
def test_a_message_arrives(
    registered_terminal: MakeTerminal, sender: tuple[str, ...], receiver: tuple[str, ...]
) -> None:
    writes, reads = registered_terminal(*sender), registered_terminal(*receiver)
    writes.messages.send(reads.impu, "grüße")
    assert reads.messages.wait() == Received(writes.impu, "grüße")
    assert writes.events.events[-1].kind is EventKind.MESSAGE_SENT
    last = reads.events.events[-1]
    assert (last.kind, last.detail) == (EventKind.MESSAGE_RECEIVED, f"{writes.impu}: 7 octets")


def test_both_ways(registered_terminal: MakeTerminal) -> None:
    alice, bob = registered_terminal("uc3m", "alice"), registered_terminal("stuba", "bob")
    alice.messages.send(bob.impu, "one")
    bob.messages.send(alice.impu, "two")
    assert [bob.messages.wait().text, alice.messages.wait().text] == ["one", "two"]


def test_a_message_to_who_is_not_there(registered_terminal: MakeTerminal) -> None:
    alice = registered_terminal("uc3m", "alice")
    with pytest.raises(MessageRefused, match="480"):
        alice.messages.send("sip:bob@stuba.netlab.test", "anybody?")
    with pytest.raises(MessageRefused, match="404"):
        alice.messages.send("sip:nobody@stuba.netlab.test", "anybody?")
    with pytest.raises(MessageTimedOut, match=r"awaited a message for 0\.1 s"):
        alice.messages.wait(0.1)


def test_a_program_of_others_writes(registered_terminal: MakeTerminal, core: EmulatedCore, tmp_path: Path) -> None:
    if not installed("linphonec"):
        pytest.skip(f"linphonec is not installed: apt-get install {PROGRAMS['linphonec'].package}")
    testbed, visited = core.federation.testbeds["octopus"], core.federation.testbeds["stuba"]
    pcscf = visited.node(NodeKind.PCSCF)
    bob = registered_terminal("stuba", "bob")
    address = visited.access_networks[0].pool[9]
    place = Place(
        core.federation, testbed, testbed.subscriber("dave"), address, Hop(str(pcscf.address), pcscf.port), tmp_path
    )
    linphone = LinphoneTerminal(place, EventLog())
    try:
        linphone.register()
        linphone.message(bob.impu, "hello bob")
        assert bob.messages.wait() == Received(linphone.impu, "hello bob")
        linphone.deregister()
    finally:
        linphone.close()
