"""Edits of captures: exactly what data says is changed, and everything around it is right again."""

from __future__ import annotations

import struct

import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from conformance.faults.dns_bytes import records
from conformance.faults.edits import EDITS
from conformance.faults.frames import join_frame, make_frame, split_frame
from conformance.faults.mutate import mutate
from conformance.faults.pcapfile import Packet, PacketFile
from conformance.vocabulary.errors import BadInput

UE, PCSCF, HSS = ("192.0.2.1", 5060), ("192.0.2.2", 5060), ("192.0.2.3", 3868)
SIP = b"MESSAGE sip:a SIP/2.0\r\nl: 5\r\nX: one\r\n\r\nhello"
DIAMETER = bytes.fromhex("01000024 c000012c 01000000 00000001 00000002 00000001 4000000d 6162636465 000000")
PACKETS = (
    Packet("Gm", 1_000_000, make_frame("udp", UE, PCSCF, SIP)),
    Packet("Cx", 2_000_000, make_frame("tcp", PCSCF, HSS, DIAMETER, sequence=10, acknowledge=20)),
    Packet("Cx", 3_000_000, make_frame("tcp", HSS, PCSCF, DIAMETER, sequence=20, acknowledge=46)),
    Packet("Gm", 4_000_000, make_frame("udp", PCSCF, UE, SIP)),
    Packet("Gm", 5_000_000, b"\xff" * 60),
)
BASE = PacketFile(("Gm", "Cx"), PACKETS, 0)


def edited(*edits: dict[str, object]) -> PacketFile:
    return mutate(BASE, EDITS.validate_python(edits))


def payload(capture: PacketFile, number: int) -> bytes:
    return split_frame(capture.packets[number - 1].data).payload


def tcp(capture: PacketFile, number: int) -> tuple[int, int]:
    sequence, acknowledge = struct.unpack_from("!II", split_frame(capture.packets[number - 1].data).transport, 4)
    return sequence, acknowledge


def test_no_edit_changes_nothing() -> None:
    assert edited() == BASE


def test_a_replacement_changes_the_named_frames_alone() -> None:
    capture = edited({"kind": "replace", "frames": [1], "find": "X: one", "replace": "X: two and more"})
    assert payload(capture, 1) == SIP.replace(b"X: one", b"X: two and more")
    assert capture.packets[1:] == BASE.packets[1:]


def test_a_changed_frame_has_right_lengths_and_checksums() -> None:
    data = edited({"kind": "replace", "frames": [1], "find": "X: one\r\n", "replace": ""}).packets[0].data
    assert join_frame(split_frame(data)) == data
    assert struct.unpack_from("!H", data, 16)[0] == len(data) - 14


def test_content_length_follows_the_body() -> None:
    capture = edited({"kind": "replace", "frames": [1], "find": "hello", "replace": "good morning"})
    assert payload(capture, 1) == SIP.replace(b"l: 5", b"l: 12").replace(b"hello", b"good morning")


def test_content_length_that_the_edit_itself_names_stays_as_the_edit_says() -> None:
    capture = edited({"kind": "replace", "frames": [1], "find": "l: 5", "replace": "l: 50"})
    assert b"l: 50\r\n" in payload(capture, 1)


def test_octets_are_given_as_hexadecimal() -> None:
    capture = edited({"kind": "replace", "frames": [1], "find": "3a206f6e65", "replace": "00ff", "hex": True})
    assert b"X\x00\xff\r\n" in payload(capture, 1)


def test_an_avp_that_grew_moves_the_numbers_of_its_connection() -> None:
    capture = edited({"kind": "set-avp", "frames": [2], "path": [1], "value": "abcdefghi"})
    assert payload(capture, 2)[28:37] == b"abcdefghi"
    assert tcp(capture, 2) == (10, 20)
    assert tcp(capture, 3) == (20, 50)


def test_a_text_inside_an_avp_is_replaced() -> None:
    capture = edited({"kind": "set-avp", "frames": [2], "path": [1], "find": "cd", "value": "-"})
    assert payload(capture, 2)[28:32] == b"ab-e"


def test_avps_are_removed_and_added() -> None:
    capture = edited(
        {"kind": "remove-avp", "frames": [2], "path": [1]},
        {"kind": "add-avp", "frames": [2], "code": 601, "vendor": 10415, "value": "sip:"},
    )
    assert payload(capture, 2)[20:] == bytes.fromhex("00000259 c0000010 000028af") + b"sip:"


def test_a_dropped_request_leaves_no_hole_in_its_connection() -> None:
    capture = edited({"kind": "drop", "frames": [2]})
    assert len(capture.packets) == len(PACKETS) - 1
    assert tcp(capture, 2) == (20, 10)


def test_a_copy_is_inserted_at_its_time_with_changes_and_addresses_of_its_own() -> None:
    capture = edited(
        {
            "kind": "insert",
            "copy_of": 4,
            "delay_us": -500,
            "changes": [{"find": "hello", "replace": "bye"}],
            "source": ["192.0.2.9", 6060],
        }
    )
    frame = split_frame(capture.packets[3].data)
    assert capture.packets[3].time_ns == 3_500_000
    assert frame.source == ("192.0.2.9", 6060)
    assert frame.destination == UE
    assert frame.payload == SIP.replace(b"l: 5", b"l: 3").replace(b"hello", b"bye")


def test_a_retransmission_is_the_same_octets_again() -> None:
    capture = edited({"kind": "insert", "copy_of": 1, "delay_us": 500})
    assert capture.packets[1].data == capture.packets[0].data


def test_an_inserted_segment_continues_its_connection() -> None:
    capture = edited({"kind": "insert", "copy_of": 2, "delay_us": 1500})
    assert tcp(capture, 4) == (46, 56)


def test_a_point_that_was_not_captured_is_gone_with_its_interface() -> None:
    capture = edited({"kind": "forget-point", "point": "Cx"})
    assert capture.points == ("Gm",)
    assert {packet.point for packet in capture.packets} == {"Gm"}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"kind": "drop", "frames": [6]}, "not in the base capture of 5 frames"),
        ({"kind": "drop", "frames": [0]}, "not in the base capture"),
        ({"kind": "drop", "frames": [5]}, "no IPv4 frame"),
        ({"kind": "insert", "copy_of": 5, "delay_us": 1}, "cannot be edited"),
        ({"kind": "replace", "frames": [1], "find": "none", "replace": ""}, "occurs 0 times, expected 1"),
        ({"kind": "replace", "frames": [1], "find": "\r\n", "replace": ""}, "occurs 4 times, expected 1"),
        ({"kind": "replace", "frames": [1], "find": "x", "replace": "", "hex": True}, "no hexadecimal"),
        ({"kind": "remove-avp", "frames": [2], "path": [99]}, "0 AVPs with code 99"),
        ({"kind": "forget-point", "point": "Ut"}, "not in the base capture, which has Gm, Cx"),
    ],
)
def test_an_edit_that_does_not_fit_is_one_line(edit: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        edited(edit)
    assert "\n" not in str(caught.value)


def test_a_frame_cannot_be_changed_after_it_was_dropped() -> None:
    with pytest.raises(BadInput, match="dropped before"):
        edited({"kind": "drop", "frames": [1]}, {"kind": "drop", "frames": [1]})


@pytest.mark.parametrize("edit", [{"kind": "burn"}, {"kind": "drop", "frames": []}, {"kind": "drop", "frame": [1]}])
def test_an_edit_that_is_none_is_refused_on_reading(edit: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EDITS.validate_python([edit])


@given(st.binary(max_size=40), st.binary(min_size=1, max_size=40))
def test_any_replacement_and_its_inverse_give_back_the_capture(old: bytes, new: bytes) -> None:
    base = PacketFile(("Gm",), (Packet("Gm", 1, make_frame("udp", UE, PCSCF, b"<<" + old + b">>")),), 0)
    there = {"kind": "replace", "frames": [1], "find": (b"<<" + old + b">>").hex(), "hex": True}
    changed = mutate(base, EDITS.validate_python([there | {"replace": new.hex()}]))
    back = {"kind": "replace", "frames": [1], "find": new.hex(), "hex": True}
    restored = mutate(changed, EDITS.validate_python([back | {"replace": (b"<<" + old + b">>").hex()}]))
    assert split_frame(changed.packets[0].data).payload == new
    assert restored == base


def test_a_tunnelled_copy_carries_the_packet_as_it_is_by_then_and_adds_its_point() -> None:
    ends = {"source": ["192.0.2.8", 2152], "destination": ["192.0.2.9", 2152], "teid": 202}
    capture = edited(
        {"kind": "replace", "frames": [1], "find": "X: one", "replace": "X: six"},
        {"kind": "tunnel", "frames": [1], "point": "access", "delay_us": -1, **ends},
    )
    assert capture.points == ("Gm", "Cx", "access")
    outer, plain = capture.packets[:2]
    assert (outer.point, outer.time_ns, plain.time_ns) == ("access", 999_000, 1_000_000)
    assert split_frame(outer.data).destination == ("192.0.2.9", 2152)
    assert join_frame(split_frame(outer.data)) == outer.data
    inner = plain.data[14:]
    assert payload(capture, 1) == struct.pack("!BBHI", 0x30, 255, len(inner), 202) + inner


def test_a_datagram_is_added_at_a_point_of_its_own() -> None:
    ends = {"source": ["198.51.100.2", 40000], "destination": ["198.51.100.1", 1194]}
    capture = edited(
        {"kind": "add-datagram", "behind": 1, "delay_us": -1, "point": "VPN", "octets": "38 00\n01", **ends},
        {"kind": "insert", "copy_of": 1, "delay_us": 1, "point": "VPN"},
    )
    assert capture.points == ("Gm", "Cx", "VPN")
    added, first, copy = capture.packets[:3]
    assert [packet.point for packet in (added, first, copy)] == ["VPN", "Gm", "VPN"]
    assert (added.time_ns, first.time_ns) == (999_000, 1_000_000)
    assert (payload(capture, 1), payload(capture, 3)) == (b"\x38\0\x01", payload(capture, 2))
    assert join_frame(split_frame(added.data)) == added.data


def test_a_frame_that_was_dropped_is_not_tunnelled() -> None:
    ends = {"source": ["192.0.2.8", 2152], "destination": ["192.0.2.9", 2152], "teid": 202}
    with pytest.raises(BadInput, match="frame 1: dropped before"):
        edited(
            {"kind": "drop", "frames": [1]},
            {"kind": "tunnel", "frames": [1], "point": "access", "delay_us": -1, **ends},
        )


def test_a_frame_gets_another_address_and_right_checksums() -> None:
    capture = edited({"kind": "readdress", "frames": [1, 4], "find": UE[0], "replace": "192.0.2.7"})
    assert split_frame(capture.packets[0].data).source == ("192.0.2.7", 5060)
    assert split_frame(capture.packets[3].data).destination == ("192.0.2.7", 5060)
    assert join_frame(split_frame(capture.packets[0].data)) == capture.packets[0].data
    assert payload(capture, 1) == SIP


def test_an_address_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadInput, match=r"frame 1: neither from nor to 192\.0\.2\.9"):
        edited({"kind": "readdress", "frames": [1], "find": "192.0.2.9", "replace": "192.0.2.7"})


def test_headers_and_parameters_are_edited_and_the_datagram_stays_right() -> None:
    capture = edited(
        {"kind": "remove-header", "frames": [1], "name": "X"},
        {"kind": "add-header", "frames": [1], "name": "Path", "value": "<sip:a;lr>"},
        {"kind": "remove-parameter", "frames": [1], "header": "Path", "parameter": "lr"},
        {"kind": "set-header", "frames": [4], "name": "X", "value": "two;a=b"},
        {"kind": "set-parameter", "frames": [4], "header": "X", "parameter": "a", "value": "c"},
    )
    assert payload(capture, 1) == b"MESSAGE sip:a SIP/2.0\r\nl: 5\r\nPath: <sip:a>\r\n\r\nhello"
    assert payload(capture, 4) == SIP.replace(b"X: one", b"X: two;a=c")
    for packet in (capture.packets[0], capture.packets[3]):
        assert join_frame(split_frame(packet.data)) == packet.data


def test_a_frame_comes_later_and_two_change_places() -> None:
    late = edited({"kind": "delay", "frames": [1], "by_us": 2500})
    assert [packet.time_ns for packet in late.packets[:3]] == [2_000_000, 3_000_000, 3_500_000]
    assert late.packets[2].data == BASE.packets[0].data
    swapped = edited({"kind": "swap", "frames": [1, 4]})
    assert [packet.data for packet in swapped.packets] == [BASE.packets[n].data for n in (3, 1, 2, 0, 4)]
    assert [packet.time_ns for packet in swapped.packets] == [packet.time_ns for packet in BASE.packets]


def test_records_of_a_dns_answer_are_edited() -> None:
    answer = dns.message.make_response(dns.message.make_query("a.test", "A", id=1))
    answer.answer.append(dns.rrset.from_text("a.test.", 60, "IN", "A", "192.0.2.1", "192.0.2.2"))
    base = PacketFile(("DNS",), (Packet("DNS", 1, make_frame("udp", PCSCF, UE, answer.to_wire())),), 0)
    changed = mutate(
        base,
        EDITS.validate_python(
            [
                {"kind": "remove-record", "frames": [1], "find": "192.0.2.1"},
                {"kind": "set-record", "frames": [1], "find": "192.0.2.2", "replace": "192.0.2.3"},
            ]
        ),
    )
    assert records(payload(changed, 1)) == ["a.test. 60 IN A 192.0.2.3"]
    assert join_frame(split_frame(changed.packets[0].data)) == changed.packets[0].data


STREAM = {
    "kind": "add-stream", "behind": 1, "delay_us": 500, "point": "media", "source": UE, "destination": PCSCF,
    "dscp": 46, "payload_type": 8, "ssrc": 0x1B0B0001, "packets": 3, "octets": 20,
}  # fmt: skip


def test_a_stream_is_added_packet_by_packet_with_its_mark() -> None:
    changed = edited(STREAM)
    added = [packet for packet in changed.packets if packet.point == "media"]
    assert [packet.time_ns for packet in added] == [1_500_000, 21_500_000, 41_500_000]
    assert [packet.data[15] >> 2 for packet in added] == [46, 46, 46]
    heads = [struct.unpack("!BBHII", split_frame(packet.data).payload[:12]) for packet in added]
    assert heads == [(0x80, 8, number, 160 * number, 0x1B0B0001) for number in range(3)]


def test_a_stream_inside_of_a_vpn_shows_its_length_alone() -> None:
    (first, *_) = [packet for packet in edited({**STREAM, "inside": True}).packets if packet.point == "media"]
    hidden = split_frame(first.data).payload
    assert hidden[0] >> 3 == 9  # P_DATA_V2
    assert len(hidden) == 24 + 28 + 12 + 20
    assert not any(hidden[8:])


def test_a_codepoint_is_set_and_nothing_else() -> None:
    changed = edited({"kind": "set-codepoint", "frames": [1], "dscp": 26}).packets[0].data
    assert changed[15] == 26 << 2
    assert split_frame(changed).payload == SIP
