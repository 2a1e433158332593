"""Calls that pass application servers: filter criteria of the caller's profile, of the callee's, or of both."""

from __future__ import annotations

import pytest

from conformance.runs.calls import set_up, talk
from conformance.runs.cell import Cell

pytestmark = pytest.mark.call


@pytest.mark.flow("call-home", callee="home", services=["caller"])
def test_of_the_caller(cell: Cell) -> None:
    """The caller's S-CSCF sends the INVITE to an application server before it leaves for the callee.

    Preconditions:
        - The profile that the HSS gave the S-CSCF has filter criteria that match INVITEs of the caller.
    Steps:
        1. The S-CSCF sends INVITE to the application server: Route names the server, then the S-CSCF itself.
        2. The server stays on the way and sends the INVITE back; the S-CSCF sends it on to the callee.
        3. PRACK, ACK and BYE pass the server as well; both hear each other; the caller hangs up.

    References:
        3GPP TS 24.229 5.4.3.2; 3GPP TS 29.228 annexes B and F; 3GPP TS 23.218
    """
    talk(*set_up(cell)).hang_up()


@pytest.mark.flow("call-interconnect", callee="third", services=["callee"])
def test_of_the_callee(cell: Cell) -> None:
    """The callee's S-CSCF sends the INVITE to an application server before it reaches the terminal.

    Preconditions:
        - The profile that the HSS gave the S-CSCF has filter criteria that match INVITEs to the callee.
    Steps:
        1. The S-CSCF sends INVITE to the application server, with the dialled identity as Request-URI.
        2. The server sends it back; the S-CSCF sends it to the contact of the terminal.
        3. Both hear each other; the caller hangs up.

    References:
        3GPP TS 24.229 5.4.3.3; 3GPP TS 29.228 annexes B and F; 3GPP TS 23.218
    """
    talk(*set_up(cell)).hang_up()


@pytest.mark.flow("call-interconnect", callee="third", services=["caller", "callee"])
def test_of_both(cell: Cell) -> None:
    """A call between two networks passes an application server in each.

    Preconditions:
        - Filter criteria of both users match.
    Steps:
        1. INVITE passes the server of the caller's network, and then the one of the callee's network.
        2. Both hear each other; the callee hangs up: BYE passes both servers the other way round.

    References:
        3GPP TS 24.229 5.4.3.2, 5.4.3.3
    """
    calling, called = set_up(cell)
    talk(calling, called)
    called.hang_up()
    calling.wait_ended()


@pytest.mark.flow("call-roaming-same", access="visited", callee="visited", services=["caller", "callee"])
def test_of_both_roaming(cell: Cell) -> None:
    """A user who is away has the services of home: the call passes the server there, not one of the visited network.

    Preconditions:
        - Filter criteria of both users match; the caller is in the callee's network.
    Steps:
        1. INVITE goes home to the caller's S-CSCF and passes the application server of that network.
        2. It comes back to the callee's network and passes the application server there.
        3. Both hear each other; the caller hangs up.

    References:
        3GPP TS 24.229 5.4.3.2, 5.4.3.3; 3GPP TS 23.228 5.6.1; D2.2 2.7
    """
    talk(*set_up(cell)).hang_up()


@pytest.mark.flow("call-home", callee="home", services=["caller"], silent="continued")
def test_server_down_and_passed_by(cell: Cell) -> None:
    """A call goes on without an application server that does not answer, where the profile says so.

    Preconditions:
        - DefaultHandling of the filter criteria is SESSION_CONTINUED.
    Steps:
        1. Both terminals register; then the application server is killed.
        2. The S-CSCF sends INVITE to the server, hears nothing, and sends it on to the callee.
        3. Both hear each other; the caller hangs up. The server is started again.

    References:
        3GPP TS 24.229 5.4.3.2; 3GPP TS 29.228 annex B
    """
    caller, callee = cell.terminal(), cell.callee()
    callee.register()
    caller.register()
    cell.settle()
    with cell.mishaps.node_killed(f"{cell.home.name}/as"):
        calling = caller.call(callee.impu)
        called = callee.await_call()
        called.ring()
        calling.wait_ringing()
        called.answer()
        calling.wait_answered()
        talk(calling, called).hang_up()


@pytest.mark.flow("call-refused", callee="home", services=["caller"], silent="terminated")
def test_server_down_and_needed(cell: Cell) -> None:
    """A call is refused without an application server that does not answer, where the profile says so.

    Preconditions:
        - DefaultHandling of the filter criteria is SESSION_TERMINATED.
    Steps:
        1. Both terminals register; then the application server is killed.
        2. The S-CSCF sends INVITE to the server, hears nothing, and answers the caller 408.
        3. The server is started again.

    References:
        3GPP TS 24.229 5.4.3.2; 3GPP TS 29.228 annex B
    """
    caller, callee = cell.terminal(), cell.callee()
    callee.register()
    caller.register()
    cell.settle()
    with cell.mishaps.node_killed(f"{cell.home.name}/as"):
        caller.call(callee.impu).wait_refused(408)
