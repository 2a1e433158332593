"""A call of sipp by what it says: each end of a call, without the program."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from conformance.stack.hop import Hop
from conformance.terminals.call_failures import CallRefused, CallTimedOut
from conformance.terminals.programs.program_terminal import Place
from conformance.terminals.programs.sipp_call import SippCall
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.federation import Federation

BEGUN = ["invite-sent", "ringing"]
DIALOG = [
    "dialog-remote To: <sip:bob@b.test>;tag=9",
    "dialog-target sip:bob@10.0.0.2:5060",
    "dialog-routes Route: <sip:p.test;lr>, <sip:s.test;lr>",
]
INVITED = [
    "dialog-local To: <sip:alice@a.test>;tag=9",
    "dialog-remote From: <sip:bob@b.test>;tag=3",
    "dialog-target sip:bob@10.0.0.2:5060",
    "dialog-routes Record-Route: <sip:p.test;lr>, <sip:s.test;lr>",
    "invited their-call",
    "ringing",
]


class Child:
    """A process that has said some lines, and says no more."""

    def __init__(self, lines: list[str]) -> None:
        self.lines, self.killed = list(lines), False

    def next_line(self, deadline: float) -> str | None:
        if not self.lines:
            raise TimeoutError
        return self.lines.pop(0)

    def kill(self) -> None:
        self.killed = True


class Scripted:
    """The terminal's part: what each process will say."""

    impu = "sip:alice@a.test"
    service_route = "<sip:orig@s.test;lr>"

    def __init__(self, federation: Federation, folder: Path, *scripts: list[str]) -> None:
        testbed = federation.testbeds["uc3m"]
        address = testbed.access_networks[0].pool[1]
        self.place = Place(federation, testbed, testbed.subscriber("alice"), address, Hop("127.35.1.11", 4060), folder)
        self.folder = folder
        self.scripts = list(scripts)
        self.scenarios: list[str] = []
        self.call_ids: list[str] = []
        self.events: list[tuple[EventKind, int | None, str]] = []

    def run(self, scenario: str, name: str, call_id: str) -> Any:
        self.scenarios.append(scenario)
        self.call_ids.append(call_id)
        return Child(self.scripts.pop(0))

    def private(self, name: str, octets: bytes) -> Path:
        (self.folder / name).write_bytes(octets)
        return self.folder / name

    def deadline(self) -> float:
        return time.monotonic()

    def record(self, kind: EventKind, status: int | None = None, detail: str = "") -> None:
        self.events.append((kind, status, detail))

    @property
    def kinds(self) -> list[str]:
        return [kind.value for kind, _, _ in self.events]


def test_the_end_that_calls_and_hangs_up(federation: Federation, tmp_path: Path) -> None:
    terminal = Scripted(federation, tmp_path, [*BEGUN, *DIALOG, "answered"], ["bye-sent", "bye-answered"])
    call = SippCall(terminal, "sip:bob@b.test")
    call.wait_begun()
    call.wait_ringing()
    call.wait_answered()
    call.hang_up()
    invite, bye = terminal.scenarios
    assert "Route: <sip:127.35.1.11:4060;lr>, <sip:orig@s.test;lr>" in invite
    assert "BYE sip:bob@10.0.0.2:5060 SIP/2.0" in bye
    assert "Route: <sip:p.test;lr>, <sip:s.test;lr>" in bye
    assert "To: <sip:bob@b.test>;tag=9" in bye
    tag = invite.split("From: <sip:alice@a.test>;tag=")[1].split("\n")[0]
    assert f"From: <sip:alice@a.test>;tag={tag}\n" in bye
    assert len(set(terminal.call_ids)) == 1
    assert terminal.kinds == ["calling", "ringing", "answered", "ended"]


def test_the_end_that_is_called_and_hangs_up(federation: Federation, tmp_path: Path) -> None:
    terminal = Scripted(federation, tmp_path, [*INVITED, "answered"], ["bye-sent", "bye-answered"])
    call = SippCall(terminal)
    call.wait_begun()
    call.ring()
    call.answer()
    call.hang_up()
    bye = terminal.scenarios[-1]
    assert "From: <sip:alice@a.test>;tag=9\n" in bye
    assert "To: <sip:bob@b.test>;tag=3\n" in bye
    assert terminal.call_ids[-1] == "their-call"
    assert terminal.kinds == ["invited", "ringing", "answered", "ended"]


def test_the_other_end_hangs_up(federation: Federation, tmp_path: Path) -> None:
    call = SippCall(Scripted(federation, tmp_path, [*INVITED, "answered", "bye"]))
    call.answer()
    call.wait_ended()


def test_a_refusal_is_told(federation: Federation, tmp_path: Path) -> None:
    refused = "while expecting '100' (index 2), received 'SIP/2.0 486 Busy Here"
    terminal = Scripted(federation, tmp_path, ["invite-sent", refused])
    call = SippCall(terminal, "sip:bob@b.test")
    with pytest.raises(CallRefused, match="486 Busy Here"):
        call.wait_answered()
    call.wait_refused(486)
    with pytest.raises(AssertionError, match="refusal with 404; found 486"):
        call.wait_refused(404)


def test_what_does_not_come_is_named(federation: Federation, tmp_path: Path) -> None:
    call = SippCall(Scripted(federation, tmp_path, ["invite-sent"]), "sip:bob@b.test")
    with pytest.raises(CallTimedOut, match="sipp: awaited 180; the call is begun"):
        call.wait_ringing()


def test_what_it_cannot_do(federation: Federation, tmp_path: Path) -> None:
    call = SippCall(Scripted(federation, tmp_path, []), "sip:bob@b.test")
    for attempt in (call.cancel, lambda: call.refuse(486), lambda: call.wait_heard(call)):
        with pytest.raises(HarnessFault, match="sipp: expected no"):
            attempt()


def test_words_of_the_network_are_no_syntax_of_a_scenario(federation: Federation, tmp_path: Path) -> None:
    odd = [*BEGUN, "dialog-remote To: <sip:b@b>", "dialog-target sip:b@[fd00::1]]]>", "dialog-routes ", "answered"]
    terminal = Scripted(federation, tmp_path, odd, ["bye-answered"])
    call = SippCall(terminal, "sip:bob@b.test")
    call.wait_answered()
    call.hang_up()
    assert r"BYE sip:b@\x5bfd00::1\x5d\x5d\x5d> SIP/2.0" in terminal.scenarios[-1]


def test_a_line_of_the_network_is_no_line_of_a_scenario(federation: Federation, tmp_path: Path) -> None:
    odd = [*BEGUN, "dialog-remote To: <sip:b@b>", "dialog-target sip:b@\x0bb", "dialog-routes ", "answered"]
    call = SippCall(Scripted(federation, tmp_path, odd), "sip:bob@b.test")
    call.wait_answered()
    with pytest.raises(HarnessFault, match="expected words that a scenario can hold"):
        call.hang_up()
