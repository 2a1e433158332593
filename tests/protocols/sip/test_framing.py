import pytest

from conformance.protocols.sip.framing import PING, StreamFramer
from conformance.protocols.sip.message import MAX_MESSAGE, MalformedMessage

ONE = b"OPTIONS sip:h.test SIP/2.0\r\nContent-Length: 5\r\n\r\nhello"
TWO = b"SIP/2.0 200 OK\r\nl : 0\r\nX: Content-Length: 9\r\n\r\n"


def in_pieces(data: bytes, size: int) -> list[bytes]:
    framer = StreamFramer()
    frames = []
    for start in range(0, len(data), size):
        frames += framer.feed(data[start : start + size])
    return frames


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_messages_come_out_whole_however_the_stream_is_cut(size: int) -> None:
    assert in_pieces(ONE + TWO + PING + ONE, size) == [ONE, TWO, PING, ONE]


@pytest.mark.parametrize("size", [1, 1000])
def test_a_single_line_end_before_a_message_is_skipped(size: int) -> None:
    """RFC 3261 7.5."""
    assert in_pieces(b"\r\n" + ONE, size) == [ONE]


@pytest.mark.parametrize(
    "head",
    [
        b"OPTIONS sip:h.test SIP/2.0\r\nTo: x\r\n\r\n",
        b"OPTIONS sip:h.test SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        b"OPTIONS sip:h.test SIP/2.0\r\nContent-Length: 1e3\r\n\r\n",
        b"OPTIONS sip:h.test SIP/2.0\r\nContent-Length: 9999999\r\n\r\n",
        b"OPTIONS sip:h.test SIP/2.0\r\nContent-Length: 99999\r\n\r\n",
        b"OPTIONS sip:h.test SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\n",
    ],
)
def test_a_stream_that_cannot_be_cut_is_refused(head: bytes) -> None:
    with pytest.raises(MalformedMessage):
        StreamFramer().feed(head)


def test_endless_header_fields_are_refused() -> None:
    framer = StreamFramer()
    assert framer.feed(b"x" * MAX_MESSAGE) == []
    with pytest.raises(MalformedMessage, match="no end"):
        framer.feed(b"x")
