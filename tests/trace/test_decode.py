from __future__ import annotations

import gzip
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.trace import decode
from conformance.trace.decode import read_trace, require_tshark
from conformance.trace.model import DnsMessage, Message, SipMessage
from conformance.vocabulary.errors import BadInput, NotPermitted
from conformance.vocabulary.points import Point

if TYPE_CHECKING:
    from conftest import Packets

UE, PCSCF, ICSCF, SCSCF = "127.31.0.1:5060", "127.31.0.2:4060", "127.31.0.3:5060", "127.31.0.4:6060"
Make = Callable[..., bytes]


def frames(messages: tuple[Message, ...]) -> list[list[int]]:
    return [[sighting.frame for sighting in message.sightings] for message in messages]


def call_ids(messages: tuple[Message, ...]) -> list[str]:
    return [message.sip.call_id for message in messages if isinstance(message, SipMessage)]


def test_a_message_has_its_frame_time_point_and_addresses(packets: Packets, register: Make) -> None:
    packets.add(packets.udp(UE, PCSCF, register()), at_ms=1.000002, on="Gm")
    trace = packets.trace()
    (message,) = trace.sip
    assert (message.frame, message.time_ns, message.points) == (1, 1_700_000_000_001_000_002, {Point.GM})
    assert (str(message.source), str(message.destination)) == (f"{UE}/udp", f"{PCSCF}/udp")
    assert (message.raw, message.truncated, message.retransmission_of) == (register(), False, None)
    assert trace.observed(Point.GM)
    assert not trace.observed(Point.MW)


def test_the_capture_is_described(packets: Packets, register: Make, dns: Make) -> None:
    packets.add(packets.udp(UE, PCSCF, register()), on="Gm")
    packets.add(packets.udp(UE, PCSCF, b"\r\n\r\n"), on="Gm")
    packets.add(packets.udp(PCSCF, "127.31.0.5:53", dns()), at_ms=1, on="DNS")
    (capture,) = read_trace([packets.write(drops={"Gm": 2, "DNS": 0})]).captures
    assert (capture.frames, capture.signalling, capture.drops) == (3, 2, 2)
    assert (capture.points, capture.problems) == ((Point.GM, Point.DNS), ())
    assert capture.file == str(packets.file)


def test_without_statistics_the_drops_are_unknown(packets: Packets, register: Make) -> None:
    packets.add(packets.udp(UE, PCSCF, register()), on="Gm")
    assert packets.trace().captures[0].drops is None


@pytest.mark.parametrize("ports", [(5060, 4060), (40000, 6060), (6060, 40001), (44818, 47808), (1, 2)])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_sip_is_found_on_any_port(packets: Packets, register: Make, ports: tuple[int, int], transport: str) -> None:
    ends = (f"127.31.0.1:{ports[0]}", f"127.31.0.2:{ports[1]}")
    packets.add(packets.udp(*ends, register()) if transport == "udp" else packets.tcp(*ends, 1, register()))
    (message,) = packets.trace().sip
    assert (message.source.port, message.destination.port, message.source.transport) == (*ports, transport)


def test_several_messages_of_one_segment_are_taken_apart(packets: Packets, register: Make) -> None:
    one, two, three = register("c1", body=b"abc"), register("c2"), register("c3")
    packets.add(packets.tcp(PCSCF, SCSCF, 1, b"\r\n\r\n" + one + two))
    packets.add(packets.tcp(PCSCF, SCSCF, 5 + len(one + two), three[:70]))
    packets.add(packets.tcp(PCSCF, SCSCF, 75 + len(one + two), three[70:]), at_ms=1)
    messages = tuple(packets.trace().messages)
    assert [message.raw for message in messages] == [one, two, three]
    assert frames(messages) == [[1], [1], [3]]


def test_fragments_are_put_together(packets: Packets, register: Make) -> None:
    raw = register(body=b"x" * 2000)
    whole = packets.udp(UE, PCSCF, raw)[20:]
    packets.add(packets.ip("127.31.0.1", "127.31.0.2", 17, whole[:1480], 900, 0x2000))
    packets.add(packets.ip("127.31.0.1", "127.31.0.2", 17, whole[1480:], 900, 185))
    (message,) = packets.trace().messages
    assert (message.raw, message.frame) == (raw, 2)


def test_copies_in_a_tunnel_are_one_message(packets: Packets, register: Make) -> None:
    inner = packets.udp(UE, PCSCF, register())
    packets.add(packets.gtp("127.31.9.1", "127.31.9.2", inner), at_ms=0)
    packets.add(packets.gtp("127.31.9.2", "127.31.9.3", inner), at_ms=1)
    packets.add(inner, at_ms=2)
    (message,) = packets.trace().messages
    assert [sighting.encapsulation for sighting in message.sightings] == [("gtp",), ("gtp",), ()]
    assert {str(sighting.source) for sighting in message.sightings} == {f"{UE}/udp"}


def test_ip_in_ip_is_named(packets: Packets, register: Make) -> None:
    packets.add(packets.ip("127.31.9.1", "127.31.9.2", 4, packets.udp(UE, PCSCF, register())))
    (message,) = packets.trace().messages
    assert message.sightings[0].encapsulation == ("ipip",)


def test_a_retransmission_stays_a_message_of_its_own(packets: Packets, register: Make) -> None:
    for at_ms in (0, 500, 1500):
        packets.add(packets.udp(UE, PCSCF, register()), at_ms, on="Gm")
    first, second, third = packets.trace().messages
    assert (first.retransmission_of, second.retransmission_of, third.retransmission_of) == (None, first, first)


def test_copies_are_merged_over_files(packets: Packets, register: Make, tmp_path: Path) -> None:
    packet = packets.udp(PCSCF, ICSCF, register())
    packets.add(packet, on="Mw")
    other = type(packets)(tmp_path / "other.pcapng")
    other.add(packet, at_ms=3, on="Ic")
    trace = read_trace([packets.write(), other.write()])
    (message,) = trace.messages
    assert [(sighting.capture, sighting.point) for sighting in message.sightings] == [(0, Point.MW), (1, Point.IC)]


def test_what_is_no_message_gives_none(packets: Packets, register: Make) -> None:
    packets.add(packets.udp("127.31.255.1:9", "127.31.255.1:9", b"netlab-marker open SIP/2.0 200 OK"), on="Gm")
    packets.add(packets.udp(UE, PCSCF, b"\r\n\r\n"), on="Gm")
    packets.add(packets.udp(UE, PCSCF, b"no SIP/2.0 at all"), on="Gm")
    quoted = packets.udp(UE, PCSCF, register())
    packets.add(packets.ip("127.31.0.2", "127.31.0.1", 1, b"\x03\x03" + bytes(6) + quoted), on="Gm")
    trace = packets.trace()
    assert (trace.messages, trace.captures[0].problems, trace.captures[0].frames) == ((), (), 4)


def test_sip_in_the_body_of_sip_is_no_message(packets: Packets, register: Make) -> None:
    outer = register("c1", body=register("c2")).replace(b"Content-L", b"Content-Type: message/sip\r\nContent-L")
    packets.add(packets.udp(UE, PCSCF, outer))
    assert call_ids(packets.trace().messages) == ["c1"]


def test_keep_alives_before_a_request_do_not_hide_it(packets: Packets, register: Make) -> None:
    packets.add(packets.udp(UE, PCSCF, b"\r\n\r\n" + register()))
    (message,) = packets.trace().messages
    assert message.raw.startswith(b"\r\n\r\nREGISTER")


def test_diameter_has_wireshark_s_names_and_grouping(packets: Packets, diameter: Make) -> None:
    packets.add(packets.tcp("127.31.0.3:40000", "127.31.0.5:3868", 1, diameter() + diameter(9, 9)))
    packets.add(packets.tcp("127.31.0.3:40001", "127.31.0.5:3870", 1, diameter()))
    trace = packets.trace()
    first, second, third = trace.diameter
    assert (first.command, first.is_request, first.application) == (300, True, 16777216)
    assert (first.hop_by_hop, second.hop_by_hop, third.destination.port) == (7, 9, 3870)
    assert [avp.name for avp in first.avps] == [
        "Session-Id",
        "Origin-Host",
        "Origin-Realm",
        "Vendor-Specific-Application-Id",
        "Public-Identity",
        "Unknown",
    ]
    assert [child.name for child in first.avps[3].children] == ["Vendor-Id", "Auth-Application-Id"]
    identity = first.first(601, 10415)
    assert identity is not None
    assert first.raw[identity.offset :].startswith(b"\x00\x00\x02\x59")
    assert identity.data == b"sip:alice@home.test"
    assert second.raw == diameter(9, 9)
    assert trace.captures[0].problems == ()


def test_dns_over_udp_and_tcp(packets: Packets, dns: Make) -> None:
    packets.add(packets.udp("127.31.0.3:40000", "127.31.0.5:53", dns()))
    answer = dns(answer=True)
    packets.add(packets.tcp("127.31.0.5:53", "127.31.0.3:40000", 1, len(answer).to_bytes(2) + answer), at_ms=1)
    query, reply = packets.trace().messages
    assert isinstance(query, DnsMessage)
    assert isinstance(reply, DnsMessage)
    assert (query.question_name, query.is_response) == ("_sip._udp.home.test", False)
    assert (reply.raw, [record.type for record in reply.records]) == (answer, ["SRV", "A"])


def test_messages_cut_by_the_snap_length_are_marked(
    packets: Packets, register: Make, dns: Make, diameter: Make
) -> None:
    packets.add(packets.udp(UE, PCSCF, register(body=b"x" * 200)))
    packets.add(packets.udp("127.31.0.5:53", "127.31.0.3:40000", dns(answer=True) + bytes(100)), at_ms=1)
    packets.add(packets.udp("127.31.0.5:53", "127.31.0.3:40001", dns(answer=True)), at_ms=2)
    trace = read_trace([packets.write(snap=100)])
    assert [(type(m).__name__, m.truncated) for m in trace.messages] == [
        ("SipMessage", True),
        ("DnsMessage", True),
        ("DnsMessage", True),
    ]


def test_a_file_that_was_cut_short_is_read_up_to_the_cut(packets: Packets, register: Make) -> None:
    for number in range(3):
        packets.add(packets.udp(UE, PCSCF, register(f"c{number}")), at_ms=number, on="Gm")
    file = packets.write()
    file.write_bytes(file.read_bytes()[:-100])
    trace = read_trace([file])
    assert call_ids(trace.messages) == ["c0", "c1"]
    assert trace.captures[0].frames == 2
    assert [problem for problem in trace.captures[0].problems if "cut short" in problem]


def test_a_compressed_capture_is_read(packets: Packets, register: Make, tmp_path: Path) -> None:
    packets.add(packets.udp(UE, PCSCF, register()), on="Gm")
    file = tmp_path / "small.pcapng.gz"
    file.write_bytes(gzip.compress(packets.write(drops={"Gm": 0}).read_bytes()))
    trace = read_trace([file])
    assert (call_ids(trace.messages), trace.captures[0].drops, trace.captures[0].points) == (["c1"], 0, (Point.GM,))


@pytest.mark.parametrize("content", [b"", b"no capture", bytes(5000), b"\xd4\xc3\xb2\xa1\2"])
def test_a_file_that_is_no_capture_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "strange.pcap"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"strange\.pcap: .*expected") as caught:
        read_trace([file])
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    for file in (tmp_path / "none.pcap", tmp_path):
        with pytest.raises(BadInput, match="cannot be read"):
            read_trace([file])


def test_no_files_give_an_empty_trace() -> None:
    assert read_trace([]).messages == ()


def program(folder: Path, text: str) -> Path:
    file = folder / "tshark"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "tshark is not installed.*apt-get install tshark"),
        (r"printf 'V\t3.4.10\nN\t0\n'", r"tshark 3\.4\.10 is too old, expected 3\.6"),
        ("echo 'tshark: this program is broken' >&2; exit 1", "does not start: tshark: this program is broken"),
    ],
)
def test_a_tshark_that_cannot_be_used_is_one_line(
    packets: Packets, register: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, line: str
) -> None:
    packets.add(packets.tcp(UE, PCSCF, 1, register()))
    folder = tmp_path / "bin"
    folder.mkdir()
    if text is not None:
        program(folder, text)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(NotPermitted, match=line):
        packets.trace()


def test_a_tshark_that_ends_early_is_a_problem(
    packets: Packets, register: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packets.add(packets.tcp(UE, PCSCF, 1, register()))
    (tmp_path / "bin").mkdir()
    folder = program(tmp_path / "bin", r"printf 'V\t4.0.17\n'; exit 1")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    problems = packets.trace().captures[0].problems
    assert problems == ("tshark ended early, behind frame 0", "tshark read 0 of the 1 frames that it was given")


def test_a_tshark_that_hangs_is_ended(
    packets: Packets, register: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packets.add(packets.tcp(UE, PCSCF, 1, register()))
    (tmp_path / "bin").mkdir()
    folder = program(tmp_path / "bin", r"printf 'V\t4.0.17\n'; exec sleep 60")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(decode, "SECONDS_AT_LEAST", 1)
    assert "did not finish" in packets.trace().captures[0].problems[0]


def test_plain_datagrams_need_no_tshark(packets: Packets, register: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    packets.add(packets.udp(UE, PCSCF, register()))
    monkeypatch.setenv("PATH", "")
    assert call_ids(packets.trace().messages) == ["c1"]


def test_require_tshark_gives_its_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    require_tshark.cache_clear()
    assert require_tshark()[0].isdigit()
    require_tshark.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotPermitted, match="apt-get install tshark"):
        require_tshark()
    require_tshark.cache_clear()


def test_keys_go_to_tshark_in_a_private_file(packets: Packets, register: Make, tmp_path: Path) -> None:
    packets.add(packets.udp(UE, PCSCF, register()))
    keys = tmp_path / "keys.txt"
    keys.write_text(
        '"IPv4","127.31.0.1","127.31.0.2","0x1","NULL","","NULL",""\nCLIENT_RANDOM ' + "0" * 64 + " " + "0" * 96
    )
    assert call_ids(read_trace([packets.write()], keys=keys).messages) == ["c1"]
    with pytest.raises(BadInput, match="cannot be read"):
        read_trace([packets.file], keys=tmp_path / "none")
