"""Registrations that are refreshed and taken away."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.criteria.procedure import Kind
from conformance.judgement import judge
from conformance.trace.model import CaptureFile, Trace
from conformance.vocabulary.numbers import Avp

START_NS = 1_700_000_000_000_000_000


def again(lab: Any, seconds: int) -> Any:
    """Make it a second procedure of the same terminal, so much later."""
    for index, entry in enumerate(lab.entries, 1):
        for part in ("ue", "p", "i"):
            for n in (1, 2):
                entry.sip = entry.sip.replace(f"z9hG4bK{part}{n}", f"z9hG4bK{part}{n + 2}")
        entry.sip = entry.sip.replace("CSeq: 2 ", "CSeq: 4 ").replace("CSeq: 1 ", "CSeq: 3 ")
        entry.time_ns = START_NS + seconds * 1_000_000_000 + index * 1_000_000
        entry.key += "6" if entry.command else ""
    return lab


def second(lab: Any, other: Any, drops: int = 0) -> Any:
    """Judge both together and return the second procedure."""
    messages = sorted((m for one in (lab, other) for m in one.trace().messages), key=lambda m: m.time_ns)
    capture = CaptureFile("hand.pcapng", len(messages), len(messages), drops, lab.points, ())
    _, result = judge(Trace((capture,), tuple(messages)), confirm=None).procedures
    return result


def failing(result: Any) -> list[str]:
    return [criterion.id for criterion in result.criteria if criterion.verdict == "FAIL"]


@pytest.fixture
def other(md5_lab: Any) -> Any:
    """A second registration, until a test makes something else of it."""
    return md5_lab


def refreshed(lab: Any, seconds: int) -> Any:
    return again(lab.avp("sar", Avp.SERVER_ASSIGNMENT_TYPE, 2), seconds)


@pytest.mark.parametrize(("seconds", "late"), [(1, []), (2999, []), (3002, ["REG-47"]), (3500, ["REG-47"])])
def test_a_long_registration_is_refreshed_600_s_before_its_end(lab: Any, other: Any, seconds: Any, late: Any) -> None:
    result = second(lab, refreshed(other, seconds))
    assert (result.flow, failing(result)) == (Kind.REREGISTRATION, late)


@pytest.mark.parametrize(("seconds", "late"), [(299, []), (302, ["REG-47"])])
def test_a_short_registration_is_refreshed_at_half_time(lab: Any, other: Any, seconds: Any, late: Any) -> None:
    lab.edit("s200 i200 g200", "expires=3600", "expires=600")
    assert failing(second(lab, refreshed(other, seconds))) == late


def test_the_hss_is_told_of_another_kind(lab: Any, other: Any) -> None:
    assert failing(second(lab, again(other, 60))) == ["REG-36"]


def removed(lab: Any, kind: int = 5) -> Any:
    for key in ("gm1", "p1", "i1", "gm2", "p2", "i2"):
        lab.edit(key, ";expires=600000", ";expires=0")
    lab.edit("s200 i200 g200", "Contact: <sip:alice@127.40.1.100:5062>;expires=3600\r\n", "")
    return lab.avp("sar", Avp.SERVER_ASSIGNMENT_TYPE, kind)


@pytest.mark.parametrize(("kind", "wrong"), [(5, []), (7, []), (1, ["REG-48"]), (4, ["REG-48"])])
def test_a_deregistration(lab: Any, other: Any, kind: Any, wrong: Any) -> None:
    result = second(lab, again(removed(other, kind), 60))
    assert (result.flow, failing(result)) == (Kind.DEREGISTRATION, wrong)
    assert not {"REG-38", "REG-41", "REG-07"} & {criterion.id for criterion in result.criteria}


def test_a_deregistration_without_sar(lab: Any, other: Any) -> None:
    assert failing(second(lab, again(removed(other).drop("sar saa"), 60))) == ["REG-48"]


def test_a_binding_that_stays(lab: Any, other: Any) -> None:
    stays = "Contact: <sip:alice@127.40.1.100:5062>;expires=60\r\nService-Route"
    removed(other).edit("s200 i200 g200", "Service-Route", stays)
    assert failing(second(lab, again(other, 60))) == ["REG-48"]


def test_another_binding_that_stays_needs_no_sar(lab: Any, other: Any) -> None:
    stays = "Contact: <sip:alice@127.40.1.101:5062>;expires=60\r\nService-Route"
    removed(other).edit("s200 i200 g200", "Service-Route", stays).drop("sar saa")
    assert failing(second(lab, again(other, 60))) == []


def test_without_a_challenge(lab: Any, other: Any) -> None:
    keep = {"gm2", "p2", "i2", "uar2", "uaa2", "sar", "saa", "s200", "i200", "g200"}
    removed(other).entries = [entry for entry in other.entries if entry.key in keep]
    result = second(lab, again(other, 60))
    assert (result.flow, failing(result)) == (Kind.DEREGISTRATION, [])
    assert not [criterion.id for criterion in result.criteria if criterion.verdict == "INCONCLUSIVE"]
    assert [reason for reason in result.reasons if "the flow was left" in reason] == []


def test_behind_its_end_a_registration_is_initial_again(lab: Any, other: Any) -> None:
    assert second(lab, again(other, 3700)).flow == "registration-home"


def test_a_refresh_that_was_lost_may_have_been_in_time(lab: Any, other: Any) -> None:
    result = second(lab, refreshed(other, 3500), drops=1)
    assert failing(result) == []
    assert next(c for c in result.criteria if c.id == "REG-47").verdict == "INCONCLUSIVE"
