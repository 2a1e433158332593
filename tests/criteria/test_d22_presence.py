"""Whom a presence server trusts: each fault fails its own criterion."""

from __future__ import annotations

import pytest

from tests.criteria.presence_lab import PresenceLab

FAILING = {
    "PRES-08 From of another": lambda lab: lab.edit("3 4 5 6 7 8 9 10 11 12", "From: <sip:bob@", "From: <sip:carol@"),
    "PRES-09 without identity": lambda lab: lab.edit("4 5 6 7", "P-Asserted-Identity: <sip:bob@ims-b.test>\r\n", ""),
}


@pytest.mark.parametrize("case", FAILING)
def test_one_wrong_thing_fails_one_criterion(case: str) -> None:
    lab = PresenceLab("handbuilt-presence-watch")
    assert FAILING[case](lab).failing() == [case.partition(" ")[0]]


CONFORMING = {
    "nothing": lambda lab: lab,
    "anonymous": lambda lab: lab.edit(
        "3 4 5 6 7 8 9 10 11 12", "From: <sip:bob@ims-b.test>", "From: <sip:anonymous@anonymous.invalid>"
    ),
    "a number is asserted as well": lambda lab: lab.edit(
        "4 5 6 7",
        "P-Asserted-Identity: <sip:bob@ims-b.test>",
        "P-Asserted-Identity: <sip:bob@ims-b.test>, <tel:+34916240001>",
    ),
}


@pytest.mark.parametrize("case", CONFORMING)
def test_nobody_is_accused(case: str) -> None:
    assert CONFORMING[case](PresenceLab("handbuilt-presence-watch")).failing() == []
