"""What initial filter criteria are true of (3GPP TS 29.228 annexes B and F)."""

from __future__ import annotations

from typing import Any

import pytest
from sipmessage import Request

from conformance.protocols.filter_criteria import Aspect, Evaluation, FilterCriteria, Occasion, Trigger
from conformance.protocols.sip.message import read_message
from conformance.vocabulary.numbers import RegistrationType, SessionCase

SDP = "v=0\r\nm=audio 4000 RTP/AVP 8\r\na=sendrecv\r\n"


def occasion(
    method: str = "INVITE", case: SessionCase | None = SessionCase.ORIGINATING, *lines: str, **more: Any
) -> Occasion:
    text = [
        f"{method} sip:bob@b.test SIP/2.0",
        "Via: SIP/2.0/UDP a",
        "From: <sip:a@a>",
        "To: <sip:b@b>",
        "Call-ID: 1",
        f"CSeq: 1 {method}",
        "Content-Type: application/sdp",
        *lines,
        f"Content-Length: {len(SDP)}",
        "",
        SDP,
    ]
    request = read_message("\r\n".join(text).encode())
    assert isinstance(request, Request)
    return Occasion(request, case, **more)


def spt(aspect: Aspect, value: str, content: str | None = None, **more: Any) -> Trigger:
    return Trigger(aspect, value, content, groups=frozenset({0}), **more)


@pytest.mark.parametrize(
    ("trigger", "holds"),
    [
        (spt(Aspect.METHOD, "INVITE"), True),
        (spt(Aspect.METHOD, "PUBLISH"), False),
        (spt(Aspect.METHOD, "PUBLISH", negated=True), True),
        (spt(Aspect.CASE, "0"), True),
        (spt(Aspect.CASE, "1"), False),
        (spt(Aspect.REQUEST_URI, "^sip:bob@.*test$"), True),
        (spt(Aspect.REQUEST_URI, "alice"), False),
        (spt(Aspect.HEADER, "X-Service"), True),
        (spt(Aspect.HEADER, "X-.*"), True),
        (spt(Aspect.HEADER, "X-Serv"), False),  # the name is meant as a whole
        (spt(Aspect.HEADER, "x-service", "CONF"), True),
        (spt(Aspect.HEADER, "X-Service", "video"), False),
        (spt(Aspect.DESCRIPTION, "m"), True),
        (spt(Aspect.DESCRIPTION, "m", "audio"), True),
        (spt(Aspect.DESCRIPTION, "m", "video"), False),
        (spt(Aspect.DESCRIPTION, "b"), False),
        (spt(Aspect.HEADER, "(a*)*", "b"), False),  # nothing that could take for ever is matched
        (spt(Aspect.HEADER, "["), False),
    ],
)
def test_triggers(trigger: Trigger, holds: bool) -> None:
    assert trigger.holds(occasion("INVITE", SessionCase.ORIGINATING, "X-Service: conf-1")) is holds


@pytest.mark.parametrize("method", ["INVITE", "PUBLISH", "SUBSCRIBE", "MESSAGE"])
@pytest.mark.parametrize("case", SessionCase)
def test_any_method_on_any_side(method: str, case: SessionCase) -> None:
    criterion = FilterCriteria(0, "sip:as", triggers=(spt(Aspect.METHOD, method), spt(Aspect.CASE, str(int(case)))))
    both = FilterCriteria(0, "sip:as", conjunctive=False, triggers=criterion.triggers)
    assert both.matches(occasion(method, case))
    others = [one for one in SessionCase if one is not case]
    assert not any(both.matches(occasion(method, one)) for one in others)
    assert all(criterion.matches(occasion(method, one)) for one in others)  # in one group of a CNF one is enough


def test_a_session_description_is_one_only_where_its_type_says_so() -> None:
    found = occasion()
    found.request.headers.set("Content-Type", "text/plain")
    assert not spt(Aspect.DESCRIPTION, "m").holds(found)


def test_a_register_has_types_and_no_session_case() -> None:
    again = occasion("REGISTER", None, registration=RegistrationType.RE_REGISTRATION)
    assert spt(Aspect.METHOD, "REGISTER", types=frozenset({1})).holds(again)
    assert not spt(Aspect.METHOD, "REGISTER", types=frozenset({0})).holds(again)
    assert not spt(Aspect.CASE, "0").holds(again)


def test_without_triggers_every_request_matches() -> None:
    assert FilterCriteria(0, "sip:as").matches(occasion())


@pytest.mark.parametrize(("registered", "case", "found"), [(True, 2, False), (True, 1, True), (False, 2, True)])
def test_a_part_of_the_profile_is_for_registered_users_or_for_others(registered: bool, case: int, found: bool) -> None:
    criterion = FilterCriteria(0, "sip:as", registered=registered)
    assert criterion.matches(occasion("INVITE", SessionCase(case))) is found


def test_priority_decides_the_order_and_each_is_looked_at_once() -> None:
    evaluation = Evaluation.of(
        [
            FilterCriteria(20, "sip:late"),
            FilterCriteria(0, "sip:never", triggers=(spt(Aspect.METHOD, "PUBLISH"),)),
            FilterCriteria(10, "sip:early"),
        ]
    )
    found = [evaluation.next(occasion()) for _ in range(3)]
    assert [one and one.server for one in found] == ["sip:early", "sip:late", None]


def test_an_evaluation_that_is_ended_finds_nothing_more() -> None:
    evaluation = Evaluation.of([FilterCriteria(0, "sip:as")])
    evaluation.end()
    assert evaluation.next(occasion()) is None
