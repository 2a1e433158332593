"""Sessions that are set up: hold, streams that come and go, the end (RFC 3261 12 to 15, RFC 3264 8)."""

from __future__ import annotations

import pytest

from conformance.terminals.call_failures import CallRefused
from conformance.terminals.session import SessionState
from conformance.vocabulary.events import EventKind
from tests.terminals.call_pair import call_pair, losing


def test_both_hear_each_other_and_either_may_hang_up() -> None:
    with call_pair() as pair:
        call, incoming = pair.set_up()
        call.wait_heard(incoming)
        incoming.wait_heard(call)
        incoming.hang_up()
        call.wait_ended()
        assert call.state is incoming.state is SessionState.ENDED
        assert pair.caller.kinds[-2:] == pair.callee.kinds[-2:] == [EventKind.HEARD, EventKind.ENDED]
        assert pair.callee.events.events[-1].detail == "hung up"


def test_a_held_call_is_silent_until_it_goes_on() -> None:
    with call_pair() as pair:
        call, incoming = pair.set_up()
        call.hold()
        assert [media.direction for media in incoming._session.local.media] == ["recvonly"]  # type: ignore[union-attr]
        call.resume()
        call.wait_heard(incoming)
        incoming.wait_heard(call)
        for end in (pair.caller, pair.callee):
            assert [kind for kind in end.kinds if kind in (EventKind.HELD, EventKind.RESUMED)] == [
                EventKind.HELD,
                EventKind.RESUMED,
            ]


def test_video_comes_and_goes() -> None:
    with call_pair() as pair:
        call, incoming = pair.set_up()
        call.add_video()
        assert incoming._session.streams == "audio and video"
        call.wait_seen(incoming)
        incoming.wait_seen(call)
        call.drop_video()
        assert not call.video.sends
        assert not incoming.video.sends
        assert incoming._session.streams == call._session.streams == "audio"
        assert [media.kind for media in incoming._session.local.media] == ["audio", "video"]  # type: ignore[union-attr]
        versions = [incoming._session.local.version, call._session.local.version]  # type: ignore[union-attr]
        assert versions == [3, 3]
        incoming.add_video()  # and from the other end, in the place of the old stream
        assert [bool(media.port) for media in call._session.local.media] == [True, True]  # type: ignore[union-attr]


def test_a_lost_ack_of_a_reinvite_is_sent_again() -> None:
    reinvite_acks = losing(lambda data: data.startswith(b"ACK") and b"CSeq: 3 ACK" in data)
    with call_pair(caller=reinvite_acks) as pair:
        call, incoming = pair.set_up()
        call.hold()
        session = incoming._session
        assert pair.callee.loop.run(lambda: session.until(lambda: 3 in session._acknowledged, 2), 5, "ACK")
        assert pair.caller.starts().count("ACK") == 2


def test_a_second_modification_at_the_same_time_is_491() -> None:
    with call_pair() as pair:
        call, incoming = pair.set_up()
        incoming._session._modifying = True
        with pytest.raises(CallRefused, match="491"):
            call.hold()
        assert call._session.local.media[0].direction == "sendrecv"  # type: ignore[union-attr]


def test_a_request_out_of_order_is_500_and_one_without_a_session_481() -> None:
    with call_pair() as pair:
        call, incoming = pair.set_up()
        dialog = call._session.dialog
        assert dialog is not None
        dialog.cseq = 0
        with pytest.raises(CallRefused, match="500"):
            call.hang_up()
        incoming.hang_up()
        with pytest.raises(CallRefused, match="not established"):
            call.hang_up()
