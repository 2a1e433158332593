"""What a message says, and what its receiver answers, arrive as they were sent (RFC 3261 16.6, 16.7)."""

from __future__ import annotations

import pytest

from tests.criteria.message_lab import AT_HOME, SAME, UNKNOWN, message

AT_EIGHT, AT_SEVEN = "at eight", "at seven"


@pytest.mark.parametrize(
    ("keys", "node"),
    [("2 9 12 13 14", "orig-pcscf"), ("12 13 14", "term-icscf"), ("13 14", "term-scscf"), ("14", "term-pcscf")],
)
def test_who_changes_the_text_is_blamed(keys: str, node: str) -> None:
    result = message().edit(keys, AT_EIGHT, AT_SEVEN).result("MSG-10")
    assert (result.verdict, result.node) == ("FAIL", node)


def test_where_a_hop_was_not_captured_nobody_is_blamed() -> None:
    lab = message().edit("13 14", AT_EIGHT, AT_SEVEN).drop("12 17")
    assert lab.result("MSG-10").verdict == "INCONCLUSIVE"


def test_a_text_that_was_seen_at_one_terminal_alone_is_open() -> None:
    assert message().drop("1 20").result("MSG-10").verdict == "INCONCLUSIVE"


def test_what_never_arrives_is_not_judged() -> None:
    assert message(UNKNOWN).result("MSG-10").verdict == "NOT_APPLICABLE"


@pytest.mark.parametrize("name", [AT_HOME, SAME])
def test_another_2xx_is_another_answer(name: str) -> None:
    lab = message(name).edit("18 19 20", "SIP/2.0 200 OK", "SIP/2.0 202 Accepted")
    result = lab.result("MSG-11")
    assert (result.verdict, result.node) == ("FAIL", "term-icscf")
    assert lab.failing() == ["MSG-11"]


def test_an_answer_that_stays_away_accuses_only_where_the_capture_goes_on() -> None:
    lab = message().drop("20")
    assert lab.result("MSG-11").verdict == "INCONCLUSIVE"
    late = lab.copy_of("14", "late")
    late.time_ns += 5_000_000_000
    lab.entries.append(late)  # sent once more
    result = lab.result("MSG-11")
    assert (result.verdict, result.node) == ("FAIL", "orig-pcscf")
    lab.drops = 1
    assert lab.result("MSG-11").verdict == "INCONCLUSIVE"


def test_an_answer_that_was_given_before_accuses_nobody() -> None:
    lab = message().edit("20", "SIP/2.0 200 OK", "SIP/2.0 408 Request Timeout")
    lab["20"].time_ns = lab["14"].time_ns + 1
    assert lab.result("MSG-11").verdict == "INCONCLUSIVE"
