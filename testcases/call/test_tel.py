"""Calls to telephone numbers: the S-CSCF of the caller finds by ENUM whose number was dialled."""

from __future__ import annotations

import pytest

from conformance.runs.calls import number_of, set_up, talk
from conformance.runs.cell import Cell

pytestmark = [pytest.mark.call, pytest.mark.feature("enum"), pytest.mark.feature("enum", of="callee")]


@pytest.mark.flow("call-home", callee="home")
def test_number(cell: Cell) -> None:
    """A user at home dials the number of a user of the same network.

    Preconditions:
        - Both terminals are registered; the number of the called user is among the public user identities.
    Steps:
        1. The caller sends INVITE with a tel URI.
        2. The S-CSCF asks ENUM for the number and makes the SIP URI that it gets the Request-URI.
        3. The called user answers; both hear each other; the caller hangs up.

    References:
        RFC 6116; RFC 3764; RFC 3966; 3GPP TS 24.229 5.4.3.2
    """
    talk(*set_up(cell, dialled=number_of)).hang_up()


@pytest.mark.flow("call-roaming-third", access="visited", callee="third")
def test_number_in_a_third_network(cell: Cell) -> None:
    """A user who is away dials the number of a user of a third network.

    Preconditions:
        - The caller is registered through the P-CSCF of the visited network; the called terminal is at home.
    Steps:
        1. INVITE with a tel URI goes from the visited P-CSCF to the S-CSCF of the caller's home network.
        2. That S-CSCF asks ENUM for the number; the visited network does not.
        3. INVITE goes to the third network, whose user the number belongs to.
        4. The called user answers; both hear each other; the caller hangs up.

    References:
        RFC 6116; RFC 3764; 3GPP TS 24.229 5.4.3.2; 3GPP TS 23.228 5.6.1; D2.2 2.7
    """
    talk(*set_up(cell, dialled=number_of)).hang_up()


@pytest.mark.flow("call-interconnect", callee="third")
def test_number_in_a_sip_uri(cell: Cell) -> None:
    """A user at home dials a number of another network as many terminals send it: a SIP URI with user=phone.

    Preconditions:
        - Both terminals are registered, each in its own network.
    Steps:
        1. The caller sends INVITE with the number before the domain of its own network.
        2. The S-CSCF asks ENUM for the number and makes the SIP URI that it gets the Request-URI.
        3. The called user answers; both hear each other; the caller hangs up.

    References:
        RFC 3261 19.1.1, 19.1.6; RFC 6116; 3GPP TS 24.229 5.4.3.2
    """
    domain = cell.home.domain
    talk(*set_up(cell, dialled=lambda callee: as_sip(number_of(callee), domain))).hang_up()


@pytest.mark.flow("call-interconnect", callee="third")
def test_number_at_its_network(cell: Cell) -> None:
    """A user at home dials a number of another network and says which network that is.

    Preconditions:
        - Both terminals are registered, each in its own network.
    Steps:
        1. The caller sends INVITE with the number before the domain of the called user's network.
        2. The I-CSCF of that network asks its HSS for the tel URI of the number.
        3. The called user answers; both hear each other; the caller hangs up.

    References:
        RFC 3261 19.1.1; 3GPP TS 24.229 5.3.2.1
    """
    talk(*set_up(cell, dialled=lambda callee: as_sip(number_of(callee), callee.impu.rpartition("@")[2]))).hang_up()


@pytest.mark.flow("call-refused", callee="home")
def test_number_of_nobody(cell: Cell) -> None:
    """Nobody has the number that is dialled.

    Preconditions:
        - The caller is registered.
    Steps:
        1. The caller sends INVITE with a tel URI.
        2. The S-CSCF asks ENUM for the number, which has none; there is no gateway to telephone networks.
        3. The S-CSCF answers 404.

    References:
        RFC 6116; 3GPP TS 24.229 5.4.3.2; RFC 3261 21.4.5
    """
    caller, callee = cell.terminal(), cell.callee()
    caller.register()
    cell.settle()
    caller.call(f"{number_of(callee)[:-3]}999").wait_refused(404)


def as_sip(number: str, domain: str) -> str:
    """Return a tel URI as the SIP URI of a domain (RFC 3261 19.1.6)."""
    return f"sip:{number.removeprefix('tel:')}@{domain};user=phone"
