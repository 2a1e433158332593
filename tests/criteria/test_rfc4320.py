"""100 to a REGISTER over UDP: when it is too early, and when nobody can tell."""

from __future__ import annotations

from typing import Any

import pytest


def trying(lab: Any, after: str, answer: str, status: str = "100 Trying", ms: float = 0.5) -> Any:
    """Put a provisional answer behind the request of a hop: the final answer of the hop with another status."""
    place = lab.entries.index(lab[after])
    for index, entry in enumerate(lab.entries):
        entry.time_ns = 1_700_000_000_000_000_000 + (index + 1) * 1_000_000
    early = lab.copy_of(answer, "trying")
    early.sip = early.sip.replace(early.sip.partition("\r\n")[0], f"SIP/2.0 {status}", 1)
    early.time_ns = lab.entries[place].time_ns + int(ms * 1_000_000)
    lab.entries.append(early)
    lab.entries.sort(key=lambda entry: entry.time_ns)
    return lab


def test_an_early_100_is_named_with_the_node_that_sent_it(lab: Any) -> None:
    trying(lab, "gm1", "g401")
    assert lab.failing() == ["REG-81"]
    assert (lab.result("REG-81").node, lab.result("REG-81").clause) == ("home-pcscf", "RFC 4320 4.1")


def test_each_node_answers_for_itself(lab: Any) -> None:
    assert trying(lab, "p1", "i401").result("REG-81").node == "home-icscf"


def test_another_provisional_answer_is_never_right(lab: Any) -> None:
    trying(lab, "gm1", "g401", "183 Session Progress")
    assert lab.failing() == ["REG-81"]
    assert "183" in lab.result("REG-81").found


def test_a_late_100_is_allowed(lab: Any) -> None:
    trying(lab, "gm1", "g401", ms=3_600)
    assert lab.result("REG-81").verdict == "PASS"


def test_over_tcp_100_may_come_at_any_time(lab: Any) -> None:
    trying(lab, "gm1", "g401")
    for entry in (lab["gm1"], lab["g401"], lab["trying"]):
        entry.source = entry.source._replace(transport="tcp")
        entry.destination = entry.destination._replace(transport="tcp")
    assert lab.result("REG-81").verdict == "PASS"


def test_a_register_that_may_have_been_sent_before_the_capture_began_accuses_nobody(lab: Any) -> None:
    trying(lab, "gm1", "g401")
    lab.entries = [lab["gm1"], lab["trying"], lab["g401"]]
    assert lab.result("REG-81").verdict == "INCONCLUSIVE"


@pytest.mark.parametrize("release", [5, 6])
def test_networks_older_than_the_rule_are_not_judged(lab: Any, federation: Any, release: int) -> None:
    older = {name: one.model_copy(update={"release": release}) for name, one in federation.testbeds.items()}
    trying(lab, "gm1", "g401").federation = federation.model_copy(update={"testbeds": older})
    assert lab.result("REG-81").verdict == "NOT_APPLICABLE"
