"""What is known of a whole trace."""

from __future__ import annotations

from typing import Any

from conformance.judgement.surroundings import Surroundings
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role


def test_who_speaks_cx_and_where_registers_go(lab: Any) -> None:
    around = Surroundings(lab.trace())
    assert around.speakers.is_only("127.40.1.12", Role.HOME_ICSCF)
    assert around.speakers.is_only("127.40.1.13", Role.HOME_SCSCF)
    assert around.relays == {"127.40.1.11", "127.40.1.12", "127.40.1.13"}
    assert around.end_ns == lab.trace().messages[-1].time_ns


def test_answers_alone_show_where_registers_go(lab: Any) -> None:
    lab.entries = [lab["g401"], lab["i401"]]
    assert Surroundings(lab.trace()).relays == {"127.40.1.11", "127.40.1.12"}


def test_points_are_declared_or_seen(lab: Any) -> None:
    lab.points = (Point.GM,)
    assert Surroundings(lab.trace()).points == {Point.GM, Point.CX, Point.DNS}
    lab.entries = [lab["gm1"]]
    assert Surroundings(lab.trace()).points == {Point.GM}


def test_drops_are_losses(lab: Any) -> None:
    assert Surroundings(lab.trace()).lossless
    lab.drops = None
    assert not Surroundings(lab.trace()).lossless


def test_what_is_found_in_the_whole_is_looked_for_once(lab: Any) -> None:
    around, calls = Surroundings(lab.trace()), []

    def count(whole: Surroundings) -> int:
        calls.append(whole)
        return len(whole.trace.messages)

    assert around.once(count) == around.once(count) == len(lab.entries)
    assert calls == [around]
