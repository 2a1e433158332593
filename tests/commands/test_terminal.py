"""`netlab terminal list|show|identify`: what is printed, what is written, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.cli import main
from conformance.faults.reference import CAPTURE_NAME, CAPTURES
from conformance.quirks.catalogue import all_quirks
from conformance.quirks.profiles import profile_named, profile_names
from conformance.vocabulary.identified import Identification

BARESIP = str(CAPTURES / "baresip-registration-md5" / CAPTURE_NAME)
CALL = str(CAPTURES / "baresip-call-roaming" / CAPTURE_NAME)
NO_REGISTER = str(CAPTURES / "handbuilt-xcap" / CAPTURE_NAME)


def test_the_list_has_every_profile_and_every_quirk(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terminal", "list"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {name} " in text for name in profile_names())
    assert all(f"\n  {id} " in text for id in all_quirks())
    assert "impossible: S60 does not implement dedicated mode" in text


@pytest.mark.parametrize("name", [*profile_names(), "standard+Q4", "symbian-s60+Q9"])
def test_a_profile_is_shown_with_all_that_is_known_of_its_quirks(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["terminal", "show", name]) == 0
    words = " ".join(capsys.readouterr().out.split())
    profile = profile_named(name)
    assert profile.title in words
    for quirk in profile.quirks:
        assert f"{quirk.id} {quirk.title} ({quirk.severity})" in words
        assert " ".join(quirk.words.split()) in words
        assert all(" ".join(evidence.where.split()) in words for evidence in quirk.evidence)


def test_its_first_register_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terminal", "show", "standard+Q1"]) == 0
    assert "\n    REGISTER sip:home.net:4060;transport=UDP SIP/2.0\n" in capsys.readouterr().out


def test_an_unknown_profile_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terminal", "show", "nokia\x1b"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "symbian-s60" in line
    assert "\x1b" not in line


def test_the_terminals_of_a_capture(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terminal", "identify", BARESIP]) == 0
    text = capsys.readouterr().out
    assert "terminal 1 of 1: 10.1.0.101:5092/udp sip:andy@ims-a.test" in text
    assert "Contact bytes 154 to 166 ';expires=600' (frames: 1, 3, 5, 7)" in text
    assert "unknown deviation: REG-12" in text
    assert "reproduced by the profile standard+Q5+Q6+Q14+U4" in text


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terminal", "identify", BARESIP, "--json"]) == 0
    found = Identification.model_validate(json.loads(capsys.readouterr().out))
    (terminal,) = found.terminals
    assert [quirk.id for quirk in terminal.quirks] == ["Q5", "Q6", "Q14", "U4"]
    assert [quirk.deviates for quirk in terminal.quirks] == [False, True, False, False]


def test_a_profile_is_written_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "phone.toml"
    assert main(["terminal", "identify", BARESIP, "--write", str(file)]) == 0
    assert profile_named(str(file)).ids == {"Q5", "Q6", "Q14", "U4"}
    assert main(["terminal", "show", str(file)]) == 0
    before = file.read_bytes()
    assert main(["terminal", "identify", BARESIP, "--write", str(file)]) == 2
    assert "there is such a file already" in capsys.readouterr().err
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", ["phone.txt", "missing/phone.toml"])
def test_a_place_that_no_profile_may_have_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    assert main(["terminal", "identify", BARESIP, "--write", str(tmp_path / name)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_of_several_terminals_one_can_be_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["terminal", "identify", CALL, "--terminal", "sip:dave"]) == 0
    assert "terminal 1 of 1: 10.1.1.129:5060/udp sip:dave@octopus.netlab.test" in capsys.readouterr().out
    assert main(["terminal", "identify", CALL, "--terminal", "nobody"]) == 2
    assert "no terminal has that" in capsys.readouterr().err


def test_a_capture_without_register_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "phone.toml"
    assert main(["terminal", "identify", NO_REGISTER, "--write", str(file)]) == 5
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not file.exists()


def test_no_capture_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "text.pcap").write_text("no capture")
    assert main(["terminal", "identify", str(tmp_path / "text.pcap")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
