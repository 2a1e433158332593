"""No capture of a conforming event accuses anybody because it saw less of it (TTCN-3: missing evidence is no fail).

Each reference capture is read once. From its trace come those that a worse capture would have given: points that were
not captured, a beginning or an end in the middle, lost packets, short packets, ESP that nobody can read. A criterion
that did not fail on the whole trace must not fail on any of them. All of it is data: a new capture or criterion is
covered without a line here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from conformance.faults.reference import CAPTURE_NAME, CAPTURES, cases, load_case
from conformance.federation.loader import load_federation
from conformance.judgement.inspection import inspect
from conformance.judgement.judge import judge
from conformance.judgement.surroundings import Surroundings
from conformance.trace.decode import read_trace
from conformance.trace.model import DnsMessage, Trace
from conformance.vocabulary.collector import without_collector
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.verdicts import Verdict
from tests.criteria.lesser_evidence import (
    SNAP_LENGTHS,
    begun_late,
    cut,
    encrypted,
    ended_early,
    hops_of,
    on_one_host,
    one_cut,
    one_lost,
    points_of,
    with_drops,
    without_hop,
    without_point,
)

WHOLE = tuple(name for name in cases() if load_case(name).base is None or name.startswith("handbuilt-"))
"""Captures that are an event of their own; the others are these with one change."""
SHORTEST = 60
"""Octets that leave a request line and nothing that tells whose it is."""
MOST_PLACES = 60
"""So many places of one capture are taken, evenly spread: judging all of a long one takes the square of its length."""
SEED, COMBINED = 4, 12
"""Losses that come together: so many combinations a capture, always the same ones."""

PROVEN = {
    ("REG-43", "hops_not_seen"): "the capture declares ISC: that no REGISTER was seen there says that none was sent",
}
"""Criterion and way of seeing less to the reason why what remains proves a fault all the same."""

Variant = tuple[str, Trace]


@cache
def whole(name: str) -> tuple[Trace, Federation | None]:
    """Return the trace of a reference capture, and the federation that its case names."""
    case = load_case(name)
    federation = None if case.federation is None else load_federation(CAPTURES / case.federation)
    return read_trace([CAPTURES / name / CAPTURE_NAME]), federation


def accused(trace: Trace, federation: Federation | None) -> dict[str, str]:
    """Return the criteria that fail, with what was found; a check that breaks counts, too."""
    with without_collector():
        judged = inspect(trace, Surroundings(trace), federation, None).judged
    return {
        one.criterion.id: f"{one.finding.verdict} {one.finding.found}"
        for procedure in judged
        for one in procedure
        if one.finding.verdict in (Verdict.FAIL, Verdict.ERROR)
    }


def points_not_captured(trace: Trace) -> Iterator[Variant]:
    points = points_of(trace)
    for point in points:
        yield f"without {point}", without_point(trace, point)
        yield f"{point} alone", without_point(trace, *(other for other in points if other is not point))


def hops_not_seen(trace: Trace) -> Iterator[Variant]:
    for hop in hops_of(trace):
        yield f"nothing between {' and '.join(sorted(hop))}", without_hop(trace, hop)


def one_host(trace: Trace) -> Iterator[Variant]:
    """Put all nodes that speak SIP or Diameter, but the terminal, on one address."""
    speakers = [m for m in trace.messages if not isinstance(m, DnsMessage)]
    terminal = {m.source.address for m in speakers[:1]}
    core = frozenset(m.destination.address for m in speakers) - terminal
    if core:
        yield "one address", on_one_host(trace, core, min(core))


def places(first: int, stop: int) -> range:
    """Return places of a trace, all of them where they are few."""
    return range(first, stop, max(1, -(-(stop - first) // MOST_PLACES)))


def begun_in_the_middle(trace: Trace) -> Iterator[Variant]:
    for lost in places(1, len(trace.messages)):
        yield f"begun behind message {lost}", begun_late(trace, lost)


def ended_in_the_middle(trace: Trace) -> Iterator[Variant]:
    for kept in places(1, len(trace.messages)):
        yield f"ended behind message {kept}", ended_early(trace, kept)


def packets_lost(trace: Trace) -> Iterator[Variant]:
    for place in places(0, len(trace.messages)):
        yield f"message {place + 1} lost", one_lost(trace, place)
    for drops in (None, 1):
        yield f"drops {drops}", with_drops(trace, drops)


def packets_cut_short(trace: Trace) -> Iterator[Variant]:
    for octets in SNAP_LENGTHS:
        yield f"cut behind {octets} octets", cut(trace, octets)
    for place in places(0, len(trace.messages)):
        yield f"message {place + 1} cut behind {SHORTEST} octets", one_cut(trace, place, SHORTEST)


def unreadable_esp(trace: Trace) -> Iterator[Variant]:
    yield "ESP without keys", encrypted(trace)


WAYS: tuple[Callable[[Trace], Iterator[Variant]], ...] = (
    points_not_captured,
    hops_not_seen,
    begun_in_the_middle,
    ended_in_the_middle,
    packets_lost,
    packets_cut_short,
    unreadable_esp,
)


def several_at_once(trace: Trace) -> Iterator[Variant]:
    """Combine ways of seeing less, two or three at a time."""
    chance = random.Random(SEED)
    for _ in range(COMBINED):
        names, lesser = [], trace
        for way in chance.choices(WAYS, k=chance.choice((2, 3))):
            name, lesser = chance.choice(list(way(lesser)) or [("as it is", lesser)])
            names.append(name)
        yield ", ".join(names), lesser


@pytest.mark.parametrize("way", [*WAYS, several_at_once, one_host], ids=lambda way: way.__name__)
@pytest.mark.parametrize("name", WHOLE)
def test_who_sees_less_accuses_nobody_more(name: str, way: Callable[[Trace], Iterator[Variant]]) -> None:
    trace, federation = whole(name)
    if way is one_host:
        federation = None  # it would name other addresses
    before = accused(trace, federation)
    wrong = {
        f"{variant}: {criterion}": found
        for variant, lesser in way(trace)
        for criterion, found in accused(lesser, federation).items()
        if criterion not in before and (criterion, way.__name__) not in PROVEN
    }
    assert wrong == {}


@pytest.mark.parametrize("name", [name for name in WHOLE if load_case(name).federation is not None])
def test_who_knows_less_of_the_networks_accuses_nobody_more(name: str) -> None:
    trace, federation = whole(name)
    assert accused(trace, None).keys() <= accused(trace, federation).keys()


@pytest.mark.parametrize("name", WHOLE)
def test_who_sees_less_gets_a_whole_result_with_those_verdicts(name: str) -> None:
    # Evidence, ladder and comparison with the flow are made of what remains, too.
    trace, federation = whole(name)
    for variant, lesser in several_at_once(trace):
        result = judge(lesser, federation=federation, confirm=None)
        criteria = [criterion for procedure in result.procedures for criterion in procedure.criteria]
        failed = {one.id for one in criteria if one.verdict in (Verdict.FAIL, Verdict.ERROR)}
        assert failed == accused(lesser, federation).keys(), variant


def test_a_fault_is_still_found_in_what_remains() -> None:
    name = "REG-30-fail-ck-ik-on-gm"
    trace, federation = whole(name)
    for _, lesser in (*packets_lost(trace), ("", begun_late(trace, 2))):
        seen = [m for m in lesser.messages if b" 401 " in m.raw[:20] and b"ck=" in m.raw and "Gm" in map(str, m.points)]
        assert ("REG-30" in accused(lesser, federation)) is bool(seen)
