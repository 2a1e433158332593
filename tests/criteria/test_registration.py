"""The view of a registration: attempts and their hops by role."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.criteria.registration import Registration
from conformance.judgement.registrations import find_registrations
from conformance.trace.correlate import correlate
from conformance.vocabulary.points import Point


@pytest.fixture
def registration(lab: Any) -> Registration:
    trace = lab.trace()
    return find_registrations(trace, correlate(trace), None)[0]


def test_attempts(registration: Registration) -> None:
    first, second = registration.attempts
    assert registration.challenged is first
    assert registration.answered is second
    assert registration.accepted is second
    assert (first.status, second.status) == (401, 200)


def test_hops_by_role(registration: Registration) -> None:
    attempt = registration.first
    assert [hop.depth for hop in attempt.hops] == [1, 2, 3]
    assert (attempt.gm, attempt.from_pcscf, attempt.from_icscf) == attempt.hops
    assert (attempt.to_icscf, attempt.to_scscf) == attempt.hops[1:]


def test_exchanges_and_lookups(registration: Registration) -> None:
    assert [e.command for a in registration.attempts for e in a.exchanges] == ["UAR", "MAR", "UAR", "SAR"]
    assert [(lookup.type, lookup.name) for lookup in registration.lookups] == [
        ("NAPTR", "uc3m.test"),
        ("SRV", "_sip._udp.uc3m.test"),
        ("A", "icscf.uc3m.test"),
        ("A", "scscf.uc3m.test"),
    ]


def test_every_message_is_in_it(registration: Registration, lab: Any) -> None:
    assert len(list(registration.messages)) == len(lab.entries)
    assert registration.sees(Point.CX)
    assert not registration.sees(Point.ISC)
