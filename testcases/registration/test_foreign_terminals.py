"""Registration with terminals that we did not write: real programs, judged as our own terminal is."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell

pytestmark = [pytest.mark.registration, pytest.mark.terminals]


@pytest.mark.program("sipp")
@pytest.mark.flow("registration-home", credentials="aka")
def test_sipp(cell: Cell) -> None:
    """A subscriber at home registers with IMS AKA, with sipp as the terminal.

    Preconditions:
        - sipp is installed; the federation file gives the subscriber's OP.
    Steps:
        1. sipp sends REGISTER; the network challenges it with the vector of the HSS.
        2. sipp verifies AUTN and answers the challenge; the network accepts.

    References:
        3GPP TS 24.229 5.1.1.2.1; RFC 3310; D2.2 2.8, figure 4
    """
    cell.program().register()


@pytest.mark.program("sipp")
@pytest.mark.flow("registration-visited", access="visited", credentials="aka")
def test_sipp_visited(cell: Cell) -> None:
    """A roaming subscriber registers through the visited network's access point, with sipp as the terminal.

    Preconditions:
        - sipp is installed; the federation file gives the subscriber's OP.
    Steps:
        1. sipp sends REGISTER to the visited P-CSCF, which finds the home network by DNS.
        2. sipp answers the challenge of the home network, which accepts.

    References:
        3GPP TS 24.229 5.1.1.2.1; RFC 3310; D2.2 2.7, figure 3
    """
    cell.program().register()


@pytest.mark.program("baresip")
@pytest.mark.expected(conformance="FAIL", criteria=["REG-11"])  # docs/foreign-terminals.md
@pytest.mark.flow("registration-home", credentials="password")
def test_baresip(cell: Cell) -> None:
    """A subscriber without a SIM registers at home with a password, with baresip as the terminal.

    Preconditions:
        - baresip is installed; the HSS has a password for the subscriber.
    Steps:
        1. baresip sends REGISTER; the network challenges it with MD5.
        2. baresip answers with the password; the network accepts.

    References:
        RFC 2617 3.2.2; D2.2 3.2
    """
    cell.program().register()


@pytest.mark.program("baresip")
@pytest.mark.expected(conformance="FAIL", criteria=["REG-11"])  # docs/foreign-terminals.md
@pytest.mark.flow("registration-visited", access="visited", credentials="password")
def test_baresip_visited(cell: Cell) -> None:
    """A roaming subscriber without a SIM registers at the visited network, with baresip as the terminal.

    Preconditions:
        - baresip is installed; the HSS has a password for the subscriber.
    Steps:
        1. baresip sends REGISTER to the visited P-CSCF, which finds the home network by DNS.
        2. baresip answers the challenge of the home network, which accepts.

    References:
        RFC 2617 3.2.2; D2.2 2.7, figure 3
    """
    cell.program().register()


@pytest.mark.program("linphonec")
@pytest.mark.expected(conformance="FAIL", criteria=["REG-11"])  # docs/foreign-terminals.md
@pytest.mark.flow("registration-home", credentials="password")
def test_linphone(cell: Cell) -> None:
    """A subscriber without a SIM registers at home with a password, with linphone as the terminal.

    Preconditions:
        - linphonec is installed; the HSS has a password for the subscriber.
    Steps:
        1. linphone sends REGISTER; the network challenges it with MD5.
        2. linphone answers with the password; the network accepts.

    References:
        RFC 2617 3.2.2; D2.2 3.2
    """
    cell.program().register()


@pytest.mark.program("linphonec")
@pytest.mark.expected(conformance="FAIL", criteria=["REG-11"])  # docs/foreign-terminals.md
@pytest.mark.flow("registration-visited", access="visited", credentials="password")
def test_linphone_visited(cell: Cell) -> None:
    """A roaming subscriber without a SIM registers at the visited network, with linphone as the terminal.

    Preconditions:
        - linphonec is installed; the HSS has a password for the subscriber.
    Steps:
        1. linphone sends REGISTER to the visited P-CSCF, which finds the home network by DNS.
        2. linphone answers the challenge of the home network, which accepts.

    References:
        RFC 2617 3.2.2; D2.2 2.7, figure 3
    """
    cell.program().register()
