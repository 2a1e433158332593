"""baresip as a terminal: what it sends, what it reports, and whom it cannot play."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.protocols.sip.message import make_response
from conformance.terminals.call_failures import CallTimedOut
from conformance.terminals.programs import baresip
from conformance.terminals.programs.program_terminal import ProgramTerminal
from conformance.terminals.terminal import RegistrationRejected, RegistrationTimedOut
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.federation import Subscriber
from conformance.vocabulary.secrets import Secret
from tests.terminals.programs.password_lab import CHALLENGED, assert_proves, challenge

Answer = Callable[[Request], Response]
Play = Callable[[str, Subscriber], ProgramTerminal]


def test_it_registers_and_deregisters(pcscf: Any, play: Play, dave: Subscriber, granted: Answer) -> None:
    pcscf.will(challenge, granted, challenge, granted)
    terminal = play("baresip", dave)
    terminal.register()
    assert terminal.registered
    terminal.deregister()
    assert not terminal.registered
    assert [event.kind for event in terminal.events.events] == [*CHALLENGED, "registered", *CHALLENGED, "deregistered"]
    first, second, _, last = pcscf.requests
    assert str(first.uri) == "sip:octopus.netlab.test"
    assert "@127.35.1.129:5060" in first.headers["Contact"]
    assert last.headers["Contact"].endswith("expires=0")
    assert_proves(second, dave)


def test_the_password_is_in_nothing_that_it_leaves(
    pcscf: Any, play: Play, dave: Subscriber, granted: Answer, tmp_path: Path
) -> None:
    pcscf.will(challenge, granted)
    terminal = play("baresip", dave)
    terminal.register()
    folder = terminal.secrets.path
    assert "not-a-secret" in (folder / "accounts").read_text()
    terminal.close()
    assert not folder.exists()
    assert {file.name for file in tmp_path.iterdir()} == {"baresip.log", "baresip.config"}
    assert not any("not-a-secret" in file.read_text() for file in tmp_path.iterdir())


def test_a_refusal(pcscf: Any, play: Play, dave: Subscriber) -> None:
    pcscf.will(lambda request: make_response(request, 403))
    terminal = play("baresip", dave)
    with pytest.raises(RegistrationRejected, match="403 Forbidden"):
        terminal.register()
    assert [event.kind for event in terminal.events.events] == ["register-sent", "rejected"]


def test_a_wrong_password(pcscf: Any, play: Play, dave: Subscriber) -> None:
    pcscf.will(challenge)
    with pytest.raises(RegistrationRejected, match="401"):
        play("baresip", dave).register()


def test_no_answer(pcscf: Any, play: Play, dave: Subscriber) -> None:
    terminal = play("baresip", dave)
    with pytest.raises(
        RegistrationTimedOut, match=r"awaited the answer to baresip's REGISTER from 127\.35\.1\.11:4060"
    ):
        terminal.register()


def refuse_invites(request: Request) -> Response:
    """A P-CSCF that lets register, and that is told about a call: 486 to INVITE, 200 to the rest."""
    return make_response(request, 486 if request.method == "INVITE" else 200)


def test_a_call_goes_to_the_pcscf_alone(pcscf: Any, play: Play, dave: Subscriber, granted: Answer) -> None:
    pcscf.will(granted, refuse_invites)
    terminal = play("baresip", dave)
    assert isinstance(terminal, baresip.BaresipTerminal)
    terminal.register()
    call = terminal.call("sip:carol@octopus.netlab.test")
    call.wait_refused(486)
    invite = next(request for request in pcscf.requests if request.method == "INVITE")
    assert invite.headers.getlist("Route") == ["<sip:127.35.1.11:4060;lr>"]  # no Service-Route
    assert not (invite.headers.get("Supported") or "").strip()
    assert b"m=audio" in invite.body
    kinds = [event.kind for event in terminal.events.events]
    assert kinds == ["register-sent", "registered", "calling", "refused"]


def test_nobody_calls(pcscf: Any, play: Play, dave: Subscriber, granted: Answer) -> None:
    pcscf.will(granted)
    terminal = play("baresip", dave)
    assert isinstance(terminal, baresip.BaresipTerminal)
    terminal.register()
    with pytest.raises(CallTimedOut, match="awaited an INVITE"):
        terminal.await_call()


def test_it_calls_only_when_it_is_registered(play: Play, dave: Subscriber) -> None:
    terminal = play("baresip", dave)
    assert isinstance(terminal, baresip.BaresipTerminal)
    with pytest.raises(HarnessFault, match="expected a registration before a call"):
        terminal.call("sip:carol@octopus.netlab.test")


def test_it_deregisters_only_what_it_registered(play: Play, dave: Subscriber) -> None:
    with pytest.raises(HarnessFault, match="expected a registration before its end"):
        play("baresip", dave).deregister()


def test_whom_it_cannot_play(alice: Subscriber, dave: Subscriber) -> None:
    assert baresip.unfit(dave) is None
    assert baresip.unfit(alice) == "baresip has no IMS AKA: the subscriber alice has no password"
    odd = dave.model_copy(update={"password": Secret(b'a"b')})
    assert baresip.unfit(odd) is not None
    assert 'a"b' not in str(baresip.unfit(odd))
