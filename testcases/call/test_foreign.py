"""Calls with terminals that we did not write: real programs, judged as our own terminal is."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell
from conformance.runs.foreign_calls import hang_up, invite, set_up, talk

pytestmark = [pytest.mark.call, pytest.mark.terminals]

CALLER = ("caller",)
CALLEE = ("callee",)
BOTH = ("caller", "callee")


@pytest.mark.program("baresip", plays=BOTH)
@pytest.mark.flow("call-home", credentials="password", callee="home", callee_credentials="password")
def test_baresip(cell: Cell) -> None:
    """Two users without a SIM who are at home in one network call each other, with baresip as both terminals.

    Preconditions:
        - baresip is installed; both users have a password; both terminals are registered.
    Steps:
        1. The caller sends INVITE; the called terminal rings: 180.
        2. The called user answers; both hear each other.
        3. The caller hangs up, and the other end notices.

    References:
        RFC 3261 13; 3GPP TS 23.228 5.6.2, 5.5.2, 5.7.2
    """
    calling, called = set_up(cell)
    talk(calling, called)
    hang_up(calling, called)


@pytest.mark.program("baresip", plays=CALLER)
@pytest.mark.flow("call-home", credentials="password", callee="home", callee_credentials="aka")
def test_baresip_calls(cell: Cell) -> None:
    """A user at home with baresip calls a user of the same network, who is at home.

    Preconditions:
        - baresip is installed; both terminals are registered.
    Steps:
        1. baresip sends INVITE without 100rel; the called terminal rings, with a 180 that is not reliable.
        2. The called user answers; both hear each other.
        3. The caller hangs up, and the other end notices.

    References:
        RFC 3261 13; RFC 3262 3; 3GPP TS 23.228 5.6.2, 5.5.2, 5.7.2
    """
    calling, called = set_up(cell)
    talk(calling, called)
    hang_up(calling, called)


@pytest.mark.program("baresip", plays=CALLEE)
@pytest.mark.flow("call-home", callee="home", callee_credentials="password")
def test_baresip_is_called(cell: Cell) -> None:
    """A user at home calls a user of the same network, whose terminal is baresip.

    Preconditions:
        - baresip is installed; both terminals are registered.
    Steps:
        1. The caller sends INVITE with 100rel; baresip rings, with a 180 that is not reliable.
        2. The called user answers; both hear each other.
        3. The called user hangs up, and the caller is told.

    References:
        RFC 3261 13, 15; RFC 3262 3; 3GPP TS 23.228 5.6.2, 5.5.2, 5.7.2
    """
    calling, called = set_up(cell)
    talk(calling, called)
    hang_up(called, calling)
