import pytest

from conformance.protocols.sip.states import MACHINES, Machine, State, Timer

machines = pytest.mark.parametrize("machine", MACHINES.values(), ids=lambda machine: machine.name)


@machines
def test_every_state_but_the_last_can_be_left(machine: Machine) -> None:
    states = {state for state, _ in machine.table} | {step.state for step in machine.table.values()}
    for state in states - {State.TERMINATED}:
        assert any(start is state and step.state is not state for (start, _), step in machine.table.items()), (
            f"{state} of {machine.name} is a trap"
        )


@machines
def test_terminated_is_the_end(machine: Machine) -> None:
    assert all(start is not State.TERMINATED for start, _ in machine.table)


@machines
def test_every_state_is_reached_from_the_initial_one(machine: Machine) -> None:
    reached = {machine.initial}
    while True:
        further = {step.state for (start, _), step in machine.table.items() if start in reached} - reached
        if not further:
            break
        reached |= further
    assert {start for start, _ in machine.table} <= reached
    assert State.TERMINATED in reached


@machines
def test_every_timer_that_begins_has_an_arrow_where_it_begins(machine: Machine) -> None:
    for state, timers in machine.starts.items():
        for timer in timers:
            assert (state, timer) in machine.table


@machines
def test_every_arrow_of_a_timer_can_be_taken(machine: Machine) -> None:
    begun = {timer for timers in machine.starts.values() for timer in timers}
    assert {event for _, event in machine.table if isinstance(event, Timer)} == begun
