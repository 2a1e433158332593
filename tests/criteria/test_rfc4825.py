"""XDMS and client: each fault fails its own criterion."""

from __future__ import annotations

import pytest

from tests.criteria.presence_lab import PresenceLab

ASSERTED = 'X-3GPP-Asserted-Identity: "sip:alice@ims-b.test"\r\nX-Old: Digest'

FAILING = {
    "PRES-10 new with 200": lambda lab: lab.edit("8", "201 Created", "200 OK"),
    "PRES-10 replaced with 201": lambda lab: lab.edit("10", "200 OK", "201 Created"),
    "PRES-10 new by its condition": lambda lab: (
        lab.drop("5 6")
        .edit("7", "Content-Type:", "If-None-Match: *\r\nContent-Type:")
        .edit("8", "201 Created", "200 OK")
    ),
    "PRES-10 new once it was removed": lambda lab: (
        lab.edit("5", "GET", "DELETE")
        .edit("5", "Authorization: Digest", ASSERTED)
        .edit("6", "404 Not Found", "200 OK")
        .edit("8", "201 Created", "200 OK")
    ),
    "PRES-10 replaced what was written": lambda lab: lab.edit("9", 'If-Match: "d1"\r\n', "").edit(
        "10", "200 OK", "201 Created"
    ),
    "PRES-22 written": lambda lab: lab.edit("8", 'ETag: "d1"\r\n', "").edit("9", 'If-Match: "d1"\r\n', ""),
    "PRES-22 read": lambda lab: lab.edit("18", "ETag:", "X-Tag:"),
    "PRES-12 old tag": lambda lab: lab.edit("12", "412 Precondition Failed", '200 OK\r\nETag: "d3"'),
    "PRES-24 no reason": lambda lab: lab.edit("14", "application/xcap-error+xml", "text/plain"),
    "PRES-24 another document": lambda lab: lab.edit("14", "ns:xcap-error", "ns:other"),
    "PRES-12 broken and kept": lambda lab: lab.edit("14", "409 Conflict", '200 OK\r\nETag: "d3"'),
    "PRES-12 unknown usage": lambda lab: lab.edit("16", "404 Not Found", "500 Server Error"),
    "PRES-14 usages": lambda lab: lab.edit("4", "<auid>resource-lists</auid>", ""),
    "PRES-19 type": lambda lab: lab.edit("7", "application/auth-policy+xml", "text/xml"),
}


@pytest.mark.parametrize("case", FAILING)
def test_one_wrong_thing_fails_one_criterion(case: str) -> None:
    lab = PresenceLab("handbuilt-xcap")
    assert FAILING[case](lab).failing() == [case.partition(" ")[0]]


CONFORMING = {
    "nothing": lambda lab: lab,
    "not known whether it was there": lambda lab: lab.drop("5 6").edit("8", "201 Created", "200 OK"),
    "removed, and who knows whether": lambda lab: (
        lab.edit("5", "GET", "DELETE")
        .edit("6", "404 Not Found", "503 Service Unavailable")
        .edit("8", "201 Created", "200 OK")
    ),
    "not yet answered": lambda lab: lab.later("6", 10_000_000).edit("8", "201 Created", "200 OK"),
    "changed by another at that time": lambda lab: (
        lab.edit("1", "GET", "PUT")
        .edit("1", "Host:", "Content-Type: application/auth-policy+xml\r\nHost:")
        .later("1 2", 11_200_000)
        .edit("8", "201 Created", "200 OK")
    ),
    "lower case names": lambda lab: lab.edit("7", "Content-Type:", "content-type:"),
}


def test_who_does_not_know_whether_a_document_is_new_says_nothing() -> None:
    lab = PresenceLab("handbuilt-xcap").drop("5 6 9 10")
    assert lab.result("PRES-10").verdict == "NOT_APPLICABLE"


def test_the_evidence_shows_that_the_document_was_not_there() -> None:
    result = PresenceLab("handbuilt-xcap").edit("8", "201 Created", "200 OK").result("PRES-10")
    assert [(one.frame, one.field) for one in result.evidence] == [(8, "Status-Line"), (6, "Status-Line")]


@pytest.mark.parametrize("case", CONFORMING)
def test_nobody_is_accused(case: str) -> None:
    assert CONFORMING[case](PresenceLab("handbuilt-xcap")).failing() == []
