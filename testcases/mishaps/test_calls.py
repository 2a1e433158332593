"""A P-CSCF dies while its users talk: media go on, the session timer ends the call, and they can call again."""

from __future__ import annotations

import pytest

from conformance.runs.calls import answered, registered, talk
from conformance.runs.cell import Cell
from conformance.terminals.session_timer import TimerWish

pytestmark = pytest.mark.mishap

STORY = ["registration-home", "call-interconnect", "reregistration", "call-interconnect"]
"""The caller registers, too; they talk; who has lost the P-CSCF registers again; they talk once more."""


@pytest.mark.flow("registration-home", callee="third", each="home", then=STORY)
def test_pcscf_of_callee_down(cell: Cell) -> None:
    """The P-CSCF of who is called dies in mid-call.

    Preconditions:
        - Both terminals are at home, in two networks; the session has a timer.
    Steps:
        1. The P-CSCF of the called terminal is killed; both still hear each other.
        2. The caller refreshes the session, and nobody answers.
        3. The session timer ends the call at both ends; neither BYE gets to the other one.
        4. The P-CSCF is started again; the called terminal registers anew, and they can talk.

    References:
        RFC 4028 10; 3GPP TS 24.229 5.1.1.2; D2.2 2.7
    """
    caller, callee = registered(cell)
    wish = TimerWish(cell.timers.session_s, "uac")
    calling, called = answered(caller.call(callee.impu, timer=wish), callee.await_call())
    _, network = cell.entries
    with cell.mishaps.node_killed(f"{network.name}/p-cscf"):
        talk(calling, called)
        called.wait_ended()
        calling.wait_ended()
    callee.register()
    cell.settle()
    talk(*answered(caller.call(callee.impu), callee.await_call())).hang_up()


@pytest.mark.flow("registration-home", callee="third", each="federation", then=STORY)
def test_pcscf_of_caller_down(cell: Cell) -> None:
    """The P-CSCF of the caller dies in mid-call; the called terminal is the one that refreshes.

    Preconditions:
        - Both terminals are at home, in two networks; the session has a timer.
    Steps:
        1. The P-CSCF of the caller is killed; both still hear each other.
        2. The called terminal refreshes the session, and nobody answers.
        3. The session timer ends the call at both ends; neither BYE gets to the other one.
        4. The P-CSCF is started again; the caller registers anew, and they can talk.

    References:
        RFC 4028 10; 3GPP TS 24.229 5.1.1.2; D2.2 2.7
    """
    caller, callee = registered(cell)
    wish = TimerWish(cell.timers.session_s, "uas")
    calling, called = answered(caller.call(callee.impu, timer=wish), callee.await_call())
    network, _ = cell.entries
    with cell.mishaps.node_killed(f"{network.name}/p-cscf"):
        talk(calling, called)
        called.wait_ended()
        calling.wait_ended()
    caller.register()
    cell.settle()
    talk(*answered(caller.call(callee.impu), callee.await_call())).hang_up()
