"""A call by what a program says of it: each end of a call, without the program."""

from __future__ import annotations

import struct
import time
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from conformance.protocols.tone import tone
from conformance.terminals.call_failures import CallRefused, CallTimedOut
from conformance.terminals.programs.baresip import MENU
from conformance.terminals.programs.menu_call import MenuCall, last_second
from conformance.terminals.programs.sip_trace import SipTrace
from conformance.terminals.session import SessionState
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.events import EventKind

INVITE = ("INVITE sip:bob@b.test SIP/2.0", "CSeq: 7 INVITE")
BYE = ("BYE sip:bob@b.test SIP/2.0", "CSeq: 8 BYE")
RINGS = ("SIP/2.0 180 Ringing", "CSeq: 7 INVITE")
INCOMING = ("sip:bob@b.test: Incoming call from:  sip:alice@a.test - (press 'a' to accept)",)
ESTABLISHED = ("sip:bob@b.test: Call established: sip:alice@a.test",)


def final(status: int, reason: str, method: str = "INVITE", number: int = 7) -> tuple[str, str]:
    return f"SIP/2.0 {status} {reason}", f"CSeq: {number} {method}"


class Scripted:
    """baresip's part: what it will say, and what it was told."""

    impu = "sip:bob@b.test"
    menu = MENU
    tone_hz = 700

    def __init__(self, folder: Path) -> None:
        self._recording = folder / "heard.wav"
        self.lines: list[str] = []
        self.told: list[str] = []
        self.events: list[tuple[EventKind, int | None, str]] = []
        self.call: MenuCall | None = None
        self._trace = SipTrace()

    def heard(self) -> array[int]:
        return last_second(self._recording)

    def says(self, *groups: Sequence[str]) -> None:
        self.lines += [line for group in groups for line in group]

    def command(self, words: str) -> None:
        self.told.append(words)

    def listen(self, until: Callable[[], bool], deadline: float) -> bool:
        while not until():
            if not self.lines:
                return False
            line = self.lines.pop(0)
            assert self.call is not None
            self.call.take(line, self._trace.read(line))
        return True

    def deadline(self) -> float:
        return time.monotonic() + 0.05

    def record(self, kind: EventKind, status: int | None = None, detail: str = "") -> None:
        self.events.append((kind, status, detail))

    @property
    def kinds(self) -> list[str]:
        return [kind.value for kind, _, _ in self.events]


@pytest.fixture
def baresip(tmp_path: Path) -> Scripted:
    return Scripted(tmp_path)


def calls(baresip: Scripted, *groups: Sequence[str]) -> MenuCall:
    baresip.says(INVITE, *groups)
    baresip.call = MenuCall(baresip, "sip:alice@a.test")
    baresip.call.wait_begun()
    return baresip.call


def is_called(baresip: Scripted, *groups: Sequence[str]) -> MenuCall:
    baresip.says(INVITE, RINGS, INCOMING, *groups)
    baresip.call = MenuCall(baresip)
    baresip.call.wait_begun()
    return baresip.call


def write_wav(folder: Path, samples: Sequence[int], name: str = "heard.wav") -> None:
    (folder / name).write_bytes(bytes(44) + struct.pack(f"<{len(samples)}h", *samples))


def test_the_end_that_calls(baresip: Scripted) -> None:
    call = calls(baresip, RINGS, final(200, "OK"), ESTABLISHED)
    call.wait_ringing()
    call.wait_answered()
    assert (call.state, call.status) == (SessionState.ESTABLISHED, 200)
    baresip.says(BYE, final(200, "OK", "BYE", 8))
    call.hang_up()
    assert baresip.told == ["/dial sip:alice@a.test", "/hangup"]
    assert baresip.kinds == ["calling", "ringing", "answered", "ended"]


def test_the_end_that_is_called(baresip: Scripted) -> None:
    call = is_called(baresip, final(200, "Answering"), ESTABLISHED)
    call.ring()
    call.answer()
    baresip.says(BYE)
    call.wait_ended()
    assert baresip.told == ["/accept"]
    assert baresip.events[1] == (EventKind.INVITED, None, "baresip: sip:alice@a.test")
    assert baresip.kinds == ["ringing", "invited", "answered", "ended"]


def test_a_refusal_is_told(baresip: Scripted) -> None:
    call = calls(baresip, final(486, "Busy Here"))
    with pytest.raises(CallRefused, match="486 Busy Here"):
        call.wait_ringing()
    call.wait_refused(486)
    with pytest.raises(AssertionError, match="refusal with 404; found 486: Busy Here"):
        call.wait_refused(404)
    assert baresip.kinds == ["calling", "refused"]


def test_it_gives_up_without_an_answer(baresip: Scripted) -> None:
    call = calls(baresip, ["call: session closed: Connection timed out"])
    with pytest.raises(CallRefused, match="Connection timed out"):
        call.wait_answered()


def test_the_caller_gives_up(baresip: Scripted) -> None:
    call = calls(baresip, RINGS)
    call.wait_ringing()
    baresip.says(final(487, "Request Terminated"))
    call.cancel()
    call.wait_refused(487)
    assert baresip.told[-1] == "/hangup"
    assert baresip.kinds == ["calling", "ringing", "cancelled"]


def test_it_refuses_with_486_only(baresip: Scripted) -> None:
    call = is_called(baresip, final(486, "Rejected"))
    with pytest.raises(HarnessFault, match="expected a refusal with 486, found 603"):
        call.refuse(603)
    call.refuse(486)
    assert baresip.kinds == ["ringing", "invited", "refused"]


def test_what_does_not_come_is_named(baresip: Scripted) -> None:
    call = calls(baresip)
    with pytest.raises(CallTimedOut, match=r"sip:bob@b\.test: baresip: awaited 180; the call is begun"):
        call.wait_ringing()
    assert baresip.kinds == ["calling", "timed-out"]


def test_the_tone_of_the_other_end_is_heard(baresip: Scripted, tmp_path: Path) -> None:
    call, other = calls(baresip), Scripted(tmp_path)
    write_wav(tmp_path, tone(700, 8000))
    call.wait_heard(MenuCall(other))
    assert baresip.events[-1] == (EventKind.HEARD, None, "700 Hz, by baresip's own recording")


@pytest.mark.parametrize(
    ("samples", "found"),
    [
        ([], "heard nothing"),
        ([0] * 8000, "heard nothing"),
        (tone(900, 8000), "heard 900 Hz"),
        (tone(700, 800), "heard"),
    ],
)
def test_another_tone_silence_or_too_little_is_not_enough(
    baresip: Scripted, tmp_path: Path, samples: list[int], found: str
) -> None:
    call, other = calls(baresip), Scripted(tmp_path)
    write_wav(tmp_path, samples)
    with pytest.raises(CallTimedOut, match=f"awaited the tone of 700 Hz, {found}"):
        call.wait_heard(MenuCall(other))


def test_of_a_recording_the_last_second_counts(tmp_path: Path) -> None:
    recording = tmp_path / "heard.wav"
    assert len(last_second(None)) == len(last_second(recording)) == 0
    write_wav(tmp_path, [1] * 8000 + [2] * 8000)
    recording.write_bytes(recording.read_bytes() + b"\x01")  # a sample that is half written
    assert set(last_second(recording)) == {2}
    recording.write_bytes(b"RIFF")
    assert len(last_second(recording)) == 0
