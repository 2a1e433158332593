"""How long a user waits: which two messages, which of their sightings, and when nothing can be said."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.criteria.registration import Hop
from conformance.judgement.times import between, of_invite
from conformance.trace.model import Sighting, SipMessage
from conformance.trace.sip import read_sip
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.times import TimeName

UE, PCSCF = Endpoint("127.40.1.100", 5062, "udp"), Endpoint("127.40.1.11", 4060, "udp")
MS = 1_000_000


def message(line: str, frame: int, ms: float, *more: Sighting) -> SipMessage:
    raw = f"{line}\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n".encode()
    return SipMessage((sighting(frame, ms), *more), raw, sip=read_sip(raw))


def sighting(frame: int, ms: float, point: Point = Point.GM, capture: int = 0) -> Sighting:
    return Sighting(capture, frame, round(ms * MS), point, UE, PCSCF)


INVITE = message("INVITE sip:bob@stuba.test SIP/2.0", 1, 10)
RINGING = message("SIP/2.0 180 Ringing", 5, 90.25)
OK = message("SIP/2.0 200 OK", 9, 2010)


def call(*provisional: SipMessage, response: SipMessage | None = OK) -> Hop:
    return Hop(Role.UE, Role.HOME_PCSCF, INVITE, response, 1, (), provisional)


def test_a_registration_lasts_from_the_first_register_to_the_200(lab: Any) -> None:
    (time,) = lab.judge().times
    arrows = [arrow for arrow in lab.judge().ladder if {arrow.source, arrow.destination} == {"ue", "home-pcscf"}]
    assert (time.name, time.capture) == ("registration", 0)
    assert (time.from_frame, time.to_frame) == (arrows[0].frame, arrows[-1].frame)
    assert arrows[0].summary.startswith("REGISTER")
    assert arrows[-1].summary == "200 OK"
    assert time.ms == (arrows[-1].time_ns - arrows[0].time_ns) / MS


@pytest.mark.parametrize("gone", ["gm1", "g200"])
def test_without_one_of_its_ends_there_is_no_time(lab: Any, gone: str) -> None:
    assert lab.drop(gone).judge().times == []


def test_a_refused_registration_has_none(lab: Any) -> None:
    assert lab.edit("s200 i200 g200", "200 OK", "403 Forbidden").judge().times == []


def test_a_call_has_post_dial_delay_and_set_up_time() -> None:
    trying, progress = message("SIP/2.0 100 Trying", 2, 11), message("SIP/2.0 183 Session Progress", 4, 60)
    delay, set_up = of_invite(call(trying, progress, RINGING))
    assert (delay.name, delay.ms, delay.from_frame, delay.to_frame) == ("post-dial-delay", 50.0, 1, 4)
    assert (set_up.name, set_up.ms, set_up.from_frame, set_up.to_frame) == ("set-up", 2000.0, 1, 9)


def test_a_call_that_is_not_answered_has_post_dial_delay_alone() -> None:
    busy = message("SIP/2.0 486 Busy Here", 7, 500)
    assert [(one.name, one.ms) for one in of_invite(call(RINGING, response=busy))] == [("post-dial-delay", 80.25)]
    assert of_invite(call(response=None)) == []
    assert of_invite(None) == []


def test_of_a_message_that_passes_several_points_the_same_one_is_taken() -> None:
    asked = replace_sightings(INVITE, sighting(1, 10, Point.ACCESS), sighting(2, 12))
    answered = replace_sightings(OK, sighting(8, 30), sighting(9, 33, Point.ACCESS))
    found = between(TimeName.SET_UP, asked, answered)
    assert found is not None
    assert (found.from_frame, found.to_frame, found.ms) == (1, 9, 23.0)


def test_between_two_captures_nothing_is_measured() -> None:
    assert between(TimeName.SET_UP, INVITE, replace_sightings(OK, sighting(9, 30, capture=1))) is None


def test_a_clock_that_goes_back_gives_no_time() -> None:
    assert between(TimeName.SET_UP, INVITE, replace_sightings(OK, sighting(9, 3))) is None


def replace_sightings(of: SipMessage, *sightings: Sighting) -> SipMessage:
    return SipMessage(sightings, of.raw, sip=of.sip)
