"""The home registration as the standard draws it."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.flows import load_flow


@pytest.fixture
def flow() -> Any:
    return load_flow("registration-home")


def test_the_order_of_3gpp_ts_24228_6_2(flow: Any) -> None:
    required = [(s.request[0], s.response[0]) for s in flow.steps if not s.optional]
    assert required == [
        ("REGISTER", "401"),
        ("REGISTER", "401"),
        ("UAR", "2001"),
        ("REGISTER", "401"),
        ("MAR", "2001"),
        ("REGISTER", "200"),
        ("REGISTER", "200"),
        ("UAR", "2001"),
        ("REGISTER", "200"),
        ("SAR", "2001"),
    ]


def test_dns_and_application_servers_are_optional(flow: Any) -> None:
    assert {(s.protocol, s.point.value) for s in flow.steps if s.optional} == {("DNS", "DNS"), ("SIP", "ISC")}


def test_a_password_is_an_alternative(flow: Any) -> None:
    assert [a.id for a in flow.alternatives] == ["aka", "sip-digest"]


def test_children(flow: Any) -> None:
    assert [s.id for s in flow.children(None)] == [
        "first-register",
        "second-register",
        "third-party-register",
    ]
    assert [s.id for s in flow.children("first-to-scscf")] == ["vector"]


def test_words(flow: Any) -> None:
    assert flow.step("first-query").answer == "UAA 2001 or 2002"
    assert flow.step("first-lookup").label == "DNS query"
    assert flow.step("first-lookup").answer == "answer"


def test_the_visited_registration_is_the_home_registration_with_another_p_cscf(flow: Any) -> None:
    visited = load_flow("registration-visited")
    assert [step.id for step in visited.steps] == [step.id for step in flow.steps]
    assert visited.step("first-to-icscf").point == "Ic"
    assert visited.step("first-to-scscf").point == "Mw"
    assert visited.step("first-lookup").destination == "visited-dns"
    assert visited.step("scscf-lookup").destination == "home-dns"


def test_the_tunnel_of_home_access() -> None:
    steps = load_flow("registration-home-access").steps
    assert {step.id for step in steps if step.tunnel == "gtp"} == {"first-register", "second-register"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("403", True), ("504", True), ("401", False), ("407", False), ("200", False), (None, False)],
)
def test_what_a_refusal_is(answer: Any, expected: Any) -> None:
    assert load_flow("registration-refused").step("second-register").accepts(answer) is expected


def test_alternatives_have_steps_of_their_own() -> None:
    again = load_flow("reregistration")
    assert "vector" in [step.id for step in again.alternative("challenged")]
    assert next(step.id for step in again.alternative("unchallenged")) == "second-register"
