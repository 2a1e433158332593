"""Flows: what was seen of a step, what is missing, where the flow was left."""

from __future__ import annotations

from typing import Any


def departure(lab: Any) -> Any:
    """Return the first reason that tells where the flow was left."""
    found = [reason for reason in lab.judge().reasons if reason.startswith("the flow was left")]
    assert len(found) <= 1
    return found[0] if found else None


def steps(lab: Any) -> Any:
    return {arrow.step for arrow in lab.judge().ladder}


def test_every_message_has_its_step(lab: Any) -> None:
    assert departure(lab) is None
    assert steps(lab) == {
        "first-register",
        "first-lookup",
        "first-to-icscf",
        "first-query",
        "scscf-lookup",
        "first-to-scscf",
        "vector",
        "second-register",
        "second-to-icscf",
        "second-query",
        "second-to-scscf",
        "assignment",
    }


def test_dns_is_optional(lab: Any) -> None:
    lab.entries = [entry for entry in lab.entries if entry.point != "DNS"]
    assert departure(lab) is None


def test_a_missing_query(lab: Any) -> None:
    assert departure(lab.drop("uar2 uaa2")) == (
        "the flow was left at second-query: UAR from home-icscf to home-hss was not seen"
    )


def test_a_refusal(lab: Any) -> None:
    lab.edit("s200 i200 g200", "200 OK", "403 Forbidden").drop("sar saa")
    assert lab.judge().flow == "registration-refused"
    assert departure(lab) is None
    assert lab.judge().reasons[0] == (
        "registration-home does not fit: the flow was left at second-register: "
        "REGISTER from ue to home-pcscf was answered with 403"
    )


def test_a_terminal_that_does_not_answer(lab: Any) -> None:
    lab.entries = lab.entries[: lab.entries.index(lab["gm2"])]
    assert departure(lab) == ("the flow was left at second-register: REGISTER from ue to home-pcscf was not seen")


def test_a_point_that_was_not_captured_is_no_departure(lab: Any) -> None:
    lab.entries = [entry for entry in lab.entries if entry.point != "Cx"]
    lab.points = ("Gm", "Mw", "DNS")
    assert departure(lab) is None


def test_hops_in_one_process_are_no_departure(lab: Any) -> None:
    # P-, I- and S-CSCF in one process: between them nothing can be seen, though Mw is captured.
    lab.entries = [entry for entry in lab.entries if entry.point != "Mw"]
    assert departure(lab) is None
    assert [c.id for c in lab.judge().criteria if c.verdict == "FAIL"] == []


def test_the_core_alone_keeps_the_order(lab: Any) -> None:
    lab.entries = [entry for entry in lab.entries if entry.point != "Gm"]
    lab.points = ("Mw", "Cx", "DNS")
    assert departure(lab) is None
    assert "second-query" in steps(lab)
