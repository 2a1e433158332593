"""What all program terminals share: secrets that go with the terminal, and a second close that does nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.stack.hop import Hop
from conformance.terminals.event_log import EventLog
from conformance.terminals.programs.program_terminal import Place, ProgramTerminal
from conformance.terminals.terminal import RegistrationRejected, RegistrationTimedOut
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.federation import Federation, Subscriber


class Failing(ProgramTerminal):
    """A program that cannot be ended."""

    def register(self) -> None:
        self.reject(403, "Forbidden")

    def deregister(self) -> None:
        self.time_out("awaited an answer")

    def end(self) -> None:
        raise HarnessFault("does not end")


@pytest.fixture
def place(federation: Federation, alice: Subscriber, tmp_path: object) -> Place:
    testbed = federation.testbeds["uc3m"]
    address = testbed.access_networks[0].pool[1]
    return Place(federation, testbed, alice, address, Hop("127.35.1.11", 4060), tmp_path)  # type: ignore[arg-type]


def test_secrets_go_even_where_the_program_does_not_end(place: Place) -> None:
    terminal = Failing(place, EventLog())
    folder = terminal.secrets.path
    with pytest.raises(HarnessFault, match="does not end"):
        terminal.close()
    assert not folder.exists()


def test_what_ends_a_procedure_is_also_an_event(place: Place) -> None:
    terminal = Failing(place, EventLog())
    procedures: list[tuple[Callable[[], None], type[Exception]]] = [
        (terminal.register, RegistrationRejected),
        (terminal.deregister, RegistrationTimedOut),
    ]
    for procedure, error in procedures:
        with pytest.raises(error):
            procedure()
    assert [(event.kind, event.status) for event in terminal.events.events] == [("rejected", 403), ("timed-out", None)]


def test_the_user_and_the_deadline(place: Place) -> None:
    assert (place.user, place.deadline_s) == ("alice", 2.0)
