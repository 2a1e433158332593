"""`netlab validate`: exit codes, keys, several captures, and one line for every mistake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.ipsec import ESP, SecurityAssociation

from conformance.cli import main
from conformance.commands.validate import exit_code
from conformance.faults.pcapfile import Packet, encode_pcapng, read_packets
from conformance.faults.reference import CAPTURE_NAME, CAPTURES
from conformance.vocabulary.errors import Exit
from conformance.vocabulary.results import CellResult, Judgement
from conformance.vocabulary.verdicts import Verdict

KEY = bytes(range(16))
ESP_IN_IP = 50
CHECK_OCTETS = 12
"""HMAC-SHA-1-96."""
HOME = str(CAPTURES / "handbuilt-registration-home" / CAPTURE_NAME)


@pytest.mark.parametrize(
    ("case", "words", "code"),
    [
        ("handbuilt-registration-home", [], 0),
        ("handbuilt-registration-home", ["--flow", "registration-home"], 0),
        ("REG-38-fail-no-service-route", [], 1),
        ("handbuilt-registration-home", ["--flow", "registration-visited"], 1),
        ("inconclusive-without-cx", [], 3),
        ("handbuilt-registration-home", ["--flow", "deregistration"], 5),
    ],
)
def test_the_exit_code_says_what_became_of_it(case: str, words: list[str], code: int) -> None:
    assert main(["validate", str(CAPTURES / case / CAPTURE_NAME), *words]) == code


@pytest.mark.parametrize("drops", [0, None, 2])
@pytest.mark.parametrize(
    ("pair", "code"),
    [
        ((Verdict.PASS, Verdict.PASS), Exit.AS_EXPECTED),
        ((Verdict.PASS, Verdict.NOT_APPLICABLE), Exit.AS_EXPECTED),
        ((Verdict.PASS, Verdict.INCONCLUSIVE), Exit.INCONCLUSIVE),
        ((Verdict.INCONCLUSIVE, Verdict.FAIL), Exit.DIFFERS),
        ((Verdict.FAIL, Verdict.ERROR), Exit.BROKEN),
    ],
)
def test_the_worst_verdict_decides_and_leaving_the_flow_that_was_asked_for_differs(
    make_cell: Callable[..., CellResult], pair: tuple[Verdict, Verdict], code: Exit, drops: int | None
) -> None:
    cell = make_cell()
    captures = [capture.model_copy(update={"drops": drops}) for capture in cell.captures]
    changes = {"interoperability": pair[0], "conformance": pair[1]}
    followed = cell.procedures[0].model_copy(update=changes)
    left = followed.model_copy(update={"departure": "the flow was left"})
    assert exit_code(Judgement(captures=captures, procedures=[followed]), flow="registration-home") is code
    assert exit_code(Judgement(captures=captures, procedures=[left]), flow=None) is code
    at_least = Exit.DIFFERS if drops == 0 else Exit.INCONCLUSIVE
    expected = at_least if code is Exit.AS_EXPECTED or code is Exit.INCONCLUSIVE else code
    assert exit_code(Judgement(captures=captures, procedures=[left]), flow="registration-home") is expected


def sealed(packet: Packet) -> Packet:
    """Encrypt what the capture has in ESP without encryption."""
    ip = IP(packet.data[14:])
    if ip.proto != ESP_IN_IP:
        return packet
    esp = ip[ESP]
    behind = bytes(esp.data)[:-CHECK_OCTETS]
    datagram = UDP(behind[: -2 - behind[-2]])  # RFC 4303 2.4: padding, its length, next header
    association = SecurityAssociation(ESP, spi=esp.spi, crypt_algo="AES-CBC", crypt_key=KEY)
    protected = association.encrypt(IP(src=ip.src, dst=ip.dst) / datagram)
    return Packet(packet.point, packet.time_ns, packet.data[:14] + bytes(protected))


@pytest.fixture
def encrypted(tmp_path: Path) -> Path:
    """A conforming registration whose second attempt at Gm nobody can read without the key."""
    capture = read_packets(CAPTURES / "handbuilt-registration-ipsec" / CAPTURE_NAME)
    file = tmp_path / "encrypted.pcapng"
    packets = tuple(sealed(packet) for packet in capture.packets)
    file.write_bytes(encode_pcapng(replace(capture, packets=packets)))
    return file


def test_with_the_keys_an_encrypted_registration_is_judged(
    encrypted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text(f'"IPv4","*","*","*","AES-CBC [RFC3602]","0x{KEY.hex()}","NULL",""\n')
    assert main(["validate", str(encrypted)]) == 3
    assert "26 with signalling" in capsys.readouterr().out
    assert main(["validate", str(encrypted), "--keys", str(keys)]) == 0
    out = capsys.readouterr().out
    assert "28 with signalling" in out
    assert KEY.hex() not in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none.pcap"], "none.pcap: cannot be read"),
        ([HOME, "none.pcap"], "none.pcap: cannot be read"),
        ([__file__], "not a capture file"),
        (["/dev/null"], "found a pipe or a device"),
        (["a\0b"], "embedded null byte"),
        (["a\udcffb"], "a\\udcffb: a name that is no UTF-8"),
        (["a\x1b[2Jb"], "a\\x1b[2Jb: cannot be read"),
        ([HOME, "--flow", "registration-hom"], "registration-hom"),
        ([HOME, "--federation", "none.toml"], "none.toml"),
        ([HOME, "--federation", __file__], "test_validate.py"),
        ([HOME, "--keys", "none.txt"], "none.txt: cannot be read"),
        ([HOME, "--keys", HOME], "is no key"),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_mistake_is_one_line_and_nothing_is_printed(
    capsys: pytest.CaptureFixture[str], words: list[str], told: str, form: list[str]
) -> None:
    assert main(["validate", *words, *form]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("netlab: ")
    assert told in error
    assert error.count("\n") == 1


def test_without_tshark_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["validate", HOME]) == 4
    assert "apt-get install tshark" in capsys.readouterr().err
