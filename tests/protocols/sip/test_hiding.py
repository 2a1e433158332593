"""Topology hiding: tokens for own entries, which their maker alone can read (3GPP TS 24.229 5.10.4)."""

from __future__ import annotations

import pytest

from conformance.protocols.sip.hiding import Hiding

OWN = ("<sip:scscf.a.test:6060;lr>", "<sip:192.0.2.11:4060;lr>")
FOREIGN = "<sip:pcscf.b.test;lr>"
VIAS = ["SIP/2.0/UDP 192.0.2.13:6060;branch=z9hG4bK1;rport", "SIP/2.0/TCP scscf.a.test;branch=z9hG4bK2"]
OTHER_VIA = "SIP/2.0/UDP 192.0.2.99;branch=z9hG4bK3"


@pytest.fixture
def hiding() -> Hiding:
    return Hiding("a.test", {"scscf.a.test", "192.0.2.11", "192.0.2.13"})


def test_neighbours_become_one_token_and_foreign_entries_stay(hiding: Hiding) -> None:
    hidden = hiding.routes([*OWN, FOREIGN, OWN[0]])
    first, second, third = hidden.entries
    assert second == FOREIGN
    assert hidden.tokens == {first, third}
    assert first.endswith("@a.test;lr;tokenized-by=a.test>")
    assert "scscf" not in first
    assert hiding.restored(hidden.entries) == [*OWN, FOREIGN, OWN[0]]


def test_the_same_run_gives_the_same_token_and_another_key_another_one(hiding: Hiding) -> None:
    assert hiding.routes(OWN) == hiding.routes(OWN)
    other = Hiding("a.test", {"scscf.a.test", "192.0.2.11"})
    token = other.routes(OWN).entries[0]
    assert token != hiding.routes(OWN).entries[0]
    assert hiding.restored([token]) == [token], "a token of somebody else's key is no token"


def test_via_is_a_host_name_of_the_network(hiding: Hiding) -> None:
    hidden = hiding.vias([*VIAS, OTHER_VIA])
    token, rest = hidden.entries
    assert rest == OTHER_VIA
    host = token.removeprefix("SIP/2.0/UDP ").partition(";")[0]
    assert host.endswith(".a.test")
    assert all(1 <= len(label) <= 63 for label in host.split("."))
    assert hiding.restored(hidden.entries, hidden.tokens) == [*VIAS, OTHER_VIA]
    assert hiding.restored(hidden.entries, set()) == list(hidden.entries), "not made on this way"


def test_what_the_caller_turns_round_is_followed_in_its_own_order(hiding: Hiding) -> None:
    # RFC 3261 12.1.2: the caller's route set is the Record-Route of the answer in the opposite order.
    (told,) = hiding.routes(OWN, turned=True).entries
    assert hiding.next_route([told, FOREIGN]) == [OWN[1], OWN[0], FOREIGN]
    (taken,) = hiding.routes(OWN).entries
    assert hiding.next_route([taken, FOREIGN]) == [*OWN, FOREIGN]
    assert hiding.next_route([FOREIGN, taken]) == [FOREIGN, taken]
    assert hiding.next_route([]) == []


@pytest.mark.parametrize("place", [10, 20, 40])
def test_a_token_that_was_changed_is_none(hiding: Hiding, place: int) -> None:
    (token,) = hiding.routes(OWN).entries
    other = "A" if token[place] != "A" else "B"
    changed = token[:place] + other + token[place + 1 :]
    assert hiding.next_route([changed]) == [changed]


@pytest.mark.parametrize(
    "entry", ["", "<sip:x@a.test;lr;tokenized-by=a.test>", "SIP/2.0/UDP 8.a.test;tokenized-by=a.test"]
)
def test_rubbish_stays_as_it_is(hiding: Hiding, entry: str) -> None:
    assert hiding.restored([entry]) == [entry]
