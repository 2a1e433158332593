"""100 Trying (RFC 3261 17.2.1)."""

from __future__ import annotations

from tests.criteria.call_lab import CANCELLED, call, frames


def late(keys: str) -> list[str]:
    lab = call(CANCELLED).drop(keys)
    for key in frames(21, 26).split():
        lab[key].time_ns += 400_000_000
    lab.entries.sort(key=lambda entry: entry.time_ns)
    result = lab.result("CALL-19")
    return [result.verdict.value, result.node or ""]


def test_a_node_that_says_nothing_for_half_a_second_is_blamed() -> None:
    assert late("2") == ["FAIL", "orig-pcscf"]
    assert late("4") == ["FAIL", "orig-scscf"]


def test_an_icscf_may_be_stateless_and_send_none() -> None:
    lab = call(CANCELLED).drop("12")
    assert lab.result("CALL-19").verdict == "PASS"


def test_no_answer_at_all_accuses_nobody_here() -> None:
    lab = call(CANCELLED)
    lab.entries = lab.entries[:1]
    assert lab.result("CALL-19").verdict == "INCONCLUSIVE"
