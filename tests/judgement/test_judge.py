"""The judgement as a whole: ladder, evidence, federation, order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.judgement import judge
from conformance.vocabulary.errors import BadInput


def test_it_is_deterministic_and_survives_json(lab: Any) -> None:
    first, second = (judge(lab.trace(), confirm=None) for _ in range(2))
    assert first == second
    text = first.model_dump_json(by_alias=True)
    assert json.loads(text)["schema"] == 1
    assert type(first).model_validate_json(text) == first


def test_the_ladder_is_in_time_order_with_roles_as_lanes(lab: Any) -> None:
    ladder = lab.judge().ladder
    assert [arrow.frame for arrow in ladder] == list(range(1, len(lab.entries) + 1))
    assert (ladder[0].source, ladder[0].destination) == ("ue", "home-pcscf")
    assert ladder[0].summary == "REGISTER sip:uc3m.test"
    assert ladder[0].text.startswith("REGISTER sip:uc3m.test SIP/2.0\r\nVia:")
    cx = [arrow.summary for arrow in ladder if arrow.protocol == "Diameter"]
    assert cx == ["UAR", "UAA 2001", "MAR", "MAA 2001", "UAR", "UAA 2002", "SAR", "SAA 2001"]
    assert ladder[1].summary == "NAPTR uc3m.test"
    assert "service=SIP+D2U" in ladder[2].text


def test_the_text_of_a_message_is_bounded(lab: Any) -> None:
    lab.edit("gm1", "Supported: path", "Subject: " + "x" * 40_000 + "\r\nSupported: path")
    assert len(lab.judge().ladder[0].text) == 16 * 1024


def test_a_federation_says_whose_domain_it_is(lab: Any, federation: Any) -> None:
    lab.federation = federation
    assert (lab.judge().conformance, lab.failing()) == ("PASS", [])
    lab.edit("s200 i200 g200", "orig@scscf.uc3m.test", "orig@scscf.stuba.test")
    assert lab.failing() == ["REG-42"]


@pytest.mark.parametrize(
    ("id", "edit"),
    [
        ("REG-07", lambda lab: lab.edit("gm1", 'username="alice@uc3m.test"', 'username="alice"')),
        ("REG-07", lambda lab: lab.edit("gm1", 'realm="uc3m.test"', 'realm="other.test"')),
        ("REG-17", lambda lab: lab.edit("p2", 'ID: "uc3m.test"', 'ID: "stuba.test"')),
        ("REG-39", lambda lab: lab.edit("s200 i200 g200", "URI: <sip:alice@", "URI: <sip:bob@")),
    ],
)
def test_what_only_a_federation_knows(lab: Any, federation: Any, id: Any, edit: Any) -> None:
    edit(lab)
    without = lab.failing()
    lab.federation = federation
    assert id not in without
    assert id in lab.failing()


def test_cell_and_captures_are_repeated(lab: Any) -> None:
    result = judge(lab.trace(), cell="test_registration[uc3m@uc3m]", confirm=None)
    assert result.procedures[0].cell == "test_registration[uc3m@uc3m]"
    assert (result.captures[0].file, result.captures[0].drops, result.captures[0].copies) == ("hand.pcapng", 0, 0)


def test_an_unknown_flow(lab: Any) -> None:
    with pytest.raises(BadInput, match="registration-home"):
        judge(lab.trace(), flow="no-such-flow")


def test_a_hostile_message_breaks_nothing(lab: Any) -> None:
    for entry in lab.entries:
        if entry.sip:
            entry.sip = entry.sip.replace("Via: SIP/2.0/UDP", "Via: SIP/2.0/UDP \x00", 1).replace(
                "<sip:", "<sip:%zz;;=", 3
            )
    lab.avp("maa", lab["maa"].avps[0][0], b"\xff\xfe" * 500)
    for procedure in judge(lab.trace(), confirm=None).procedures:
        assert not any(criterion.verdict == "ERROR" for criterion in procedure.criteria)
