"""Between which sightings a time is measured; what becomes of it is in `test_times` of the judgement."""

from __future__ import annotations

from conformance.criteria.waits import between, first_media, ringing, success
from conformance.vocabulary.roles import Role
from tests.criteria.call_lab import call, found


def test_ringing_and_answer_are_found_on_the_hop_of_the_caller() -> None:
    hop = found(call()).invite.hop_from(Role.CALLER)
    assert hop is not None
    rings, answer = ringing(hop), success(hop)
    assert rings is not None
    assert answer is not None
    wait = between(hop.request, rings)
    assert wait is not None
    assert hop.request is not None
    assert (wait[1], wait[2]) == (rings.frame, rings.time_ns - hop.request.time_ns)


def test_what_is_missing_or_goes_backwards_is_no_time() -> None:
    hop = found(call()).invite.hop_from(Role.CALLER)
    assert hop is not None
    assert between(hop.request, None) is None
    assert between(success(hop), hop.request) is None
    assert first_media(found(call())) is None
