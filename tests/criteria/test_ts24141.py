"""Who may do what at an XDMS: each fault fails its own criterion."""

from __future__ import annotations

import pytest

from tests.criteria.presence_lab import PresenceLab

ASSERTED = 'X-3GPP-Asserted-Identity: "sip:alice@ims-b.test"\r\nX-Old: Digest'

FAILING = {
    "PRES-11 open": lambda lab: lab.edit("2", "401 Unauthorized", '200 OK\r\nETag: "d0"'),
    "PRES-21 wrong password": lambda lab: lab.edit("9", 'response="', 'response="f'),
    "PRES-20 of another": lambda lab: lab.edit("20", "403 Forbidden", '201 Created\r\nETag: "b1"'),
}


@pytest.mark.parametrize("case", FAILING)
def test_one_wrong_thing_fails_one_criterion(case: str) -> None:
    lab = PresenceLab("handbuilt-xcap")
    assert FAILING[case](lab).failing() == [case.partition(" ")[0]]


CONFORMING = {
    "nothing": lambda lab: lab,
    "an authentication proxy": lambda lab: lab.edit("7 9", "Authorization: Digest", ASSERTED),
    "an unknown user": lambda lab: lab.edit("19", "alice.private@ims-b.test", "someone@elsewhere.test").edit(
        "20", "403 Forbidden", '201 Created\r\nETag: "b1"'
    ),
}


@pytest.mark.parametrize("case", CONFORMING)
def test_nobody_is_accused(case: str) -> None:
    assert CONFORMING[case](PresenceLab("handbuilt-xcap")).failing() == []
