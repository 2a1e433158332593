"""XDMS and client: each fault fails its own criterion."""

from __future__ import annotations

import pytest

from tests.criteria.presence_lab import PresenceLab

FAILING = {
    "PRES-10 new with 200": lambda lab: lab.edit("8", "201 Created", "200 OK"),
    "PRES-10 replaced with 201": lambda lab: lab.edit("10", "200 OK", "201 Created"),
    "PRES-10 no entity-tag": lambda lab: lab.edit("8", 'ETag: "d1"\r\n', "").edit("9", 'If-Match: "d1"\r\n', ""),
    "PRES-11 open": lambda lab: lab.edit("2", "401 Unauthorized", "200 OK"),
    "PRES-12 old tag": lambda lab: lab.edit("12", "412 Precondition Failed", '200 OK\r\nETag: "d3"'),
    "PRES-12 no reason": lambda lab: lab.edit("14", "application/xcap-error+xml", "text/plain"),
    "PRES-12 another document": lambda lab: lab.edit("14", "ns:xcap-error", "ns:other"),
    "PRES-12 broken and kept": lambda lab: lab.edit("14", "409 Conflict", '200 OK\r\nETag: "d3"'),
    "PRES-12 unknown usage": lambda lab: lab.edit("16", "404 Not Found", "500 Server Error"),
    "PRES-14 usages": lambda lab: lab.edit("4", "<auid>resource-lists</auid>", ""),
    "PRES-19 type": lambda lab: lab.edit("7", "application/auth-policy+xml", "text/xml"),
    "PRES-21 wrong password": lambda lab: lab.edit("9", 'response="', 'response="f'),
    "PRES-20 of another": lambda lab: lab.edit("20", "403 Forbidden", '201 Created\r\nETag: "b1"'),
}


@pytest.mark.parametrize("case", FAILING)
def test_one_wrong_thing_fails_one_criterion(case: str) -> None:
    lab = PresenceLab("handbuilt-xcap")
    assert FAILING[case](lab).failing() == [case.partition(" ")[0]]


CONFORMING = {
    "nothing": lambda lab: lab,
    "an authentication proxy": lambda lab: lab.edit(
        "7 9", "Authorization: Digest", 'X-3GPP-Asserted-Identity: "sip:alice@ims-b.test"\r\nX-Old: Digest'
    ),
    "not known whether it was there": lambda lab: lab.drop("5 6").edit("8", "201 Created", "200 OK"),
    "lower case names": lambda lab: lab.edit("7", "Content-Type:", "content-type:"),
    "an unknown user": lambda lab: lab.edit("19", "alice.private@ims-b.test", "someone@elsewhere.test").edit(
        "20", "403 Forbidden", '201 Created\r\nETag: "b1"'
    ),
}


@pytest.mark.parametrize("case", CONFORMING)
def test_nobody_is_accused(case: str) -> None:
    assert CONFORMING[case](PresenceLab("handbuilt-xcap")).failing() == []
