"""Mishaps on a real bench: done, undone whatever happens, and told for the report.

Addresses: `Block.MISHAPS`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.runs.bench import Bench, DeadNodes, NotRun
from conformance.runs.mishaps import Mishaps
from conformance.terminals.event_log import EventLog
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.events import EventKind
from conformance.vocabulary.results import Mishap
from tests.blocks import Block
from tests.runs.bench_lab import started_bench

HSS, SCSCF = "uc3m/hss", "uc3m/s-cscf"
NEEDED = frozenset({HSS, SCSCF})


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with started_bench(Block.MISHAPS.own_number, tmp_path_factory.mktemp("run")) as bench:
        yield bench


@pytest.fixture
def told() -> list[Mishap]:
    return []


@pytest.fixture
def events() -> EventLog:
    return EventLog()


@pytest.fixture
def mishaps(bench: Bench, events: EventLog, told: list[Mishap]) -> Mishaps:
    return Mishaps(bench, events, told)


def test_a_killed_node_is_dead_meanwhile_and_serves_afterwards(
    bench: Bench, mishaps: Mishaps, told: list[Mishap]
) -> None:
    with mishaps.node_killed(HSS):
        assert set(bench.dead_nodes(NEEDED)) == {HSS}
    assert bench.dead_nodes(NEEDED) == {}
    assert [one.what for one in told] == ["uc3m/hss is killed", "uc3m/hss serves again"]
    assert told[0].time_ns < told[1].time_ns


def test_a_node_is_back_when_the_test_case_fails(bench: Bench, mishaps: Mishaps) -> None:
    with pytest.raises(ZeroDivisionError), mishaps.node_killed(HSS):
        raise ZeroDivisionError
    assert bench.dead_nodes(NEEDED) == {}


def test_a_node_is_restarted_once_when_the_event_comes(bench: Bench, mishaps: Mishaps, events: EventLog) -> None:
    before = bench.core.pid(SCSCF)
    with mishaps.node_restarted_at(EventKind.CHALLENGED, SCSCF):
        events.record("sip:a@h", EventKind.REGISTER_SENT)
        assert bench.core.pid(SCSCF) == before
        events.record("sip:a@h", EventKind.CHALLENGED, 401)
        after = bench.core.pid(SCSCF)
        assert after != before
        events.record("sip:a@h", EventKind.CHALLENGED, 401)
    assert bench.core.pid(SCSCF) == after


def test_an_event_that_never_comes_is_a_mistake_of_the_test_case(mishaps: Mishaps) -> None:
    with (
        pytest.raises(BadInput, match="no terminal observed that"),
        mishaps.node_restarted_at(EventKind.CHALLENGED, SCSCF),
    ):
        pass


def test_without_a_vpn_its_mishaps_are_refused_in_one_line(mishaps: Mishaps) -> None:
    with pytest.raises(BadInput, match="expected namespaces"), mishaps.vpn_client_killed("stuba"):
        pass


def test_the_first_cell_of_a_dead_node_tells_and_the_others_are_not_run(bench: Bench, mishaps: Mishaps) -> None:
    with mishaps.node_killed(HSS):
        with pytest.raises(DeadNodes, match=HSS) as first:
            bench.require_alive(NEEDED, "test_first")
        assert first.value.logs[HSS]
        with pytest.raises(NotRun, match="test_first tells of it") as later:
            bench.require_alive(NEEDED, "test_later")
        assert later.value.first == "test_first"
        bench.require_alive(frozenset({SCSCF}), "test_of_another_testbed")
    bench.require_alive(NEEDED, "test_again")
    with mishaps.node_killed(HSS), pytest.raises(DeadNodes):
        bench.require_alive(NEEDED, "test_once_more")
