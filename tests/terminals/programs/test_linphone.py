"""linphone as a terminal: what it sends, what it reports, and whom it cannot play."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.protocols.sip.message import make_response
from conformance.terminals.message_failures import MessageRefused
from conformance.terminals.programs import linphone
from conformance.terminals.programs.program_terminal import ProgramTerminal
from conformance.terminals.terminal import RegistrationRejected
from conformance.vocabulary.errors import BeyondProgram
from conformance.vocabulary.federation import Subscriber
from conformance.vocabulary.secrets import Secret
from tests.terminals.programs.password_lab import CHALLENGED, assert_proves, challenge, ha1_of

Answer = Callable[[Request], Response]
Play = Callable[[str, Subscriber], ProgramTerminal]


def test_it_registers_and_deregisters(pcscf: Any, play: Play, dave: Subscriber, granted: Answer) -> None:
    pcscf.will(challenge, granted, challenge, granted)
    terminal = play("linphonec", dave)
    terminal.register()
    assert terminal.registered
    terminal.deregister()
    assert not terminal.registered
    assert [event.kind for event in terminal.events.events] == [*CHALLENGED, "registered", *CHALLENGED, "deregistered"]
    first, second, _, last = pcscf.requests
    assert str(first.uri) == "sip:octopus.netlab.test"
    assert "@127.35.1.129;" in first.headers["Contact"]
    assert last.headers["Expires"] == "0"
    assert_proves(second, dave)


def test_the_password_is_in_nothing_that_it_leaves(
    pcscf: Any, play: Play, dave: Subscriber, granted: Answer, tmp_path: Path
) -> None:
    pcscf.will(challenge, granted)
    terminal = play("linphonec", dave)
    terminal.register()
    folder = terminal.secrets.path
    assert "octopus.netlab.test" in (folder / "linphonerc").read_text()
    terminal.close()
    assert not folder.exists()
    assert {file.name for file in tmp_path.iterdir()} == {"linphone.log", "linphone.config"}
    for secret in ("not-a-secret", ha1_of(dave)):
        assert not any(secret in file.read_text() for file in tmp_path.iterdir())


def test_a_refusal(pcscf: Any, play: Play, dave: Subscriber) -> None:
    pcscf.will(lambda request: make_response(request, 403))
    terminal = play("linphonec", dave)
    with pytest.raises(RegistrationRejected, match="403 Forbidden"):
        terminal.register()


def test_a_call_goes_by_the_service_route(pcscf: Any, play: Play, dave: Subscriber, granted: Answer) -> None:
    pcscf.will(granted, lambda request: make_response(request, 486 if request.method == "INVITE" else 200))
    terminal = play("linphonec", dave)
    assert isinstance(terminal, linphone.LinphoneTerminal)
    terminal.register()
    call = terminal.call("sip:carol@octopus.netlab.test")
    call.wait_refused(486)
    invite = next(request for request in pcscf.requests if request.method == "INVITE")
    assert invite.headers.getlist("Route")[0] == "<sip:127.35.1.11:4060;lr>"
    assert b"m=audio" in invite.body
    kinds = [event.kind for event in terminal.events.events]
    assert kinds == ["register-sent", "registered", "calling", "refused"]


def test_a_message(pcscf: Any, play: Play, dave: Subscriber, granted: Answer) -> None:
    pcscf.will(granted, lambda request: make_response(request, 404 if "nobody" in str(request.uri) else 200))
    terminal = play("linphonec", dave)
    assert isinstance(terminal, linphone.LinphoneTerminal)
    terminal.register()
    terminal.message("sip:carol@octopus.netlab.test", "so much\nfor now")
    (message,) = [request for request in pcscf.requests if request.method == "MESSAGE"]
    assert (message.body, message.headers.get("Contact")) == (b"so much for now", None)
    with pytest.raises(MessageRefused, match="404"):
        terminal.message("sip:nobody@octopus.netlab.test", "hello")
    kinds = [event.kind for event in terminal.events.events]
    assert kinds == ["register-sent", "registered", "message-sent", "message-refused"]


class Child:
    """Says one line."""

    def __init__(self, line: str) -> None:
        self.line = line

    def next_line(self, deadline: float) -> str:
        return self.line


def test_a_machine_without_a_default_route_is_told_of(play: Play, dave: Subscriber) -> None:
    terminal: Any = play("linphonec", dave)
    assert terminal.next_line(Child("linphonec> linphonec> SIP/2.0 200 OK"), 0.0) == "SIP/2.0 200 OK"
    with pytest.raises(BeyondProgram, match="no default route"):
        terminal.next_line(Child("liblinphone-message-SIP network reachability state is now [DOWN]"), 0.0)


def test_whom_it_cannot_play(alice: Subscriber, dave: Subscriber) -> None:
    assert linphone.unfit(dave) is None
    assert linphone.unfit(alice) == "linphone has no IMS AKA: the subscriber alice has no password"
    odd = dave.model_copy(update={"password": Secret(b"a\nb")})
    assert linphone.unfit(odd) is not None
    assert "a\nb" not in str(linphone.unfit(odd))
