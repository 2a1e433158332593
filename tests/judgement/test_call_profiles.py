"""The profile of a user is the newest one that the S-CSCF has."""

from __future__ import annotations

import pytest

from conformance.judgement.call_profiles import profile_of
from conformance.judgement.surroundings import Surroundings
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.numbers import Avp
from conformance.vocabulary.points import Point
from tests.criteria.registration_lab import Entry, Lab

HSS, SCSCF = Endpoint("192.0.2.14", 3868, "tcp"), Endpoint("192.0.2.13", 40313, "tcp")
BOB, WORK = "sip:bob@h.test", "sip:bob.work@h.test"
REGISTRATION, AGAIN, UNREGISTERED, USER_LEAVES = 1, 2, 3, 5


def profile(*identities: str) -> str:
    named = "".join(f"<PublicIdentity><Identity>{one}</Identity></PublicIdentity>" for one in identities)
    return f"<IMSSubscription><ServiceProfile>{named}</ServiceProfile></IMSSubscription>"


def told(*exchanges: tuple[int, str | None]) -> Surroundings:
    """Return a trace of SAR and SAA: type of assignment, and User-Data where the answer has some; 0: a PPR."""
    entries = []
    for number, (kind, data) in enumerate(exchanges, 1):
        at = number * 1000
        command, name = (305, "PPR") if kind == 0 else (301, "SAR")
        asked = [] if kind == 0 else [(Avp.PUBLIC_IDENTITY, BOB), (Avp.SERVER_ASSIGNMENT_TYPE, kind)]
        given: list[tuple[Avp, object]] = [(Avp.RESULT_CODE, 2001)]
        if data is not None:
            given.append((Avp.USER_DATA, data))
        ends = (HSS, SCSCF) if kind == 0 else (SCSCF, HSS)
        entries.append(Entry(f"{name} {number}", Point.CX, *ends, "", command, True, asked, time_ns=at))
        entries.append(Entry(f"answer {number}", Point.CX, *ends[::-1], "", command, False, given, time_ns=at + 100))
    return Surroundings(Lab(entries).trace())


def test_every_identity_of_a_profile_has_it_from_the_answer_on() -> None:
    around = told((REGISTRATION, profile(BOB, WORK)))
    assert profile_of(BOB, 1100, around) is None
    for identity in (BOB, WORK):
        found = profile_of(identity, 1101, around)
        assert found is not None
        assert found.data.data == profile(BOB, WORK).encode()
    assert profile_of("sip:carol@h.test", 9999, around) is None


def test_an_answer_without_profile_changes_nothing_and_one_with_it_does() -> None:
    around = told((REGISTRATION, profile(BOB)), (AGAIN, None), (AGAIN, profile(BOB, WORK)))
    first, last = profile_of(BOB, 3000, around), profile_of(BOB, 9999, around)
    assert first is not None
    assert last is not None
    assert first.message is not last.message


@pytest.mark.parametrize("later", [(USER_LEAVES, None), (UNREGISTERED, profile(BOB, WORK)), (0, profile(BOB, WORK))])
def test_a_profile_that_is_given_up_or_for_other_times_is_none(later: tuple[int, str | None]) -> None:
    around = told((REGISTRATION, profile(BOB, WORK)), later)
    assert profile_of(WORK, 9999, around) is None
