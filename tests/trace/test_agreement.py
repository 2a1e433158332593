"""What we read is what tshark reads, on every capture that is there."""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from conformance.trace.decode import read_trace
from conformance.trace.dns import type_name
from conformance.trace.model import DiameterAvp, DiameterMessage, DnsMessage, Message, SipMessage, Trace
from conformance.trace.tshark import DECODER_OPTIONS
from tests.trace.together import ALL, GROUPS, ROOT, as_one_file, named


@dataclass
class Capture:
    """Captures as we read them and as tshark does."""

    file: Path
    trace: Trace
    packets: list[Any]


def packets_of(file: Path) -> list[Any]:
    """All frames with messages, as tshark prints them; not those that quote a message in an ICMP error."""
    wanted = "(sip || diameter || dns) && !icmp && !icmpv6"
    command = ["tshark", "-n", *DECODER_OPTIONS, "-r", str(file), "-T", "pdml", "-J", "sip diameter dns", "-Y", wanted]
    done = subprocess.run(command, capture_output=True, check=True, timeout=300)
    return list(etree.fromstring(done.stdout, etree.XMLParser(huge_tree=True, recover=True)).iter("packet"))


def frames_of(packets: list[Any], kind: str) -> dict[int, list[Any]]:
    """Return the items of one protocol by frame."""
    found = {}
    for packet in packets:
        if items := packet.xpath(f"proto[@name='{kind}']"):
            found[int(packet.xpath("string(proto[@name='geninfo']/field[@name='num']/@show)"))] = items
    return found


def by_frame(trace: Trace, kind: type[Message]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for message in trace.messages:
        if isinstance(message, kind):
            for sighting in message.sightings:
                found.setdefault(sighting.frame, []).append(message)
    return found


def content(item: Any, name: str) -> list[bytes]:
    return [bytes.fromhex(field.get("value", "")) for field in item.iter("field") if field.get("name") == name]


def shown(item: Any, name: str) -> list[str]:
    return [field.get("show") for field in item.iter("field") if field.get("name") == name]


def sip_of_tshark(item: Any) -> tuple[bytes, list[bytes]]:
    """Start line and header lines as tshark takes them apart."""
    start = (content(item, "sip.Request-Line") + content(item, "sip.Status-Line"))[0]
    # Wireshark adds items of its own over the same bytes (`sip.auth`, a generated Call-ID): one line a place.
    lines = {line.get("pos"): line for line in item.xpath("field[@name='sip.msg_hdr']/field[@value]")}
    values = [bytes.fromhex(line.get("value")).rstrip(b" \t\r\n") for line in lines.values()]
    return start.strip(b"\r\n"), [value for value in values if value]


def sip_of_ours(message: SipMessage) -> tuple[bytes, list[bytes]]:
    sip = message.sip
    return (
        sip.raw[sip.start_span.offset : sip.start_span.end],
        [sip.raw[header.span.offset : header.span.end] for header in sip.headers],
    )


def flat(avps: tuple[DiameterAvp, ...]) -> list[tuple[int, int, bytes]]:
    found = []
    for avp in avps:
        found.append((avp.code, avp.vendor, avp.data))
        found.extend(flat(avp.children))
    return found


def avps_of_tshark(item: Any) -> list[tuple[int, int, bytes]]:
    found = []
    for avp in item.iter("field"):
        if avp.get("name") == "diameter.avp":
            code = int(avp.xpath("string(field[@name='diameter.avp.code']/@show)"))
            vendor = int(avp.xpath("string(field[@name='diameter.avp.vendorId']/@show)") or 0)
            length = int(avp.xpath("string(field[@name='diameter.avp.len']/@show)"))
            # tshark's item holds the padding too.
            found.append((code, vendor, bytes.fromhex(avp.get("value"))[12 if vendor else 8 : length]))
    return found


@pytest.fixture(scope="module", params=GROUPS, ids=named)
def capture(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Capture:
    file = as_one_file(request.param, tmp_path_factory.mktemp("together"))
    return Capture(file, read_trace([file]), packets_of(file))


def test_there_are_captures() -> None:
    assert len(ALL) > 100, f"found {len(ALL)} captures under {ROOT}"


def test_all_frames_are_read(capture: Capture) -> None:
    counted = subprocess.run(
        ["capinfos", "-c", "-M", str(capture.file)], capture_output=True, text=True, check=True
    ).stdout
    assert counted.split()[-1] == str(capture.trace.captures[0].frames)


def test_sip_agrees(capture: Capture) -> None:
    theirs, ours = frames_of(capture.packets, "sip"), by_frame(capture.trace, SipMessage)
    assert {n: len(items) for n, items in theirs.items()} == {n: len(items) for n, items in ours.items()}
    for number, items in theirs.items():
        assert [sip_of_ours(message) for message in ours[number]] == [sip_of_tshark(item) for item in items]
        for item, message in zip(items, ours[number], strict=True):
            assert shown(item, "sip.Call-ID")[:1] in ([message.sip.call_id], [])
            assert shown(item, "sip.CSeq.method")[:1] in ([message.sip.cseq_method], [])


def test_diameter_agrees(capture: Capture) -> None:
    theirs, ours = frames_of(capture.packets, "diameter"), by_frame(capture.trace, DiameterMessage)
    assert {n: len(items) for n, items in theirs.items()} == {n: len(items) for n, items in ours.items()}
    for number, items in theirs.items():
        for item, message in zip(items, ours[number], strict=True):
            assert shown(item, "diameter.cmd.code") == [str(message.command)]
            assert int(shown(item, "diameter.hopbyhopid")[0], 0) == message.hop_by_hop
            assert flat(message.avps) == avps_of_tshark(item)


def test_dns_agrees(capture: Capture) -> None:
    theirs, ours = frames_of(capture.packets, "dns"), by_frame(capture.trace, DnsMessage)
    assert {n: len(items) for n, items in theirs.items()} == {n: len(items) for n, items in ours.items()}
    for number, items in theirs.items():
        for item, message in zip(items, ours[number], strict=True):
            assert int(shown(item, "dns.id")[0], 0) == message.id
            assert [name.lower() for name in shown(item, "dns.qry.name")] == [message.question_name]
            records = message.records
            assert [type_name(int(kind)) for kind in shown(item, "dns.resp.type")] == [r.type for r in records]
            # The owner of an SRV record is shown in three parts.
            named = [name.lower() for name in shown(item, "dns.resp.name") if name != "<Root>"]
            assert named == [record.name for record in records if record.name and record.type != "SRV"]
            parts = zip(*(shown(item, f"dns.srv.{part}") for part in ("service", "proto", "name")), strict=True)
            assert [".".join(part).lower() for part in parts] == [r.name for r in records if r.type == "SRV"]
            assert Counter(shown(item, "dns.a")) == Counter(r.fields["address"] for r in records if r.type == "A")
            assert shown(item, "dns.srv.target") == [r.fields["target"] for r in records if r.type == "SRV"]
            assert shown(item, "dns.naptr.service") == [r.fields["service"] for r in records if r.type == "NAPTR"]
