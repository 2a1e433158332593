"""Borders of networks: hops before and behind one belong together, tokens stand for what they hide."""

from __future__ import annotations

import pytest

from conformance.criteria.border import across_borders, covers, ends_with, is_token
from conformance.criteria.registration import Hop
from conformance.vocabulary.roles import Role

A, B, C = "sip:a.test;lr", "sip:b.test;lr", "sip:c.test;lr"
TOKEN = "sip:XyZ@a.test;lr;tokenized-by=a.test"


def hop(sender: Role | None, receiver: Role | None, depth: int) -> Hop:
    return Hop(sender, receiver, None, None, depth)


def test_a_token_is_known_by_its_parameter() -> None:
    assert is_token(TOKEN)
    assert not is_token(A)
    assert not is_token("nothing")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([A, B], [A, B], True),
        ([A, B], [B, A], False),
        ([TOKEN], [A, B], True),
        ([A, B, C], [A, TOKEN], True),
        ([TOKEN, C], [A, B, C], True),
        ([TOKEN, C], [C], False),
        ([TOKEN], [TOKEN], True),
        ([], [], True),
        ([], [TOKEN], False),
    ],
)
def test_routes_with_tokens(one: list[str], other: list[str], same: bool) -> None:
    assert covers(one, other) is covers(other, one) is same


def test_the_end_of_a_route() -> None:
    assert ends_with([C, TOKEN], [A, B])
    assert ends_with([C, A, B], [TOKEN])
    assert not ends_with([C, A], [A, B])


def test_a_route_without_end_is_not_compared() -> None:
    assert not covers([A] * 1000, [A] * 1000)


def test_hops_of_a_border_are_one() -> None:
    hops = [
        hop(Role.CALLER, Role.ORIG_PCSCF, 1),
        hop(Role.ORIG_PCSCF, Role.IBCF, 2),
        hop(Role.IBCF, Role.IBCF, 3),
        hop(Role.IBCF, Role.ORIG_SCSCF, 4),
        hop(Role.ORIG_SCSCF, Role.IBCF, 5),
    ]
    assert [[one.depth for one in some] for some in across_borders(hops)] == [[1], [2, 3, 4], [5]]
    assert list(across_borders([])) == []
