"""Calls with terminals that we did not write: real programs, judged as our own terminal is."""

from __future__ import annotations

import pytest

from conformance.runs.cell import Cell
from conformance.runs.foreign_calls import hang_up, invite, set_up, talk

pytestmark = [pytest.mark.call, pytest.mark.terminals]

CALLER = ("caller",)
CALLEE = ("callee",)
BOTH = ("caller", "callee")

# Expected of baresip as a caller: docs/foreign-terminals.md.
no_service_route = pytest.mark.expected(conformance="FAIL", criteria=["CALL-01"])


@pytest.mark.program("baresip", plays=BOTH)
@no_service_route
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
@no_service_route
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


@pytest.mark.program("baresip", plays=CALLEE)
@pytest.mark.flow("call-interconnect", callee="third", callee_credentials="password")
def test_baresip_is_called_from_another_network(cell: Cell) -> None:
    """A user at home calls a user of another network, whose terminal is baresip.

    Preconditions:
        - baresip is installed; both terminals are registered, each in its own network.
    Steps:
        1. The S-CSCF of the caller sends INVITE to the other network, whose P-CSCF brings it to baresip.
        2. The called user answers; both hear each other, with media between the networks.
        3. The caller hangs up, and the other end notices.

    References:
        RFC 3261 13; 3GPP TS 23.228 5.6.2, 5.5.1, 5.7.2
    """
    calling, called = set_up(cell)
    talk(calling, called)
    hang_up(calling, called)


@pytest.mark.program("baresip", plays=BOTH)
@no_service_route
@pytest.mark.flow(
    "call-roaming-home", access="visited", credentials="password", callee="home", callee_credentials="password"
)
def test_baresip_roaming(cell: Cell) -> None:
    """A user who is away calls a user of the own network, who is at home, with baresip as both terminals.

    Preconditions:
        - baresip is installed; the caller is registered through the visited P-CSCF.
    Steps:
        1. INVITE goes from the visited P-CSCF to the S-CSCF at home, and on to the callee.
        2. The called user answers; both hear each other, with media between the networks.
        3. The caller hangs up, and the other end notices.

    References:
        RFC 3261 13; 3GPP TS 23.228 5.6.1, 5.5.2, 5.7.2; D2.2 2.7
    """
    calling, called = set_up(cell)
    talk(calling, called)
    hang_up(calling, called)


@pytest.mark.program("baresip", plays=CALLER)
@no_service_route
@pytest.mark.flow(
    "call-roaming-same", access="visited", credentials="password", callee="visited", callee_credentials="aka"
)
def test_baresip_calls_in_the_visited_network(cell: Cell) -> None:
    """A user who is away with baresip calls a user of the network that is visited, who is at home there.

    Preconditions:
        - baresip is installed; both terminals are in one access network, and use one P-CSCF.
    Steps:
        1. INVITE goes from the visited P-CSCF to the caller's home network, and back to the visited one.
        2. The called user answers; media go between the terminals directly.
        3. The called user hangs up, and the caller notices.

    References:
        RFC 3261 13, 15; 3GPP TS 23.228 5.6.1, 5.5.1, 5.7.2; D2.2 2.7
    """
    calling, called = set_up(cell)
    talk(calling, called)
    hang_up(called, calling)


@pytest.mark.program("baresip", plays=CALLER)
@no_service_route
@pytest.mark.flow(
    "call-roaming-third", access="visited", credentials="password", callee="third", callee_credentials="aka"
)
def test_baresip_calls_a_third_network(cell: Cell) -> None:
    """A user who is away with baresip calls a user of a third network.

    Preconditions:
        - baresip is installed; it is registered through the visited P-CSCF; the called terminal is at home.
    Steps:
        1. INVITE goes from the visited P-CSCF to the caller's S-CSCF, and from there to the third network.
        2. The called user answers; both hear each other.
        3. The caller hangs up, and the other end notices.

    References:
        RFC 3261 13; 3GPP TS 23.228 5.6.1, 5.5.1, 5.7.2; D2.2 2.7
    """
    calling, called = set_up(cell)
    talk(calling, called)
    hang_up(calling, called)


@pytest.mark.program("baresip", plays=CALLEE)
@pytest.mark.flow("call-to-visitor", callee="away", callee_credentials="password")
def test_baresip_is_called_while_away(cell: Cell) -> None:
    """A user at home calls a user of the same network who is away, and whose terminal is baresip.

    Preconditions:
        - baresip is installed and registered through the P-CSCF of the network that it visits.
    Steps:
        1. The S-CSCF sends INVITE along the Path to the visited P-CSCF, and this to baresip.
        2. The called user answers; both hear each other, with media between the networks.
        3. The called user hangs up, and the caller is told.

    References:
        RFC 3261 13, 15; RFC 3327; 3GPP TS 23.228 5.7.1; D2.2 2.7
    """
    calling, called = set_up(cell)
    talk(calling, called)
    hang_up(called, calling)


@pytest.mark.program("baresip", plays=BOTH)
@no_service_route
@pytest.mark.flow(
    "call-both-away", access="visited", credentials="password", callee="away", callee_credentials="password"
)
def test_baresip_both_away(cell: Cell) -> None:
    """Two users who are away, in different networks, call each other, with baresip as both terminals.

    Preconditions:
        - baresip is installed; each terminal is registered through the P-CSCF of the network that it visits.
    Steps:
        1. INVITE goes from the caller's visited network home, and from there to the callee's visited network.
        2. The called user answers; both hear each other, with media between the visited networks.
        3. The caller hangs up, and the other end notices.

    References:
        RFC 3261 13; 3GPP TS 23.228 5.6.1, 5.5.2, 5.7.1; D2.2 2.7
    """
    calling, called = set_up(cell)
    talk(calling, called)
    hang_up(calling, called)


@pytest.mark.program("baresip", plays=BOTH)
@no_service_route
@pytest.mark.flow("call-cancelled", credentials="password", callee="home", callee_credentials="password")
def test_baresip_gives_up(cell: Cell) -> None:
    """A user with baresip gives a call up before it is answered.

    Preconditions:
        - baresip is installed; both terminals are registered.
    Steps:
        1. The called terminal rings; the caller hangs up: CANCEL.
        2. The INVITE is answered 487, and the called terminal stops ringing.

    References:
        RFC 3261 9
    """
    calling, called = invite(cell)
    called.ring()
    calling.wait_ringing()
    calling.cancel()
    called.wait_ended()


@pytest.mark.program("baresip", plays=CALLEE)
@pytest.mark.flow("call-refused", callee="home", callee_credentials="password")
def test_baresip_refuses(cell: Cell) -> None:
    """A user whose terminal is baresip refuses a call.

    Preconditions:
        - baresip is installed; both terminals are registered.
    Steps:
        1. The called terminal rings; its user refuses: 486.
        2. The caller is told so.

    References:
        RFC 3261 13.3.1.3, 21.4.24
    """
    calling, called = invite(cell)
    called.ring()
    calling.wait_ringing()
    called.refuse(486)
    calling.wait_refused(486)


@pytest.mark.program("linphonec", plays=BOTH)
@pytest.mark.flow("call-home", credentials="password", callee="home", callee_credentials="password")
def test_linphone(cell: Cell) -> None:
    """Two users without a SIM who are at home in one network call each other, with linphone as both terminals.

    Preconditions:
        - linphonec is installed; both users have a password; both terminals are registered.
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


@pytest.mark.program("linphonec", plays=CALLER)
@pytest.mark.flow(
    "call-roaming-third", access="visited", credentials="password", callee="third", callee_credentials="aka"
)
def test_linphone_calls_a_third_network(cell: Cell) -> None:
    """A user who is away with linphone calls a user of a third network.

    Preconditions:
        - linphonec is installed; it is registered through the visited P-CSCF; the called terminal is at home.
    Steps:
        1. INVITE goes from the visited P-CSCF to the caller's S-CSCF, and from there to the third network.
        2. The called user answers; both hear each other.
        3. The caller hangs up, and the other end notices.

    References:
        RFC 3261 13; 3GPP TS 23.228 5.6.1, 5.5.1, 5.7.2; D2.2 2.7
    """
    calling, called = set_up(cell)
    talk(calling, called)
    hang_up(calling, called)


@pytest.mark.program("linphonec", plays=CALLEE)
@pytest.mark.flow("call-to-visitor", callee="away", callee_credentials="password")
def test_linphone_is_called_while_away(cell: Cell) -> None:
    """A user at home calls a user of the same network who is away, and whose terminal is linphone.

    Preconditions:
        - linphonec is installed and registered through the P-CSCF of the network that it visits.
    Steps:
        1. The S-CSCF sends INVITE along the Path to the visited P-CSCF, and this to linphone.
        2. The called user answers; both hear each other, with media between the networks.
        3. The called user hangs up, and the caller is told.

    References:
        RFC 3261 13, 15; RFC 3327; 3GPP TS 23.228 5.7.1; D2.2 2.7
    """
    calling, called = set_up(cell)
    talk(calling, called)
    hang_up(called, calling)


@pytest.mark.program("sipp", plays=CALLER)
@pytest.mark.flow("call-home", credentials="aka", callee="home", callee_credentials="aka")
def test_sipp_calls(cell: Cell) -> None:
    """A user at home with sipp calls a user of the same network, who is at home.

    Preconditions:
        - sipp is installed; the federation file gives the caller's OP; both terminals are registered.
    Steps:
        1. sipp sends INVITE along the Service-Route of its registration; the called terminal rings.
        2. The called user answers and hears sipp, which has no ears itself.
        3. The caller hangs up, and the other end notices.

    References:
        RFC 3261 13; RFC 3608; 3GPP TS 23.228 5.6.2, 5.5.2, 5.7.2
    """
    calling, called = set_up(cell)
    called.wait_heard(calling)
    hang_up(calling, called)


@pytest.mark.program("sipp", plays=CALLER)
@pytest.mark.flow("call-roaming-home", access="visited", credentials="aka", callee="home", callee_credentials="aka")
def test_sipp_calls_while_away(cell: Cell) -> None:
    """A user who is away with sipp calls a user of the own network, who is at home.

    Preconditions:
        - sipp is installed; the federation file gives the caller's OP; the caller is registered as a visitor.
    Steps:
        1. INVITE goes from the visited P-CSCF to the S-CSCF at home, and on to the callee.
        2. The called user answers and hears sipp, which has no ears itself.
        3. The called user hangs up, and the caller notices.

    References:
        RFC 3261 13, 15; RFC 3608; 3GPP TS 23.228 5.6.1, 5.5.2, 5.7.2; D2.2 2.7
    """
    calling, called = set_up(cell)
    called.wait_heard(calling)
    hang_up(called, calling)


@pytest.mark.program("sipp", plays=CALLEE)
@pytest.mark.flow("call-home", callee="home", callee_credentials="aka")
def test_sipp_is_called(cell: Cell) -> None:
    """A user at home calls a user of the same network, whose terminal is sipp.

    Preconditions:
        - sipp is installed; the federation file gives the called user's OP; both terminals are registered.
    Steps:
        1. The caller sends INVITE with 100rel; sipp rings, with a 180 that is not reliable.
        2. sipp answers by itself; the caller hears it. It has no ears itself.
        3. The caller hangs up, and sipp notices.

    References:
        RFC 3261 13; RFC 3262 3; 3GPP TS 23.228 5.6.2, 5.5.2, 5.7.2
    """
    calling, called = set_up(cell)
    calling.wait_heard(called)
    hang_up(calling, called)


@pytest.mark.program("sipp", plays=CALLEE)
@pytest.mark.flow("call-to-visitor", callee="away", callee_credentials="aka")
def test_sipp_is_called_while_away(cell: Cell) -> None:
    """A user at home calls a user of the same network who is away, and whose terminal is sipp.

    Preconditions:
        - sipp is installed; the federation file gives the called user's OP; it is registered as a visitor.
    Steps:
        1. The S-CSCF sends INVITE along the Path to the visited P-CSCF, and this to sipp.
        2. sipp answers by itself; the caller hears it. It has no ears itself.
        3. sipp hangs up, and the caller is told.

    References:
        RFC 3261 13, 15; RFC 3327; 3GPP TS 23.228 5.7.1; D2.2 2.7
    """
    calling, called = set_up(cell)
    calling.wait_heard(called)
    hang_up(called, calling)
