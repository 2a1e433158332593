"""Whole captures: the same frames, the same verdicts, nothing that Wireshark finds fault with."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conformance.faults.pcapfile import read_packets
from conformance.faults.reference import CAPTURE_NAME, CAPTURES
from conformance.pcapng.contents import ContentReader, Packet
from conformance.pcapng.writer import PcapngWriter
from conformance.redaction.capture import redact_capture
from conformance.redaction.payloads import Redactor
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Federation
from tests.captures.judged import Procedures, federation_of, judged_together
from tests.redaction.conftest import redacted

WITH_PASSWORD = ("PRES-21", "PRES-31")
"""Who gets a bundle has no passwords: what a password alone proves is not judged there."""
NAMES = sorted(
    file.parent.name for file in CAPTURES.glob(f"*/{CAPTURE_NAME}") if not file.parent.name.startswith(WITH_PASSWORD)
)
FLAWS = "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0"


def renamed(federation: Federation, redactor: Redactor) -> Federation:
    """The federation as the users of a bundle are called."""
    testbeds = {}
    for name, testbed in federation.testbeds.items():
        subscribers = tuple(
            one.model_copy(
                update={
                    "impi": redactor.identities.in_text(one.impi),
                    "password": None,
                    "impus": tuple(redactor.identities.in_text(impu) for impu in one.impus),
                }
            )
            for one in testbed.subscribers
        )
        testbeds[name] = testbed.model_copy(update={"subscribers": subscribers})
    return federation.model_copy(update={"testbeds": testbeds})


def verdicts(procedures: Procedures) -> list[object]:
    return [
        (
            one.flow,
            one.interoperability if any(c.id == "PRES-31" for c in one.criteria) else one.pair,
            one.frames,
            [(c.id, c.verdict, c.node, len(c.evidence)) for c in one.criteria if c.id not in WITH_PASSWORD],
        )
        for one in procedures
    ]


def test_every_reference_capture_gets_the_same_verdicts_of_the_same_frames(tmp_path: Path) -> None:
    old, new = [], []
    known = {name: federation_of(name) for name in NAMES}
    known_after: dict[str, Federation | None] = {}
    for name in NAMES:
        old.append((name, read_packets(CAPTURES / name / CAPTURE_NAME)))
        redactor, (capture,) = redacted([CAPTURES / name / CAPTURE_NAME])
        (tmp_path / name).write_bytes(capture.data)
        new.append((name, read_packets(tmp_path / name)))
        federation = known[name]
        known_after[name] = None if federation is None else renamed(federation, redactor)
    before, after = judged_together(old, known), judged_together(new, known_after)
    assert {name: verdicts(after[name]) for name in NAMES} == {name: verdicts(before[name]) for name in NAMES}


def flawed(file: Path) -> tuple[int, int]:
    """How many frames there are, and in how many Wireshark finds something malformed or a wrong checksum."""

    def count(display_filter: str) -> int:
        options = [part for kind in ("ip", "udp", "tcp") for part in ("-o", f"{kind}.check_checksum:TRUE")]
        command = ["tshark", "-r", str(file), *options, "-T", "fields", "-e", "frame.number", "-Y", display_filter]
        return len(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())

    return count("frame"), count(FLAWS)


@pytest.mark.parametrize(
    "name",
    [
        "handbuilt-registration-event",
        "handbuilt-registration-home-access",
        "handbuilt-registration-third-party",
        "handbuilt-registration-ipsec",
        "handbuilt-registration-digest",
        "kamailio-registration-home",
    ],
)
def test_wireshark_finds_no_more_fault_than_before(name: str, tmp_path: Path) -> None:
    file = CAPTURES / name / CAPTURE_NAME
    _, (capture,) = redacted([file])
    (tmp_path / "new.pcapng").write_bytes(capture.data)
    frames, faults = flawed(file)
    new_frames, new_faults = flawed(tmp_path / "new.pcapng")
    assert new_frames == frames
    assert new_faults <= faults
    old, new = read_packets(file), read_packets(tmp_path / "new.pcapng")
    assert [(len(p.data), p.time_ns, p.point) for p in new.packets] == [
        (len(p.data), p.time_ns, p.point) for p in old.packets
    ]


def test_comments_and_names_beside_the_packets_are_left_out(tmp_path: Path) -> None:
    source, told = CAPTURES / NAMES[0] / CAPTURE_NAME, tmp_path / "told.pcapng"
    comment = ["--capture-comment", "written by alice", "-a", "1:frame of alice"]
    subprocess.run(["editcap", *comment, str(source), str(told)], check=True, capture_output=True)
    assert b"alice" in told.read_bytes()
    _, (capture,) = redacted([told])
    assert b"alice" not in capture.data
    assert b"written by" not in capture.data


def test_what_is_no_capture_is_refused(tmp_path: Path, redactor: Redactor) -> None:
    file = tmp_path / "capture.pcapng"
    with pytest.raises(BadInput, match="expected the capture of a cell"):
        redact_capture(file, redactor)
    file.write_bytes(b"no capture at all, not even by chance")
    with pytest.raises(BadInput, match="expected the capture of a cell"):
        redact_capture(file, redactor)


def octets(capture: bytes) -> list[bytes]:
    return [found.data for found in ContentReader().feed(capture) if isinstance(found, Packet)]


def test_packets_of_a_tunnel_have_no_link_header_before_and_after(tmp_path: Path) -> None:
    """A tun interface gives raw IP; what is in it is redacted as everywhere."""
    source, file = CAPTURES / NAMES[0] / CAPTURE_NAME, tmp_path / "tunnel.pcapng"
    with file.open("wb") as stream:
        writer = PcapngWriter(stream)
        writer.interface("Ic", 101, "")
        for number, frame in enumerate(frame for frame in octets(source.read_bytes()) if frame[12:14] == b"\x08\x00"):
            writer.packet(0, number, frame[14:], len(frame) - 14)
    _, (plain,) = redacted([source])
    _, (bare,) = redacted([file])
    assert octets(bare.data) == [frame[14:] for frame in octets(plain.data) if frame[12:14] == b"\x08\x00"]
    assert octets(bare.data) != octets(file.read_bytes())
