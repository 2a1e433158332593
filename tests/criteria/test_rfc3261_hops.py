"""Who forwards a REGISTER changes nobody's name, and who answers it repeats the names."""

from __future__ import annotations

from typing import Any

import pytest

CASES = {
    "REG-85 another From": lambda lab: lab.edit("s200 i200 g200", "From: <sip:", "From: <sip:not-"),
    "REG-85 another tag of From": lambda lab: lab.edit("s200 i200 g200", ";tag=f2", ";tag=other"),
    "REG-85 no From": lambda lab: lab.edit("s401 i401 g401", "From:", "X-From:"),
    "REG-85 To without tag": lambda lab: lab.edit("s401 i401 g401", ";tag=t1", ""),
    "REG-85 another To": lambda lab: lab.edit("s200 i200 g200", "To: <sip:", "To: <sip:not-"),
    "REG-86 another From": lambda lab: lab.edit("i1 s401", "From: <sip:", "From: <sip:not-"),
    "REG-86 no Contact": lambda lab: lab.edit("i1", "Contact:", "X-Contact:"),
    "REG-87 another method": lambda lab: lab.edit("gm1 p1 i1", "CSeq: 1 REGISTER", "CSeq: 1 MESSAGE"),
    "REG-87 a method in small letters": lambda lab: lab.edit("p1 i1", "CSeq: 1 REGISTER", "CSeq: 1 register"),
    "REG-88 another domain": lambda lab: lab.edit("p1", "REGISTER sip:uc3m.test SIP", "REGISTER sip:other.test SIP"),
    "REG-88 a user": lambda lab: lab.edit("p2", "REGISTER sip:uc3m.test SIP", "REGISTER sip:alice@uc3m.test SIP"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing_fails_one_criterion(lab: Any, case: Any) -> None:
    assert CASES[case](lab).failing() == [case.partition(" ")[0]]


CONFORMING = {
    "a display name more": lambda lab: lab.edit("p1", "From: <sip:", 'From: "Alice" <sip:'),
    "the domain in capitals": lambda lab: lab.edit(
        "s200 i200 g200", "From: <sip:alice@uc3m.test", "From: <sip:alice@UC3M.test"
    ),
    "compact names": lambda lab: lab.edit("p1 i1", "From:", "f:").edit("s200", "To:", "t:"),
    "CSeq with more space": lambda lab: lab.edit("gm1 p1 i1", "CSeq: 1 REGISTER", "CSeq:   1 \t REGISTER"),
    "the domain of the Request-URI in capitals": lambda lab: lab.edit(
        "p1", "REGISTER sip:uc3m.test ", "REGISTER sip:UC3M.test "
    ),
    "a home P-CSCF that knows its I-CSCF": lambda lab: lab.edit(
        "p1 p2", "REGISTER sip:uc3m.test ", "REGISTER sip:icscf.uc3m.test "
    ),
    "a parameter more": lambda lab: lab.edit("s200 i200 g200", ";tag=f2", ";tag=f2;x=y"),
}


@pytest.mark.parametrize("case", CONFORMING)
def test_another_spelling_of_the_same_is_not_accused(lab: Any, case: Any) -> None:
    assert CONFORMING[case](lab).failing() == []


@pytest.mark.parametrize(
    ("keys", "blamed"), [("s200 i200 g200", "home-scscf"), ("i200 g200", "home-icscf"), ("g200", "home-pcscf")]
)
def test_who_changed_it_first_is_blamed(lab: Any, keys: str, blamed: str) -> None:
    result = lab.edit(keys, "From: <sip:", "From: <sip:not-").judge()
    assert [(c.id, c.node) for c in result.criteria if c.verdict == "FAIL"] == [("REG-85", blamed)]
