"""Lines of the ladder."""

from __future__ import annotations

from typing import Any

from conformance.judgement.ladder import lanes, summary, text
from conformance.vocabulary.roles import Role


def test_summaries(lab: Any) -> None:
    lines = {summary(message) for message in lab.trace().messages}
    assert {"REGISTER sip:uc3m.test", "401 Unauthorized", "UAA 2001", "A icscf.uc3m.test: 1 records"} <= lines


def test_a_tree_of_avps(lab: Any) -> None:
    maa = next(m for m in lab.trace().diameter if summary(m) == "MAA 2001")
    lines = text(maa).splitlines()
    assert lines[0] == "MAA 2001"
    assert f"    Confidentiality-Key (625, vendor 10415): {lab.ck.hex()[:4]}… (32 digits)" in lines
    assert "  Result-Code (268): 2001" in lines


def test_a_lane_without_role_is_an_address(lab: Any) -> None:
    ladder = lab.ask("i1", "stranger", "scscf.uc3m.test", "A").judge().ladder
    assert "127.40.1.77:50000/udp" in {arrow.source for arrow in ladder}


def test_what_answers_has_the_number_of_the_transaction_that_asks(lab: Any) -> None:
    ladder = lab.judge().ladder
    asked = {arrow.transaction: arrow for arrow in ladder if arrow.summary.startswith(("REGISTER", "UAR", "MAR"))}
    for arrow in ladder:
        if arrow.summary.startswith(("401", "UAA", "MAA")):
            request = asked[arrow.transaction]
            assert (request.source, request.destination) == (arrow.destination, arrow.source)
    assert len({arrow.transaction for arrow in ladder}) == len(ladder) / 2


def test_a_message_to_a_relay_ends_at_the_lane_of_the_relay(lab: Any) -> None:
    message = next(m for m in lab.trace().messages if summary(m).startswith("REGISTER"))
    roles = (Role.UE, Role.HOME_PCSCF)
    assert lanes(message, roles, {}) == ("ue", "home-pcscf")
    assert lanes(message, roles, {message.destination.address: Role.ADAPTER}) == ("ue", "adapter")
