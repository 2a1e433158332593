"""Whose terminal the program of a cell plays, and in which order a call is set up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from conformance.runs.foreign_calls import hang_up, invite, set_up, talk
from conformance.vocabulary.errors import HarnessFault


class Notes:
    """Notes each call of each method, as `who did what`."""

    def __init__(self, who: str, notes: list[str]) -> None:
        self.impu = f"sip:{who}@a.test"
        self._who, self._notes = who, notes

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def noted(*arguments: object) -> Notes:
            self._notes.append(f"{self._who} {name}")
            return self

        return noted

    def register(self) -> None:
        self._notes.append(f"{self._who} register")

    def call(self, impu: str) -> Notes:
        self._notes.append(f"{self._who} call {impu}")
        return self

    def await_call(self) -> Notes:
        self._notes.append(f"{self._who} await_call")
        return self


def cell(notes: list[str], *plays: str) -> Any:
    return SimpleNamespace(
        identity=SimpleNamespace(plays=plays, terminal="baresip"),
        program=lambda whose: Notes(f"program-{whose}", notes),
        terminal=lambda: Notes("ours-caller", notes),
        callee=lambda: Notes("ours-callee", notes),
        settle=lambda: notes.append("settle"),
    )


@pytest.mark.parametrize(
    ("plays", "caller", "callee"),
    [
        (("caller",), "program-caller", "ours-callee"),
        (("callee",), "ours-caller", "program-callee"),
        (("caller", "callee"), "program-caller", "program-callee"),
    ],
)
def test_the_program_plays_whom_the_marker_names(plays: tuple[str, ...], caller: str, callee: str) -> None:
    notes: list[str] = []
    invite(cell(notes, *plays))
    assert notes == [
        f"{callee} register",
        f"{caller} register",
        "settle",
        f"{caller} call sip:{callee}@a.test",
        f"{callee} await_call",
    ]


def test_a_call_from_ringing_to_its_end() -> None:
    notes: list[str] = []
    calling, called = set_up(cell(notes, "caller"))
    talk(calling, called)
    hang_up(called, calling)
    assert [note.partition(" ")[2] for note in notes[5:]] == [
        "ring", "wait_ringing", "answer", "wait_answered", "wait_heard", "wait_heard", "hang_up", "wait_ended",
    ]  # fmt: skip


def test_a_program_that_does_not_call_is_a_mistake_of_the_test_case() -> None:
    silent = cell([], "caller")
    silent.program = lambda _: SimpleNamespace(impu="sip:a@a.test")
    with pytest.raises(HarnessFault, match="baresip: expected a program that calls"):
        invite(silent)
