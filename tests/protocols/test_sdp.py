"""Session descriptions (RFC 8866, RFC 3312), and what is not one."""

from dataclasses import replace

import pytest

from conformance.protocols.sdp import H263, PCMA, PCMU, Codec, Media, Preconditions, SessionDescription, parse_sdp

OFFER = b"""v=0\r
o=- 7 1 IN IP4 127.1.1.129\r
s=-\r
c=IN IP4 127.1.1.129\r
t=0 0\r
m=audio 49170 RTP/AVP 8 0\r
b=AS:80\r
a=rtpmap:8 PCMA/8000\r
a=rtpmap:0 PCMU/8000\r
a=sendrecv\r
a=curr:qos local none\r
a=curr:qos remote none\r
a=des:qos mandatory local sendrecv\r
a=des:qos none remote sendrecv\r
m=video 49172 RTP/AVP 34\r
b=AS:64\r
a=rtpmap:34 H263/90000\r
a=fmtp:34 QCIF=2\r
a=sendonly\r
"""
SESSION = SessionDescription(
    "127.1.1.129",
    (
        Media("audio", 49170, (PCMA, PCMU), "sendrecv", 80, Preconditions()),
        Media("video", 49172, (H263,), "sendonly", 64),
    ),
    session_id=7,
)


def as_read(session: SessionDescription) -> SessionDescription:
    """With the formats of the m= lines, which reading keeps."""
    media = (replace(m, formats=tuple(str(c.payload_type) for c in m.codecs)) for m in session.media)
    return replace(session, media=tuple(media))


def test_written_and_read() -> None:
    assert SESSION.encode() == OFFER
    assert parse_sdp(OFFER) == as_read(SESSION)


def test_static_payload_types_need_no_rtpmap() -> None:
    body = b"v=0\no=- 1 1 IN IP4 1.2.3.4\ns=-\nc=IN IP4 1.2.3.4\nt=0 0\nm=audio 4000 RTP/AVP 0 96 8\n"
    assert parse_sdp(body).media[0].codecs == (PCMU, PCMA)


def test_a_dynamic_payload_type_is_what_its_rtpmap_says() -> None:
    body = (
        b"o=- 1 1 IN IP4 1.2.3.4\nc=IN IP4 1.2.3.4\nm=audio 4 RTP/AVP 97\na=rtpmap:97 AMR/8000/1\na=fmtp:97 x=1; y=2\n"
    )
    assert parse_sdp(body).media[0].codecs == (Codec(97, "AMR", 8000, "x=1; y=2"),)


def test_a_direction_of_the_session_holds_for_its_streams() -> None:
    body = (
        b"o=- 1 1 IN IP4 1.2.3.4\nc=IN IP4 1.2.3.4\na=inactive\nm=audio 4 RTP/AVP 0\nm=audio 6 RTP/AVP 0\na=sendrecv\n"
    )
    assert [media.direction for media in parse_sdp(body).media] == ["inactive", "sendrecv"]


def test_an_address_of_a_stream_goes_before_that_of_the_session() -> None:
    session = parse_sdp(b"o=- 1 1 IN IP4 1.2.3.4\nc=IN IP4 1.2.3.4\nm=audio 4 RTP/AVP 0\nc=IN IP4 5.6.7.8\n")
    assert session.address_of(session.media[0]) == "5.6.7.8"


def test_a_refused_stream_has_no_attributes() -> None:
    refused = replace(SESSION, media=(Media("video", 0, (), formats=("34",)),))
    assert refused.encode().endswith(b"m=video 0 RTP/AVP 34\r\n")
    assert parse_sdp(refused.encode()).of("video") is None


def test_addresses_of_ipv6() -> None:
    session = SessionDescription("fd00::1", (replace(SESSION.media[0], address="fd00::2"),))
    assert b"c=IN IP6 fd00::1\r\n" in session.encode()
    assert parse_sdp(session.encode()) == as_read(session)


@pytest.mark.parametrize(
    ("conditions", "met"),
    [
        (Preconditions(), False),
        (Preconditions(local="sendrecv"), True),
        (Preconditions(local="sendrecv", desired_remote="mandatory"), False),
        (Preconditions(local="sendrecv", remote="sendrecv", desired_remote="mandatory", confirm=True), True),
    ],
)
def test_preconditions_are_met_when_what_is_mandatory_is_there(conditions: Preconditions, met: bool) -> None:
    assert conditions.met is met
    written = replace(SESSION, media=(replace(SESSION.media[0], preconditions=conditions),))
    assert parse_sdp(written.encode()).media[0].preconditions == conditions


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"v=0\nc=IN IP4 1.2.3.4\nm=audio 4 RTP/AVP 0\n",
        b"o=- 1 1 IN IP4 1.2.3.4\nm=audio 4 RTP/AVP 0\n",
        b"o=- 1 1 IN IP4 1.2.3.4\nc=IN IP4 example.com\n",
        b"o=- 1 1 IN IP4 1.2.3.4\nc=IN IP4 ::1\n",
        b"o=- 1 x IN IP4 1.2.3.4\n",
        b"o=- 1 1 IN IP4 1.2.3.4\nc=IN IP4 1.2.3.4\nm=audio 99999 RTP/AVP 0\n",
        b"o=- 1 1 IN IP4 1.2.3.4\nc=IN IP4 1.2.3.4\nm=audio\n",
        b"o=- 1 1 IN IP4 1.2.3.4\nc=IN IP4 1.2.3.4\n" + b"m=audio 4 RTP/AVP 0\n" * 17,
        b"o=- 1 1 IN IP4 1.2.3.4\n" + b"a=x\n" * 9000,
        b"o=- " + b"9" * 5000 + b" 1 IN IP4 1.2.3.4\n",
    ],
)
def test_what_is_no_description_is_one_line(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^SDP: expected .{1,200}$"):
        parse_sdp(body)
