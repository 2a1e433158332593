"""Calls that come to nothing: given up by the caller, or refused by the called user or by the network."""

from __future__ import annotations

import pytest

from conformance.runs.calls import invite
from conformance.runs.cell import Cell

pytestmark = pytest.mark.call


@pytest.mark.flow("call-cancelled", callee="home")
def test_cancelled(cell: Cell) -> None:
    """The caller gives up while the called terminal rings.

    Preconditions:
        - Both terminals are registered.
    Steps:
        1. The call rings.
        2. The caller sends CANCEL, which follows the INVITE hop by hop; each hop answers it with 200.
        3. The called terminal answers the INVITE with 487, which comes back to the caller and is acknowledged.

    References:
        RFC 3261 9.1, 9.2, 16.10; 3GPP TS 24.229 5.2.8
    """
    calling, called = invite(cell)
    called.ring()
    calling.wait_ringing()
    calling.cancel()
    calling.wait_refused(487)
    called.wait_ended()


@pytest.mark.flow("call-cancelled", access="visited", callee="third")
def test_cancelled_roaming(cell: Cell) -> None:
    """A caller who is away gives up while a terminal in a third network rings.

    Preconditions:
        - Both terminals are registered.
    Steps:
        1. The call rings in the third network.
        2. The caller sends CANCEL, which follows the INVITE through the networks.
        3. The called terminal answers the INVITE with 487, which comes back to the caller and is acknowledged.

    References:
        RFC 3261 9.1, 9.2, 16.10; D2.2 2.7
    """
    calling, called = invite(cell)
    called.ring()
    calling.wait_ringing()
    calling.cancel()
    calling.wait_refused(487)
    called.wait_ended()


@pytest.mark.flow("call-refused", callee="home")
def test_busy(cell: Cell) -> None:
    """The called user is busy.

    Preconditions:
        - Both terminals are registered.
    Steps:
        1. The called terminal answers the INVITE with 486, which comes back to the caller and is acknowledged.

    References:
        RFC 3261 13.3.1.3, 21.4.24; 3GPP TS 24.229
    """
    calling, called = invite(cell)
    called.refuse(486)
    calling.wait_refused(486)


@pytest.mark.flow("call-refused", callee="home")
def test_not_acceptable(cell: Cell) -> None:
    """The called terminal can take none of the offered streams.

    Preconditions:
        - Both terminals are registered.
    Steps:
        1. The called terminal answers the INVITE with 488, which comes back to the caller and is acknowledged.

    References:
        RFC 3261 13.3.1.3, 21.4.26; RFC 3264 6
    """
    calling, called = invite(cell)
    called.refuse(488)
    calling.wait_refused(488)


@pytest.mark.flow("call-refused", callee="home")
def test_declined_while_ringing(cell: Cell) -> None:
    """The called user declines while the terminal rings.

    Preconditions:
        - Both terminals are registered.
    Steps:
        1. The call rings: 180 and PRACK.
        2. The called terminal answers the INVITE with 603.

    References:
        RFC 3261 13.3.1.3, 21.6.2
    """
    calling, called = invite(cell)
    called.ring()
    calling.wait_ringing()
    called.refuse(603)
    calling.wait_refused(603)


@pytest.mark.flow("call-refused", callee="third")
def test_not_registered(cell: Cell) -> None:
    """The called user is not registered, and has no service for that case.

    Preconditions:
        - The caller is registered, the called user is not.
    Steps:
        1. The I-CSCF of the called user's network asks the HSS, which knows the user as not registered.
        2. The network answers 480.

    References:
        3GPP TS 24.229 5.3.2, 5.4.3.3; 3GPP TS 29.228 6.1.4
    """
    caller, callee = cell.terminal(), cell.callee()
    caller.register()
    cell.settle()
    caller.call(callee.impu).wait_refused(480)


@pytest.mark.flow("call-refused", callee="third")
def test_unknown(cell: Cell) -> None:
    """Nobody has the called identity.

    Preconditions:
        - The caller is registered.
    Steps:
        1. The I-CSCF of the called network asks the HSS, which does not know the identity.
        2. The network answers 404.

    References:
        3GPP TS 24.229 5.3.2; 3GPP TS 29.228 6.1.4; 3GPP TS 29.229 6.2.2
    """
    caller, callee = cell.terminal(), cell.callee()
    caller.register()
    cell.settle()
    _, _, domain = callee.impu.rpartition("@")
    caller.call(f"sip:nobody@{domain}").wait_refused(404)
