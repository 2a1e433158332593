"""A large trace is judged in parts, in one process or in several: the verdicts are those of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest

from conformance.judgement import judge
from conformance.judgement.large import Inquiry, Procedures
from conformance.judgement.outcome import Asked
from conformance.judgement.surroundings import Surroundings
from conformance.trace.model import Trace
from conformance.vocabulary.results import ProcedureResult
from conformance.vocabulary.verdicts import Verdict
from tests.criteria.event_lab import registration_with_events
from tests.criteria.registration_lab import home_registration
from tests.judgement.crowd import as_user, crowd, damaged

pytestmark = [
    pytest.mark.usefixtures("only_thread"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


def many() -> Trace:
    """Users with and without subscriptions; some misbehave, some are seen in part."""
    labs: list[Any] = [as_user(registration_with_events() if n % 3 == 0 else home_registration(), n) for n in range(12)]
    labs[2].edit("p1", "P-Visited-Network-ID", "P-Visited-Network")
    labs[4].drop("uar2004 uaa2004")
    labs[5].drop("gm1 g401")
    labs[7].edit("gm1 gm2", "Supported: path\r\n", "")
    labs[8].drop("uar1008 uaa1008 uar2008 uaa2008 mar008 maa008 sar008 saa008")
    return crowd(*labs)


def inquiry(trace: Trace, flow: str | None = None, size: int = 60) -> Inquiry:
    return Inquiry(Surroundings(trace), Asked(trace), None, flow, None, size)


def in_order(results: Any) -> list[ProcedureResult]:
    return sorted(results, key=lambda one: (one.ladder[0].time_ns, one.flow, one.subject))


def test_parts_give_the_results_of_the_whole() -> None:
    trace = many()
    whole = judge(trace, confirm=None)
    parts, unjudged = inquiry(trace).judge(workers=1)
    assert len(parts) == len(whole.procedures) == 16
    assert in_order(parts) == in_order(whole.procedures)
    assert dict(unjudged) == whole.unjudged


@pytest.mark.parametrize("seed", range(6))
def test_damaged_messages_are_judged_in_parts_as_in_the_whole(seed: int) -> None:
    trace = damaged(many(), seed)
    parts, unjudged = inquiry(trace).judge(workers=1)
    whole = judge(trace, confirm=None)
    assert in_order(parts) == in_order(whole.procedures)
    assert dict(unjudged) == whole.unjudged


def test_two_processes_give_the_results_of_one() -> None:
    trace = many()
    one, unjudged = inquiry(trace).judge(workers=1)
    two, unjudged_by_two = inquiry(trace).judge(workers=2)
    assert list(two) == list(one)
    assert list(two.brief()) == list(one.brief())
    assert unjudged_by_two == unjudged


def test_brief_results_have_the_verdicts_and_what_failed() -> None:
    found, _ = inquiry(many()).judge(workers=1)
    for brief, whole in zip(found.brief(), found, strict=True):
        assert (brief.flow, brief.subject, brief.pair, brief.reasons) == (
            whole.flow,
            whole.subject,
            whole.pair,
            whole.reasons,
        )
        assert brief.criteria == [one for one in whole.criteria if one.verdict in (Verdict.FAIL, Verdict.ERROR)]
        assert brief.ladder == []
    assert any(brief.criteria for brief in found.brief())


def test_results_are_a_sequence() -> None:
    found, _ = inquiry(many()).judge(workers=1)
    every = list(found)
    assert found[0] == every[0]
    assert found[-1] == every[-1]
    assert found[3:5] == every[3:5]
    with pytest.raises(IndexError, match="procedure 16 of 16"):
        found[16]


def test_a_flow_that_some_part_follows_is_the_only_one_judged() -> None:
    trace = many()
    whole = judge(trace, flow="registration-event", confirm=None)
    parts, _ = inquiry(trace, "registration-event").judge(workers=1)
    assert [one.subject for one in in_order(parts)] == [one.subject for one in in_order(whole.procedures)]
    assert len(parts) == 4


def test_only_frames_that_fails_cite_are_read_again_and_what_is_not_seen_is_an_error() -> None:
    trace = many()
    asked: list[set[int]] = []

    def nothing(wanted: Mapping[int, set[int]]) -> dict[tuple[int, int], Any]:
        asked.append(set(wanted[0]))
        return {}

    found, _ = Inquiry(Surroundings(trace), Asked(trace), None, None, nothing, 60).judge(workers=1)
    cited = {
        evidence.frame
        for one in judge(trace, confirm=None).procedures
        for criterion in one.criteria
        if criterion.verdict is Verdict.FAIL
        for evidence in criterion.evidence
    }
    assert asked == [cited]
    verdicts = {criterion.verdict for one in found.brief() for criterion in one.criteria if criterion.evidence}
    assert verdicts == {Verdict.ERROR}


def test_judge_takes_a_large_trace_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = many()
    small = judge(trace, confirm=None)
    monkeypatch.setattr(import_module("conformance.judgement.judge"), "LARGE", 100)
    large = judge(trace, confirm=None, workers=2)
    assert isinstance(large.procedures, Procedures)
    assert large.verdict is small.verdict
    assert sorted(one.id for one in large.failures) == sorted(one.id for one in small.failures)
