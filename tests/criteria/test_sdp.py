"""The reader of session descriptions: what it reads, and that nothing makes it raise."""

from __future__ import annotations

import pytest

from conformance.criteria.sdp import read_sdp
from conformance.trace.model import Sighting, SipMessage
from conformance.trace.sip import read_sip
from conformance.vocabulary.identifiers import Endpoint

END = Endpoint("192.0.2.1", 5060, "udp")


def message(body: str, content: str = "application/sdp") -> SipMessage:
    raw = f"SIP/2.0 200 OK\r\nContent-Type: {content}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    return SipMessage((Sighting(0, 1, 0, None, END, END),), raw, sip=read_sip(raw))


def test_streams_with_their_attributes_are_read() -> None:
    streams = read_sdp(
        message(
            "v=0\r\nm=audio 4000/2 RTP/AVP 8 96\r\na=rtpmap:96 AMR/8000/1\r\na=sendrecv\r\nm=video 0 RTP/AVP 34\r\n"
        )
    )
    assert streams is not None
    audio, video = streams
    assert (audio.kind, audio.port, audio.formats) == ("audio", 4000, ("8", "96"))
    assert audio.encodings == {"pcma/8000", "amr/8000"}
    assert audio.values("sendrecv") == ("",)
    assert (video.port, video.encodings) == (0, {"h263/90000"})


def test_address_bandwidth_and_direction_of_a_stream_go_before_those_of_the_session() -> None:
    streams = read_sdp(
        message(
            "v=0\r\nc=IN IP4 192.0.2.1\r\na=sendonly\r\nb=AS:500\r\nm=audio 4000 RTP/AVP 8\r\nb=AS:80\r\n"
            "m=video 4002 RTP/AVP 34\r\nc=IN IP4 224.2.1.1/127\r\na=inactive\r\nb=AS:none\r\n"
        )
    )
    assert streams is not None
    audio, video = streams
    assert (audio.address, audio.bandwidth_kbps, audio.direction) == ("192.0.2.1", 80, "sendonly")
    assert (video.address, video.bandwidth_kbps, video.direction) == ("224.2.1.1", None, "inactive")


@pytest.mark.parametrize(
    "body", ["", "v=0\r\nm=\r\n", "v=0\r\nm=audio x RTP/AVP 8\r\n", "m=audio 1 RTP/AVP 8\r\n", "\0"]
)
def test_what_is_no_session_description_is_none(body: str) -> None:
    assert read_sdp(message(body)) is None


def test_another_content_is_none() -> None:
    assert read_sdp(message("v=0\r\nm=audio 4000 RTP/AVP 8\r\n", "text/plain")) is None
    assert read_sdp(None) is None
