"""Whose times a cell has, and how they are written."""

from __future__ import annotations

from collections.abc import Callable

from conformance.report.cell_times import MOST, Time, kinds, named, times_of, written
from conformance.vocabulary.results import CellResult, ProcedureResult, ProcedureTime
from conformance.vocabulary.times import TimeName

Make = Callable[..., CellResult]


def procedure(of: CellResult, user: str, **times: float) -> ProcedureResult:
    took = [
        ProcedureTime(name=name.replace("_", "-"), ms=ms, capture=0, from_frame=1, to_frame=2)
        for name, ms in times.items()
    ]
    return of.procedures[0].model_copy(update={"subject": [user], "times": took})


def test_a_cell_has_the_times_of_all_its_registrations(make_cell: Make) -> None:
    cell = make_cell()
    twice = cell.model_copy(
        update={"procedures": [procedure(cell, "a", registration=41.26), procedure(cell, "a", registration=39.0)]}
    )
    assert times_of(twice) == (Time("registration", 41.26), Time("registration", 39.0))
    assert written(times_of(twice), "registration", " | ") == "41.3 | 39.0"
    assert written(times_of(twice), "set-up", " | ") == ""


def test_in_a_call_the_callee_counts_for_nothing(make_cell: Make) -> None:
    cell = make_cell()
    own = procedure(cell, "alice", registration=41.0)
    other = procedure(cell, "bob", registration=500.0)
    call = procedure(cell, "alice", post_dial_delay=80.0, set_up=2000.0)
    found = times_of(cell.model_copy(update={"procedures": [other, own, call]}))
    assert found == (Time("registration", 41.0), Time("post-dial-delay", 80.0), Time("set-up", 2000.0))


def test_of_a_cell_few_times_are_kept(make_cell: Make) -> None:
    cell = make_cell()
    every = [procedure(cell, "a", registration=float(n)) for n in range(5 * MOST)]
    assert len(times_of(cell.model_copy(update={"procedures": every}))) == MOST


def test_kinds_stand_in_the_order_in_which_they_happen() -> None:
    assert [one.name for one in kinds(["set-up", "handover", "registration", "set-up"])] == [
        "registration",
        "set-up",
        "handover",
    ]
    assert named("handover").title == "handover"
    assert all(named(name).meaning for name in TimeName)
