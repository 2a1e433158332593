"""Calls of a user who is at home."""

from __future__ import annotations

import pytest

from conformance.runs.calls import set_up, talk
from conformance.runs.cell import Cell

pytestmark = pytest.mark.call


@pytest.mark.flow("call-home", callee="home")
def test_call(cell: Cell) -> None:
    """Two users of one network who are at home call each other.

    Preconditions:
        - Both terminals are registered and have their resources.
    Steps:
        1. The caller sends INVITE with the codecs that it wants.
        2. The called terminal rings: 180, sent reliably and acknowledged with PRACK.
        3. The called user answers: 200 and ACK; both hear each other.
        4. The caller hangs up.

    References:
        3GPP TS 23.228 5.6.2, 5.5.2, 5.7.2; 3GPP TS 24.229 5.1.3, 5.1.4; RFC 3262; D2.2 1.4.1, figure 1
    """
    talk(*set_up(cell)).hang_up()


@pytest.mark.flow("call-home", callee="home")
def test_call_tcp(cell: Cell) -> None:
    """Two users at home call each other, with signalling over TCP.

    Preconditions:
        - Both terminals are registered over TCP.
    Steps:
        1. As for the call over UDP.

    References:
        RFC 3261 18; D2.2 1.4.1, figure 1
    """
    talk(*set_up(cell, transport="tcp")).hang_up()


@pytest.mark.flow("call-home", callee="home")
def test_call_with_preconditions(cell: Cell) -> None:
    """The called terminal rings only when both terminals have their resources.

    Preconditions:
        - Both terminals are registered; neither has reserved anything yet.
    Steps:
        1. The caller sends INVITE: its resources are not there yet.
        2. The called terminal answers the offer in 183, sent reliably, and waits.
        3. The caller says with UPDATE that its resources are there; now the called terminal rings.
        4. The called user answers; both hear each other; the caller hangs up.

    References:
        RFC 3312 5; RFC 3311; 3GPP TS 24.229 6.1; D2.2 1.4.1
    """
    talk(*set_up(cell, preconditions=True)).hang_up()


@pytest.mark.flow("call-interconnect", callee="third")
def test_interconnect(cell: Cell) -> None:
    """A user at home calls a user of another network, who is at home there.

    Preconditions:
        - Both terminals are registered, each in its own network.
    Steps:
        1. The S-CSCF of the caller finds the entry of the other network by DNS and sends INVITE there.
        2. The other network asks its HSS where the called user is, and brings the call to the terminal.
        3. The called user answers; both hear each other; the caller hangs up.

    References:
        3GPP TS 23.228 5.6.2, 5.5.1, 5.7.2; 3GPP TS 24.229 5.4.3.2, 5.3.2.1; RFC 3263
    """
    talk(*set_up(cell)).hang_up()


@pytest.mark.flow("call-to-visitor", callee="away")
def test_call_to_visitor(cell: Cell) -> None:
    """A user at home calls a user of the same network who is away.

    Preconditions:
        - The called terminal is registered through the P-CSCF of the network that it visits.
    Steps:
        1. The S-CSCF of the home network sends INVITE along the Path to the visited P-CSCF.
        2. The called user answers; both hear each other; the caller hangs up.

    References:
        3GPP TS 23.228 5.7.1; RFC 3327; 3GPP TS 24.229 5.4.3.3; D2.2 2.7
    """
    talk(*set_up(cell)).hang_up()


@pytest.mark.flow("call-home", callee="home")
def test_call_ended_by_callee(cell: Cell) -> None:
    """The called user hangs up, and the caller is told.

    Preconditions:
        - Both terminals are registered.
    Steps:
        1. The call is set up and both hear each other.
        2. The called terminal sends BYE along the route of the dialog.

    References:
        RFC 3261 15; 3GPP TS 24.229 5.4.3.3
    """
    calling, called = set_up(cell)
    talk(calling, called)
    called.hang_up()
    calling.wait_ended()
