import pytest

from conformance.redaction.payloads import Redactor

MESSAGE = b"MESSAGE sip:alice@uc3m.test SIP/2.0\r\nContent-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize("payload", [b"\r\n\r\n", b"\0"])
def test_what_keeps_a_binding_open_stays(redactor: Redactor, payload: bytes) -> None:
    assert redactor.datagram(payload, (5060, 5060)) == payload


@pytest.mark.parametrize("payload", [b"\x80\x00alice in RTP", b"alice: hello", b"GET /alice HTTP/1.1\r\n\r\n"])
def test_a_datagram_that_is_not_understood_is_overwritten(redactor: Redactor, payload: bytes) -> None:
    assert redactor.datagram(payload, (4000, 4002)) == bytes(len(payload))


def test_of_rtp_the_header_stays_and_nothing_of_what_was_said(redactor: Redactor) -> None:
    head = bytes.fromhex("80081234000000a01b0b0001")
    assert redactor.datagram(head + b"alice", (4000, 4002)) == head + bytes(5)
    rtcp = bytes.fromhex("81ca1234000000a01b0b0001")
    assert redactor.datagram(rtcp + b"alice@host", (4001, 4003)) == bytes(22)


def test_a_stream_goes_on_behind_what_was_not_understood(redactor: Redactor) -> None:
    noise = b"alice was here"
    stream = noise + MESSAGE + MESSAGE[:30]
    replaced, found = redactor.stream(stream, [0, len(noise), len(noise) + len(MESSAGE)], (5060, 5060))
    end = len(noise) + len(MESSAGE)
    assert found == [(len(noise), end)]
    assert replaced[: len(noise)] == bytes(len(noise))
    assert replaced[len(noise) : end] == redactor.sip.message(MESSAGE)
    assert replaced[end:] == bytes(30)
