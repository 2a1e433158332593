"""The flow of each procedure: the best fitting one, or the one that was asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.faults.reference import CAPTURE_NAME, CAPTURES
from conformance.federation.loader import load_federation
from conformance.judgement import judge
from conformance.trace.decode import read_trace
from conformance.trace.model import HttpMessage
from conformance.vocabulary.points import Point


def flows(lab: Any, federation: Any = None, flow: Any = None) -> list[str]:
    return [p.flow for p in judge(lab.trace(), federation=federation, flow=flow, confirm=None).procedures]


def test_where_the_terminal_is_decides(lab: Any, another_lab: Any, federation: Any) -> None:
    assert flows(lab) == flows(lab, federation) == ["registration-home"]
    assert flows(another_lab().abroad()) == flows(another_lab().abroad(), federation) == ["registration-visited"]
    assert flows(another_lab().tunnel(), federation) == ["registration-home-access"]
    # Without a federation a tunnel may be that of the home network itself.
    assert flows(another_lab().tunnel()) == ["registration-home"]


@pytest.mark.parametrize("flow", ["registration-visited", "registration-refused", "registration-resync"])
def test_a_procedure_that_left_the_flow_is_reported(lab: Any, flow: Any) -> None:
    (result,) = judge(lab.trace(), flow=flow, confirm=None).procedures
    assert result.flow == flow
    assert result.reasons[0].startswith("the flow was left at")


def test_home_access_without_a_tunnel_left_its_flow(lab: Any) -> None:
    lab.points = (*lab.points, Point.ACCESS)
    (result,) = judge(lab.trace(), flow="registration-home-access", confirm=None).procedures
    assert result.reasons[0] == (
        "the flow was left at first-register: REGISTER from ue to home-pcscf inside gtp was not seen"
    )


def test_a_refusal_abroad(lab: Any, federation: Any) -> None:
    lab.abroad().drop("sar saa").edit("s200 i200 g200", "200 OK", "403 Forbidden")
    (result,) = judge(lab.trace(), federation=federation, confirm=None).procedures
    assert result.flow == "registration-refused"
    assert result.reasons[0].startswith("registration-visited does not fit: the flow was left at second-register")
    assert {arrow.step for arrow in result.ladder} >= {"first-register", "first-to-icscf", "second-register", "vector"}


def test_the_p_cscf_that_took_part_is_blamed(lab: Any, federation: Any) -> None:
    lab.abroad().edit("p1 i1", "Require: path\r\n", "").federation = federation
    assert lab.failing() == ["REG-16"]
    assert lab.result("REG-16").node == "visited-pcscf"
    assert lab.result("REG-30").node == "visited-pcscf"
    assert lab.result("REG-19").node == "visited-pcscf"


def test_procedures_of_a_story_follow_one_flow_each(lab: Any, another_lab: Any, federation: Any) -> None:
    lab.federation = federation
    other = another_lab()
    lab.drop("sar saa").edit("s200 i200 g200", "200 OK", "403 Forbidden")
    for entry in other.entries:
        entry.key = f"later-{entry.key}"
        entry.time_ns = 1_700_000_060_000_000_000 + other.entries.index(entry) * 1_000_000
        entry.sip = entry.sip.replace("Call-ID: ", "Call-ID: later-").replace("z9hG4bK", "z9hG4bKlater")
    lab.entries += other.entries
    told = judge(
        lab.trace(), federation=federation, flow=("registration-refused", "registration-home"), confirm=None
    ).procedures
    assert [(one.flow, str(one.interoperability)) for one in told] == [
        ("registration-refused", "PASS"),
        ("registration-home", "PASS"),
    ]
    reverse = judge(
        lab.trace(), federation=federation, flow=("registration-home", "registration-refused"), confirm=None
    )
    assert [one.interoperability for one in reverse.procedures] == ["FAIL", "FAIL"]


@pytest.mark.parametrize(
    ("story", "fitting"),
    [(("presence-watch", "xcap"), True), (("xcap", "presence-watch"), False)],
)
def test_documents_have_their_place_in_a_story(story: tuple[str, ...], fitting: bool) -> None:
    watch, xcap = (
        read_trace([CAPTURES / name / CAPTURE_NAME]) for name in ("handbuilt-presence-watch", "handbuilt-xcap")
    )
    later = watch.messages[-1].time_ns - xcap.messages[0].time_ns + 1_000_000_000
    asked = [
        replace(one, sightings=tuple(replace(seen, time_ns=seen.time_ns + later) for seen in one.sightings))
        for one in xcap.messages
    ]
    trace = replace(watch, messages=(*(m for m in watch.messages if not isinstance(m, HttpMessage)), *asked))
    told = judge(trace, federation=load_federation(CAPTURES / "ims-presence.toml"), flow=story, confirm=None).procedures
    assert [one.flow for one in told] == [*story]
    assert all(not one.reasons for one in told) is fitting
