"""What a test case waits for in a call of a program, whichever program it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.terminals.call_failures import CallRefused
from conformance.terminals.programs.program_call import ProgramCall
from conformance.vocabulary.events import EventKind

Seen = list[tuple[EventKind, int | None, str]]


class Scripted(ProgramCall):
    """A call whose program says what the test says, one thing whenever it is read."""

    def __init__(self, *steps: Callable[[Scripted], None]) -> None:
        self.seen: Seen = []
        super().__init__(lambda kind, status, detail: self.seen.append((kind, status, detail)))
        self.steps = list(steps)

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        while not holds():
            self.steps.pop(0)(self)


def rings(call: Scripted) -> None:
    call._rings()


def is_answered(call: Scripted) -> None:
    call._is_answered()


def is_refused(call: Scripted) -> None:
    call.status = 486
    call._end(EventKind.REFUSED, 486, "Busy Here")


def hangs_up(call: Scripted) -> None:
    call._end(EventKind.ENDED, None, "BYE")


def test_a_call_from_ringing_to_its_end() -> None:
    call = Scripted(rings, is_answered, hangs_up)
    call.wait_ringing()
    call.wait_answered()
    assert call.status == 200
    call.wait_ended()
    assert [kind for kind, _, _ in call.seen] == [EventKind.RINGING, EventKind.ANSWERED, EventKind.ENDED]


def test_a_refusal_ends_what_waits_for_an_answer() -> None:
    with pytest.raises(CallRefused, match="486"):
        Scripted(rings, is_refused).wait_answered()
    with pytest.raises(CallRefused, match="Busy Here"):
        Scripted(is_refused).ring()


def test_a_refusal_that_was_expected() -> None:
    Scripted(is_refused).wait_refused(486)
    with pytest.raises(AssertionError, match="refusal with 603; found 486: Busy Here"):
        Scripted(is_refused).wait_refused(603)
    with pytest.raises(AssertionError, match="found 200"):
        Scripted(is_answered).wait_refused(486)


def test_a_call_ends_once() -> None:
    call = Scripted()
    hangs_up(call)
    is_refused(call)
    assert (call.seen, call.reason) == ([(EventKind.ENDED, None, "BYE")], "BYE")
