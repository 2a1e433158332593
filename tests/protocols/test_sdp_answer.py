"""Offer and answer (RFC 3264 6) with preconditions (RFC 3312)."""

from dataclasses import replace

import pytest

from conformance.protocols.sdp import H263, PCMA, PCMU, Codec, Media, Preconditions, SessionDescription
from conformance.protocols.sdp_answer import NothingInCommon, answer, offered

OWN = SessionDescription("127.1.2.129", (), session_id=9)
PORTS = {"audio": 5000, "video": 5002}


def offer(*media: Media) -> SessionDescription:
    return SessionDescription("127.1.1.129", media)


def test_streams_keep_their_order_and_what_cannot_be_taken_is_refused() -> None:
    text = Media("message", 9, (), protocol="TCP/MSRP", formats=("*",))
    got = answer(offer(offered("video", 1), text, offered("audio", 2)), PORTS, OWN)
    assert [(media.kind, media.port) for media in got.media] == [("video", 5002), ("message", 0), ("audio", 5000)]
    assert b"m=message 0 TCP/MSRP *\r\n" in got.encode()


def test_the_first_codec_of_the_offer_that_both_have_is_taken() -> None:
    amr, alaw = Codec(97, "AMR", 8000), Codec(98, "pcma", 8000)
    got = answer(offer(Media("audio", 2, (amr, alaw, PCMU))), PORTS, OWN)
    assert got.media[0].codecs == (replace(PCMA, payload_type=98),)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("sendrecv", "sendrecv"), ("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive", "inactive")],
)
def test_the_direction_is_turned_round(theirs: str, ours: str) -> None:
    got = answer(offer(replace(offered("audio", 2), direction=theirs)), PORTS, OWN)
    assert got.media[0].direction == ours


def test_a_stream_without_a_port_of_ours_is_refused() -> None:
    got = answer(offer(offered("audio", 2), offered("video", 4)), {"audio": 5000}, OWN)
    assert [media.port for media in got.media] == [5000, 0]


def test_nothing_in_common() -> None:
    with pytest.raises(NothingInCommon):
        answer(offer(Media("audio", 2, (Codec(97, "AMR", 8000),)), Media("video", 0, (H263,))), PORTS, OWN)


def test_preconditions_are_turned_round_and_confirmation_is_asked_for() -> None:
    first = answer(offer(offered("audio", 2, preconditions=Preconditions())), PORTS, OWN, ready=False)
    assert first.media[0].preconditions == Preconditions("none", "none", "mandatory", "mandatory", confirm=True)
    reserved = Preconditions(local="sendrecv", desired_remote="mandatory")
    second = answer(offer(offered("audio", 2, preconditions=reserved)), PORTS, OWN)
    conditions = second.media[0].preconditions
    assert conditions == Preconditions("sendrecv", "sendrecv", "mandatory", "mandatory")
    assert conditions is not None
    assert conditions.met
