"""The messages of RFC 4475 as the reader reads them and as tshark does, in the same words."""

from __future__ import annotations

import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from conformance.trace.sip import SipText, read_sip
from conformance.trace.sip_names import canonical
from conformance.trace.sip_values import parse_name_addr

FOLDER = Path(__file__).parent / "torture"
MESSAGES = {file.stem: file.read_bytes() for file in sorted(FOLDER.glob("*.dat"))}
Reading = dict[str, tuple[str, ...]]
"""What is in a message: aspects, each with what was read, in order."""
_LINK_RAW_IP = 101
_WHOLE = ("From", "To", "Contact", "Call-ID", "CSeq")


@dataclass(frozen=True)
class Difference:
    """What the reader and tshark read of one aspect of a message."""

    ours: tuple[str, ...]
    theirs: tuple[str, ...]


def written(text: str | bytes) -> str:
    """Return a text as it can stand in a data file: white space as one blank, what is not ASCII escaped."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    return " ".join(text.split(None)).encode("unicode_escape").decode("ascii")


def of_reader(sip: SipText) -> Reading:
    """Return what the reader reads."""
    lines = [sip.raw[one.span.offset : one.span.end] for one in sip.headers]
    found: Reading = {
        "method": (written(sip.method),) if sip.is_request else (),
        "request-uri": (written(sip.request_uri),) if sip.is_request else (),
        "status": () if sip.status is None else (str(sip.status),),
        "names": tuple(written(one.name) for one in sip.headers),
        "lines": tuple(written(line) for line in lines),
        "cseq.seq": () if sip.cseq_number is None else (str(sip.cseq_number),),
        "cseq.method": (written(sip.cseq_method),) if sip.cseq_method else (),
    }
    for name in _WHOLE:
        found[name.lower()] = tuple(written(one.value) for one in sip.all(name))
    for name in ("From", "To"):
        addresses = [parse_name_addr(value) for value in sip.values(name)]
        found[f"{name.lower()}.addr"] = tuple(written(one.uri) for one in addresses if one is not None)
        tags = [one.params.get("tag") for one in addresses if one is not None]
        found[f"{name.lower()}.tag"] = tuple(written(tag) for tag in tags if tag)
    contacts = [parse_name_addr(value) for value in sip.values("Contact")]
    found["contact.uri"] = tuple(written(one.uri) for one in contacts if one is not None)
    return found


def of_tshark(messages: dict[str, bytes], folder: Path) -> dict[str, Reading | None]:
    """Return what tshark reads, None where it sees no SIP; one tshark reads all messages."""
    file = folder / "torture.pcap"
    file.write_bytes(pcap_of(list(messages.values())))
    command = ["tshark", "-n", "-r", str(file), "-T", "pdml", "-J", "sip"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    packets = etree.fromstring(done.stdout).iter("packet")
    return {name: _reading(packet) for name, packet in zip(messages, packets, strict=True)}


def differences(ours: Reading, theirs: Reading | None) -> dict[str, Difference]:
    """Return by aspect what is read differently."""
    if theirs is None:
        return {"message": Difference(("SIP",), ())}
    return {name: Difference(ours[name], theirs[name]) for name in ours if ours[name] != theirs[name]}


def all_differences(folder: Path) -> dict[tuple[str, str], Difference]:
    """Return every difference there is, by message and aspect."""
    seen = of_tshark(MESSAGES, folder)
    return {
        (name, aspect): difference
        for name, raw in MESSAGES.items()
        for aspect, difference in differences(of_reader(read_sip(raw)), seen[name]).items()
    }


def pcap_of(messages: list[bytes]) -> bytes:
    """Make a capture of datagrams, one a message, each from an address of its own (RFC 5737)."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, _LINK_RAW_IP)
    for number, raw in enumerate(messages, start=1):
        ends = bytes([192, 0, 2, number, 198, 51, 100, 1])
        udp = struct.pack("!HHHH", 5060, 5060, 8 + len(raw), 0) + raw
        packet = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0) + ends + udp
        out += struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet
    return out


def _reading(packet: Any) -> Reading | None:
    found = packet.find("proto[@name='sip']")
    if found is None:
        return None
    # Wireshark adds items of its own over the same bytes (`sip.auth`, a generated Call-ID): one line a place.
    items = {one.get("pos"): one for one in found.xpath("field[@name='sip.msg_hdr']/field[@value]")}
    lines = [line for one in items.values() if (line := bytes.fromhex(one.get("value")).strip())]
    reading: Reading = {
        "method": _shown(found, "sip.Method"),
        "request-uri": _shown(found, "sip.r-uri"),
        "status": _shown(found, "sip.Status-Code"),
        "names": tuple(written(canonical(line.partition(b":")[0].rstrip().decode("latin-1"))) for line in lines),
        "lines": tuple(written(line) for line in lines),
        "cseq.seq": _shown(found, "sip.CSeq.seq"),
        "cseq.method": _shown(found, "sip.CSeq.method"),
        "contact.uri": _shown(found, "sip.contact.uri"),
    }
    for name in _WHOLE:
        reading[name.lower()] = _shown(found, f"sip.{name}")
    for name in ("from", "to"):
        reading[f"{name}.addr"] = _shown(found, f"sip.{name}.addr")
        reading[f"{name}.tag"] = _shown(found, f"sip.{name}.tag")
    return reading


def _shown(item: Any, name: str) -> tuple[str, ...]:
    return tuple(written(one.get("show")) for one in item.iter("field") if one.get("name") == name)
