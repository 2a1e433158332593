"""What becomes of a session that is set up: hold, video that comes and goes, callers who hide who they are."""

from __future__ import annotations

import pytest

from conformance.runs.calls import invite, set_up, talk, watch
from conformance.runs.cell import Cell

pytestmark = pytest.mark.call


@pytest.mark.flow("call-home", callee="home")
def test_video(cell: Cell) -> None:
    """A call with video and audio, as both are offered together.

    Preconditions:
        - Both terminals are registered and have H.263 and G.711.
    Steps:
        1. The caller offers H.263 beside G.711 A-law; the called terminal accepts both.
        2. The called user answers; both hear and see each other; the caller hangs up.

    References:
        RFC 3264 5, 6; RFC 3551 6; RFC 2190; D2.2 1.4.1
    """
    calling, called = set_up(cell, video=True)
    watch(calling, called)
    talk(calling, called).hang_up()


@pytest.mark.flow("call-home", callee="home")
def test_video_added_and_dropped(cell: Cell) -> None:
    """Video comes to an audio call, and goes again.

    Preconditions:
        - The call is set up with audio.
    Steps:
        1. The caller adds video with a re-INVITE; both see each other.
        2. The caller drops it with another one; neither sends pictures any more, and the audio goes on.

    References:
        RFC 3261 14; RFC 3264 8; D2.2 1.4.1
    """
    calling, called = set_up(cell)
    calling.add_video()
    watch(calling, called)
    calling.drop_video()
    sending = [end for end, call in (("caller", calling), ("callee", called)) if call.video.sends]
    assert not sending, f"no pictures once video was dropped; {' and '.join(sending)} still sends"
    talk(calling, called).hang_up()


@pytest.mark.flow("call-home", callee="home")
def test_hold(cell: Cell) -> None:
    """A call is held and goes on.

    Preconditions:
        - The call is set up with audio.
    Steps:
        1. The caller holds the call with a re-INVITE: sendonly; the other end answers recvonly.
        2. The caller resumes it: sendrecv; both hear each other again.

    References:
        RFC 3264 8.4; RFC 3261 14
    """
    calling, called = set_up(cell)
    calling.hold()
    calling.resume()
    talk(calling, called).hang_up()


@pytest.mark.flow("call-interconnect", callee="third")
def test_privacy(cell: Cell) -> None:
    """A caller who asks for privacy is not named to the called terminal.

    Preconditions:
        - Both terminals are registered, each in its own network.
    Steps:
        1. The caller sends INVITE with Privacy: id and an anonymous From.
        2. The networks know who calls; the P-CSCF of the called terminal takes P-Asserted-Identity out.
        3. The called user answers; the caller hangs up.

    References:
        RFC 3325 7; RFC 3323 4.2; 3GPP TS 24.229 4.4.2
    """
    calling, called = invite(cell, anonymous=True)
    assert called.caller == "anonymous", f"no name of the caller; the terminal was told {called.caller}"
    called.ring()
    called.answer()
    calling.wait_answered()
    talk(calling, called).hang_up()
