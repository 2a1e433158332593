import struct
from itertools import pairwise

from conformance.faults.frames import make_frame
from conformance.redaction.packets import Datagram, Opener
from conformance.redaction.payloads import Redactor
from conformance.redaction.streams import Streams

A, B = ("10.0.0.1", 5060), ("10.0.0.2", 5060)
MESSAGE = b"MESSAGE sip:alice@uc3m.test SIP/2.0\r\nFrom: <sip:alice@uc3m.test>\r\nContent-Length: 5\r\n\r\nhello"


def segments(*parts: tuple[int, bytes]) -> list[Datagram]:
    opener = Opener()
    return [
        found
        for number, (sequence, payload) in enumerate(parts, start=1)
        for found in opener.open(make_frame("tcp", A, B, payload, sequence=sequence % (1 << 32)), number, ())
        if isinstance(found, Datagram)
    ]


def redacted(redactor: Redactor, found: list[Datagram]) -> list[int]:
    streams = Streams()
    for segment in found:
        streams.add(segment)
    return [message.frame for message in streams.redact(redactor)]


def test_a_message_is_redacted_over_the_borders_of_segments(redactor: Redactor) -> None:
    begin = (1 << 32) - 20  # and over the end of the sequence numbers
    cuts = [0, 14, 50, 61, len(MESSAGE)]
    found = segments(*((begin + a, MESSAGE[a:b]) for a, b in pairwise(cuts)))
    assert redacted(redactor, found) == [4]
    assert b"".join(one.payload for one in found) == redactor.sip.message(MESSAGE)


def test_segments_out_of_order_and_sent_again_get_the_same_octets(redactor: Redactor) -> None:
    found = segments((100, MESSAGE[:40]), (180, MESSAGE[80:]), (140, MESSAGE[40:80]), (120, MESSAGE[20:60]))
    redacted(redactor, found)
    new = redactor.sip.message(MESSAGE)
    assert [one.payload for one in found] == [new[:40], new[80:], new[40:80], new[20:60]]


def test_what_is_sent_again_with_other_octets_does_not_pass(redactor: Redactor) -> None:
    found = segments((100, MESSAGE), (120, b"alice"))
    redacted(redactor, found)
    assert found[1].payload == bytes(5)


def test_behind_a_gap_only_whole_messages_pass(redactor: Redactor) -> None:
    found = segments((100, MESSAGE[:40]), (1000, MESSAGE))
    redacted(redactor, found)
    assert found[0].payload == bytes(40)
    assert found[1].payload == redactor.sip.message(MESSAGE)


def test_a_new_connection_between_the_same_ports_is_another_stream(redactor: Redactor) -> None:
    found = segments((5, b""), (6, MESSAGE), (7, b""), (8, MESSAGE))
    for syn in (found[0], found[2]):
        flags = bytearray(syn.frame.transport)
        struct.pack_into("!B", flags, 13, 2)
        object.__setattr__(syn.frame, "transport", bytes(flags))
    assert redacted(redactor, found) == [2, 4]
