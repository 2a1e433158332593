"""A phone with a person at it: what is said, and what of the packets counts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from conformance.stack.hop import Hop
from conformance.terminals.event_log import EventLog
from conformance.terminals.programs.manual import ManualTerminal, Person
from conformance.terminals.programs.program_terminal import Place
from conformance.terminals.terminal import RegistrationRejected, RegistrationTimedOut
from conformance.vocabulary.errors import NothingSeen
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.points import Point

ALICE = "sip:alice@uc3m.netlab.test"
LINK = bytes(42)
"""What is before SIP in a frame."""


def request(to: str = ALICE, call_id: str = "c1", number: int = 1) -> bytes:
    return (
        LINK
        + (
            f"REGISTER sip:uc3m.netlab.test SIP/2.0\r\nt: <{to}>\r\ni: {call_id}\r\nCSEQ : {number} REGISTER\r\n\r\n"
        ).encode()
    )


def answer(status: int, call_id: str = "c1") -> bytes:
    return (
        LINK
        + (f"SIP/2.0 {status} Whatever\r\nTo: <{ALICE}>\r\nCall-ID: {call_id}\r\nCSeq: 2 REGISTER\r\n\r\n").encode()
    )


class Packets:
    """What comes by."""

    def __init__(self, frames: Iterable[tuple[Point, bytes]]) -> None:
        self.frames = list(frames)

    def next(self, deadline: float) -> tuple[Point, bytes] | None:
        return self.frames.pop(0) if self.frames else None


class Phone:
    """A terminal, and what the person was told."""

    def __init__(self, federation: Federation, folder: Path, *frames: tuple[Point, bytes]) -> None:
        testbed = federation.testbeds["uc3m"]
        address = testbed.access_networks[0].pool[1]
        place = Place(federation, testbed, testbed.subscriber("alice"), address, Hop("127.35.1.11", 4060), folder)
        self.told: list[str] = []
        self.events = EventLog()
        self.terminal = ManualTerminal(place, self.events, Person(self.told.append, 7.0), Packets(frames))

    @property
    def kinds(self) -> list[str]:
        return [event.kind.value for event in self.events.events]


def at_gm(*frames: bytes) -> list[tuple[Point, bytes]]:
    return [(Point.GM, frame) for frame in frames]


def test_a_registration_is_seen(federation: Federation, tmp_path: Path) -> None:
    frames = at_gm(request(), answer(401), request(number=2), answer(200))
    phone = Phone(federation, tmp_path, (Point.GM, b"no SIP"), *frames)
    phone.terminal.register()
    assert phone.kinds == ["register-sent", "challenged", "register-sent", "registered"]
    assert not phone.terminal.registered  # nobody is asked to deregister when the cell is over
    (told,) = phone.told
    assert "please register sip:alice@uc3m.netlab.test at the P-CSCF 127.35.1.11 port 4060" in told
    assert "subscriber alice of uc3m" in told
    subscriber = phone.terminal.place.subscriber
    assert subscriber.k is not None
    assert subscriber.k.reveal().hex() not in told


def test_a_deregistration_is_seen(federation: Federation, tmp_path: Path) -> None:
    phone = Phone(federation, tmp_path, *at_gm(request(), answer(200)))
    phone.terminal.deregister()
    assert phone.kinds == ["register-sent", "deregistered"]


def test_nobody_came(federation: Federation, tmp_path: Path) -> None:
    phone = Phone(federation, tmp_path)
    with pytest.raises(NothingSeen, match=rf"no REGISTER of {ALICE} was seen at Gm within 7 s$"):
        phone.terminal.register()


@pytest.mark.parametrize("other", ["sip:alice@uc3m.netlab.test.example", "sip:bob@stuba.netlab.test"])
def test_other_users_do_not_count(federation: Federation, tmp_path: Path, other: str) -> None:
    phone = Phone(federation, tmp_path, *at_gm(request(other), answer(200)))
    with pytest.raises(NothingSeen, match="within 7 s; 1 of other users were"):
        phone.terminal.register()


def test_other_points_and_other_transactions_do_not_count(federation: Federation, tmp_path: Path) -> None:
    elsewhere = [(Point.MW, request()), (Point.MW, answer(200))]
    phone = Phone(federation, tmp_path, *elsewhere, *at_gm(request(), answer(200, "c2")))
    with pytest.raises(RegistrationTimedOut, match="REGISTER was seen at Gm, and no 200 to it within 7 s"):
        phone.terminal.register()


def test_a_refusal(federation: Federation, tmp_path: Path) -> None:
    phone = Phone(federation, tmp_path, *at_gm(request(), answer(403)))
    with pytest.raises(RegistrationRejected, match="403"):
        phone.terminal.register()


@pytest.mark.parametrize("damaged", [b"Call-ID", b"CSeq", b"To"])
def test_an_answer_without_its_fields_is_passed_over(federation: Federation, tmp_path: Path, damaged: bytes) -> None:
    phone = Phone(federation, tmp_path, *at_gm(request(), answer(200).replace(damaged, b"X")))
    with pytest.raises(RegistrationTimedOut):
        phone.terminal.register()
