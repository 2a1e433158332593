"""The judge against a fixed selection of faults: what must fail does, nothing else does, what conforms is left alone.

The faults of nodes and terminals need running testbeds: `tests/end_to_end/test_live_faults.py`.
"""

from __future__ import annotations

import pytest

from conformance.criteria import all_criteria
from conformance.detection.benign import all_changes, run_benign
from conformance.detection.captures import CaptureFault, capture_faults, run_capture_faults
from conformance.detection.chance import Tried, reference_bases, try_random
from conformance.detection.rows import Row
from conformance.faults.catalogue import load_catalogue
from conformance.faults.mutations import load_mutations

SEED = 1
SOME = (
    "handbuilt-registration-home",
    "kamailio-registration-home",
    "handbuilt-registration-home-access",
    "handbuilt-deregistration-network",
    "handbuilt-registration-event-over",
    "handbuilt-call-forked",
    "emulated-call-hidden",
    "baresip-call-roaming",
)
"""Base captures whose benign changes are looked at here; `netlab faults --benign` looks at all."""
FAULTS = tuple(fault.name for fault in capture_faults())


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    """All faults of captures, read and judged together."""
    return {row.fault: row for row in run_capture_faults(capture_faults())}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_changed_capture_fails_what_it_must_and_nothing_else(fault: str, rows: dict[str, Row]) -> None:
    assert rows[fault].ok, rows[fault]


@pytest.fixture(scope="module")
def benign_rows() -> dict[str, Row]:
    """All benign changes of some base captures."""
    return {row.fault: row for row in run_benign(all_changes(), SEED, SOME)}


@pytest.mark.parametrize("change", all_changes())
def test_a_benign_change_changes_no_verdict(change: str, benign_rows: dict[str, Row]) -> None:
    assert benign_rows[change].ok, benign_rows[change].remark


def _with_fault(faults: list[CaptureFault]) -> set[str]:
    return {criterion for fault in faults for criterion in fault.expected}


def test_every_criterion_has_a_fault() -> None:
    driven = {criterion for fault in load_catalogue().fault for criterion in fault.expected}
    captured = _with_fault(capture_faults())
    criteria = {criterion.id for criterion in all_criteria()}
    assert criteria - captured - driven == set(), "no fault breaks these; add a case to captures/, or a mutation"
    assert driven <= criteria
    # a fault that a running node or terminal shows proves more: this number may only grow
    assert len(driven) >= 47


@pytest.mark.parametrize("mutation", load_mutations(), ids=lambda mutation: mutation.name)
def test_a_mutation_names_criteria_that_there_are(mutation: object) -> None:
    assert set(mutation.expected) <= {criterion.id for criterion in all_criteria()}  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def tried() -> list[Tried]:
    """Five mutations by chance of each base capture."""
    return list(try_random(reference_bases(), 5, SEED))


def test_chance_finds_no_error_of_the_judge(tried: list[Tried]) -> None:
    assert [one.line() for one in tried if "ERROR" in one.noticed] == []


def test_what_was_not_found_has_a_reason(tried: list[Tried]) -> None:
    assert all(one.why is not None and one.why.words for one in tried if not one.found and not one.noticed)
    assert any(one.found for one in tried)
    assert len({one.base for one in tried}) * 5 == len(tried)


def test_the_same_seed_gives_the_same_mutations_and_findings() -> None:
    chosen = [
        base for base in reference_bases() if base.name in ("handbuilt-registration-home", "kamailio-registration-home")
    ]
    first, second, other = ([one.as_json() for one in try_random(chosen, 4, seed)] for seed in (SEED, SEED, SEED + 1))
    assert first == second
    assert first != other
