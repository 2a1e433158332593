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


def test_dns_is_optional(flow: Any) -> None:
    assert {s.protocol for s in flow.steps if s.optional} == {"DNS"}


def test_a_password_is_an_alternative(flow: Any) -> None:
    assert [a.id for a in flow.alternatives] == ["aka", "sip-digest"]


def test_children(flow: Any) -> None:
    assert [s.id for s in flow.children(None)] == ["first-register", "second-register"]
    assert [s.id for s in flow.children("first-to-scscf")] == ["vector"]


def test_words(flow: Any) -> None:
    assert flow.step("first-query").answer == "UAA 2001 or 2002"
    assert flow.step("first-lookup").label == "DNS query"
    assert flow.step("first-lookup").answer == "answer"
