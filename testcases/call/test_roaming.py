"""Calls of a user who is away from home: signalling goes through the home network, media between the terminals."""

from __future__ import annotations

import pytest

from conformance.runs.calls import set_up, talk
from conformance.runs.cell import Cell

pytestmark = pytest.mark.call


@pytest.mark.flow("call-roaming-home", access="visited", callee="home")
def test_call_home(cell: Cell) -> None:
    """A user who is away calls a user of the own network, who is at home.

    Preconditions:
        - The caller is registered through the P-CSCF of the visited network; the called terminal is at home.
    Steps:
        1. INVITE goes from the visited P-CSCF along the Service-Route to the S-CSCF at home, and on to the callee.
        2. The called user answers; both hear each other; the caller hangs up.

    References:
        3GPP TS 23.228 5.6.1, 5.5.2, 5.7.2; RFC 3608; D2.2 2.7
    """
    talk(*set_up(cell)).hang_up()


@pytest.mark.flow("call-roaming-same", access="visited", callee="visited")
def test_call_in_the_visited_network(cell: Cell) -> None:
    """A user who is away calls a user of the network that is visited, who is at home there.

    Preconditions:
        - Both terminals are in one access network, and use one P-CSCF.
    Steps:
        1. INVITE goes from the visited P-CSCF to the S-CSCF of the caller's home network.
        2. From there it comes back to the I-CSCF and S-CSCF of the visited network, and to its P-CSCF.
        3. The called user answers; media go between the terminals directly; the caller hangs up.

    References:
        3GPP TS 23.228 5.6.1, 5.5.1, 5.7.2; D2.2 2.7
    """
    talk(*set_up(cell)).hang_up()


@pytest.mark.flow("call-roaming-third", access="visited", callee="third", transport=("udp", "tcp"))
def test_call_to_a_third_network(cell: Cell) -> None:
    """A user who is away calls a user of a third network.

    Preconditions:
        - The caller is registered through the P-CSCF of the visited network; the called terminal is at home.
    Steps:
        1. INVITE goes from the visited P-CSCF to the caller's S-CSCF, and from there to the third network.
        2. The called user answers; both hear each other; the caller hangs up.

    References:
        3GPP TS 23.228 5.6.1, 5.5.1, 5.7.2; 3GPP TS 24.229 5.4.3.2; D2.2 2.7
    """
    talk(*set_up(cell)).hang_up()


@pytest.mark.flow("call-both-away", access="visited", callee="away")
def test_both_away(cell: Cell) -> None:
    """Two users of one network who are both away, in different networks, call each other.

    Preconditions:
        - Each terminal is registered through the P-CSCF of the network that it visits.
    Steps:
        1. INVITE goes from the caller's visited network home, and from there to the callee's visited network.
        2. The called user answers; both hear each other; the caller hangs up.

    References:
        3GPP TS 23.228 5.6.1, 5.5.2, 5.7.1; D2.2 2.7
    """
    talk(*set_up(cell)).hang_up()


@pytest.mark.flow("call-roaming-third", access="visited", callee="third")
def test_call_to_a_third_network_with_preconditions(cell: Cell) -> None:
    """A user who is away calls a user of a third network, who is alerted when both have their resources.

    Preconditions:
        - Neither terminal has reserved anything yet.
    Steps:
        1. INVITE, 183, PRACK and UPDATE pass the networks of both users; then the called terminal rings.
        2. The called user answers; both hear each other; the caller hangs up.

    References:
        RFC 3312 5; RFC 3311; 3GPP TS 24.229 6.1; D2.2 2.7
    """
    talk(*set_up(cell, preconditions=True)).hang_up()


@pytest.mark.flow("call-home", access="home", callee="home")
def test_call_by_the_home_access_point(cell: Cell) -> None:
    """A user who is away calls home through the home access point.

    Preconditions:
        - The visited network tunnels all packets of the caller to the gateway of the home network.
    Steps:
        1. Signalling and media cross the visited network in GTP-U; its CSCFs see nothing.
        2. The called user answers; both hear each other; the caller hangs up.

    References:
        3GPP TS 23.228 5.6.2; 3GPP TS 29.281; D2.2 2.7, figure 2
    """
    talk(*set_up(cell)).hang_up()
