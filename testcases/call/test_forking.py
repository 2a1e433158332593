"""Calls to a user who has two devices: both ring, and one call comes of it at most."""

from __future__ import annotations

import pytest

from conformance.runs.calls import fork, talk
from conformance.runs.cell import Cell

pytestmark = pytest.mark.call


@pytest.mark.flow("call-home", callee="devices")
def test_first_answers(cell: Cell) -> None:
    """Both devices of the called user ring; one answers, and the other one stops ringing.

    Preconditions:
        - Caller and both devices of the called user are registered in one network, each device by a private identity
          of its own.
    Steps:
        1. The S-CSCF of the called user sends INVITE to both registered contacts at once.
        2. Both ring: two reliable 180 of two early dialogs reach the caller, which acknowledges each with PRACK.
        3. The first device answers: 200 and ACK.
        4. The S-CSCF sends CANCEL to the second device, which answers the INVITE with 487.
        5. Caller and first device hear each other; the caller hangs up.

    References:
        RFC 3261 16.6, 16.7, 13.2.2.4, 9.1; RFC 3262 4; 3GPP TS 24.229 5.4.3.3
    """
    calling, first, second = fork(cell)
    first.ring()
    second.ring()
    calling.wait_ringing(devices=2)
    first.answer()
    calling.wait_answered()
    second.wait_ended()
    talk(calling, first).hang_up()


@pytest.mark.flow("call-home", callee="devices")
def test_last_answers(cell: Cell) -> None:
    """The device that rang last answers: the dialog of the call is not the first early dialog.

    Preconditions:
        - As for the call that the first device answers.
    Steps:
        1. Both devices ring, the first one before the second one.
        2. The second device answers: 200 and ACK.
        3. The first device is told with CANCEL and answers the INVITE with 487.
        4. Caller and second device hear each other; the called user hangs up.

    References:
        RFC 3261 13.2.2.4, 16.7; 3GPP TS 24.229 5.4.3.3
    """
    calling, first, second = fork(cell)
    first.ring()
    calling.wait_ringing()
    second.ring()
    calling.wait_ringing(devices=2)
    second.answer()
    calling.wait_answered()
    first.wait_ended()
    talk(calling, second)
    second.hang_up()
    calling.wait_ended()


@pytest.mark.flow("call-home", callee="devices")
def test_one_busy(cell: Cell) -> None:
    """One device is busy, and the other one answers: the caller does not learn of the refusal.

    Preconditions:
        - As for the call that the first device answers.
    Steps:
        1. The first device answers the INVITE with 486, which the S-CSCF acknowledges and keeps.
        2. The second device rings and answers: 200 and ACK.
        3. Caller and second device hear each other; the caller hangs up.

    References:
        RFC 3261 16.7 item 5, 21.4.24
    """
    calling, first, second = fork(cell)
    first.refuse(486)
    second.ring()
    calling.wait_ringing()
    second.answer()
    calling.wait_answered()
    talk(calling, second).hang_up()


@pytest.mark.flow("call-refused", callee="devices")
def test_both_busy(cell: Cell) -> None:
    """Both devices refuse: the caller gets one of the refusals.

    Preconditions:
        - As for the call that the first device answers.
    Steps:
        1. Both devices answer the INVITE with 486.
        2. The S-CSCF sends one 486 to the caller.

    References:
        RFC 3261 16.7 item 6, 21.4.24
    """
    calling, first, second = fork(cell)
    first.refuse(486)
    second.refuse(486)
    calling.wait_refused(486)


@pytest.mark.flow("call-refused", callee="devices")
def test_declined_everywhere(cell: Cell) -> None:
    """The user declines at one device for all of them (603), while the other one rings.

    Preconditions:
        - As for the call that the first device answers.
    Steps:
        1. Both devices ring.
        2. The first device answers the INVITE with 603.
        3. The S-CSCF sends CANCEL to the second device, which answers with 487.
        4. The caller gets the 603.

    References:
        RFC 3261 16.7 item 5 and 6, 21.6.2
    """
    calling, first, second = fork(cell)
    first.ring()
    second.ring()
    calling.wait_ringing(devices=2)
    first.refuse(603)
    second.wait_ended()
    calling.wait_refused(603)


@pytest.mark.flow("call-cancelled", callee="devices")
def test_nobody_answers(cell: Cell) -> None:
    """Nobody answers at either device, and the caller gives up.

    Preconditions:
        - As for the call that the first device answers.
    Steps:
        1. Both devices ring.
        2. The caller sends CANCEL; the S-CSCF sends it to both devices.
        3. Each device answers the INVITE with 487; the caller gets one.

    References:
        RFC 3261 9.1, 16.7, 16.10
    """
    calling, first, second = fork(cell)
    first.ring()
    second.ring()
    calling.wait_ringing(devices=2)
    calling.cancel()
    calling.wait_refused(487)
    first.wait_ended()
    second.wait_ended()


@pytest.mark.flow("call-home", callee="devices-apart")
def test_answered_at_home(cell: Cell) -> None:
    """One device is at home and the other one in a visited network; the one at home answers.

    Preconditions:
        - The first device is registered in the home network, the second one through the P-CSCF of a visited network.
    Steps:
        1. The S-CSCF sends INVITE to both, each along its Path.
        2. Both ring; the device at home answers.
        3. CANCEL follows the INVITE to the visited network; the device there answers with 487.
        4. Caller and first device hear each other; the caller hangs up.

    References:
        RFC 3261 16.6, 16.7; RFC 3327; 3GPP TS 24.229 5.4.3.3; D2.2 2.7
    """
    calling, first, second = fork(cell)
    first.ring()
    second.ring()
    calling.wait_ringing(devices=2)
    first.answer()
    calling.wait_answered()
    second.wait_ended()
    talk(calling, first).hang_up()


@pytest.mark.flow("call-to-visitor", callee="devices-apart")
def test_answered_away(cell: Cell) -> None:
    """One device is at home and the other one in a visited network; the one that is away answers.

    Preconditions:
        - As for the call that is answered at home.
    Steps:
        1. The S-CSCF sends INVITE to both, each along its Path.
        2. Both ring; the device in the visited network answers.
        3. The device at home is told with CANCEL and answers with 487.
        4. Caller and second device hear each other; the caller hangs up.

    References:
        RFC 3261 16.6, 16.7; RFC 3327; 3GPP TS 24.229 5.4.3.3; D2.2 2.7
    """
    calling, first, second = fork(cell)
    first.ring()
    second.ring()
    calling.wait_ringing(devices=2)
    second.answer()
    calling.wait_answered()
    first.wait_ended()
    talk(calling, second).hang_up()
