"""Rules on Ut and what becomes of a subscription: each fault fails its own criterion."""

from __future__ import annotations

import pytest

from tests.criteria.presence_lab import PresenceLab

NEUTRAL = (
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:alice@ims-b.test">'
    '<tuple id="t"><status><basic>closed</basic></status></tuple></presence>'
)
OPEN = NEUTRAL.replace("closed", "open")
FAILING = {
    "PRES-13 not told": lambda lab: lab.drop("21 22 23 24 25 26"),
    "PRES-13 still pending": lambda lab: lab.edit("21 22 23 27 28 29", "active;expires", "pending;expires"),
    "PRES-13 rejected and not told": lambda lab: lab.edit(
        "19", "<pr:sub-handling>allow", "<pr:sub-handling>block"
    ).edit("21 22 23 27 28 29", "active;expires", "pending;expires"),
    "PRES-15 active without consent": lambda lab: lab.edit("13 14 15", "pending;expires", "active;expires"),
    "PRES-15 presence while pending": lambda lab: lab.edit(
        "13 14 15",
        "Content-Length: 0\r\n\r\n",
        f"Content-Type: application/pidf+xml\r\nContent-Length: 0\r\n\r\n{OPEN}",
    ),
    "PRES-15 nobody is permitted": lambda lab: (
        lab.edit("1 19", "sip:bob@ims-b.test", "sip:carol@ims-b.test")
        .edit("13 14 15", "pending;expires", "active;expires")
        .drop("19 20 27 28 29 30 31 32")
    ),
}


@pytest.mark.parametrize("case", FAILING)
def test_one_wrong_thing_fails_one_criterion(case: str) -> None:
    lab = PresenceLab("handbuilt-presence-watch")
    assert FAILING[case](lab).failing() == [case.partition(" ")[0]]


CONFORMING = {
    "a neutral state while pending": lambda lab: lab.edit(
        "13 14 15",
        "Content-Length: 0\r\n\r\n",
        f"Content-Type: application/pidf+xml\r\nContent-Length: 0\r\n\r\n{NEUTRAL}",
    ),
    "nothing": lambda lab: lab,
    "a polite block": lambda lab: lab.edit("19", "<pr:sub-handling>allow", "<pr:sub-handling>polite-block"),
    "a condition that is not understood": lambda lab: lab.edit(
        "1", "</identity>", '</identity><sphere xmlns="urn:x"/>'
    ).edit("13 14 15", "pending;", "active;"),
    "rules that were refused": lambda lab: lab.edit("2", "201 Created", "403 Forbidden").edit(
        "13 14 15", "pending;", "active;"
    ),
    "rules that were changed in part": lambda lab: lab.edit("1", "/index HTTP", "/index/~~/ruleset/rule HTTP").edit(
        "13 14 15", "pending;", "active;"
    ),
    "a domain": lambda lab: lab.edit("1", '<one id="sip:bob@ims-b.test"/>', '<many domain="ims-b.test"/>').edit(
        "19", '<one id="sip:bob@ims-b.test"/>', "<many/>"
    ),
    "no rules were seen": lambda lab: lab.drop("1 2 19 20").edit("13 14 15", "pending;", "active;"),
    "rejected, and told so": lambda lab: (
        lab.edit("19", "<pr:sub-handling>allow", "<pr:sub-handling>block")
        .edit("21 22 23", "active;expires=3597", "terminated;reason=rejected")
        .drop("27 28 29 30 31 32")
    ),
}


@pytest.mark.parametrize("case", CONFORMING)
def test_nobody_is_accused(case: str) -> None:
    assert CONFORMING[case](PresenceLab("handbuilt-presence-watch")).failing() == []
