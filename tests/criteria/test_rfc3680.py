"""Registration information in NOTIFYs: its form, its order, its first document."""

from __future__ import annotations

from typing import Any

import pytest

BOTH = "not-mw not-gm"
CASES = {
    "REG-62 another type": lambda lab: lab.edit("sub-gm sub-mw", "application/reginfo+xml", "application/pidf+xml"),
    "REG-69 no body": lambda lab: empty(lab, "pnot"),
    "REG-69 cut": lambda lab: lab.body("pnot", "</reginfo>", ""),
    "REG-69 another namespace": lambda lab: lab.body("pnot", "xml:ns:reginfo", "xml:ns:regimfo"),
    "REG-69 no such event": lambda lab: lab.body("pnot", 'event="registered"', 'event="gone"'),
    "REG-69 no uri": lambda lab: lab.body("pnot", "<uri>sip:alice@127.40.1.100:5062</uri>", ""),
    "REG-69 no version": lambda lab: lab.body("pnot", ' version="0"', ""),
    "REG-69 another content": lambda lab: lab.edit("pnot", "Type: application/reginfo+xml", "Type: text/plain"),
    "REG-70 begins with 1": lambda lab: lab.body("pnot", 'version="0"', 'version="1"'),
    "REG-70 jumps": lambda lab: lab.deregister().body("end-mw end-gm", 'version="1"', 'version="5"'),
    "REG-70 stays": lambda lab: lab.deregister().body("end-mw end-gm", 'version="1"', 'version="0"'),
    "REG-71 partial": lambda lab: lab.body(BOTH, 'state="full"', 'state="partial"'),
    "REG-71 of somebody else": lambda lab: lab.body(BOTH, 'aor="sip:alice@uc3m.test"', 'aor="sip:bob@uc3m.test"'),
}


def empty(lab: Any, key: str) -> Any:
    head, _ = lab[key].sip.split("Content-Type:")
    lab[key].sip = head + "Content-Length: 0\r\n\r\n"
    return lab


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing_fails_one_criterion(event_lab: Any, case: Any) -> None:
    assert CASES[case](event_lab).failing() == [case.partition(" ")[0]]


CONFORMING = {
    "prefixed": lambda lab: prefixed(lab, "pnot"),
    "an element of another namespace": lambda lab: lab.body(
        "pnot", "</contact>", '<x:gruu xmlns:x="urn:other">a</x:gruu></contact>'
    ),
    "wildcard types": lambda lab: lab.edit("sub-gm sub-mw", "Accept: application/reginfo+xml", "Accept: */*"),
    "no Accept": lambda lab: lab.edit("sub-gm sub-mw", "Accept: application/reginfo+xml\r\n", ""),
    "charset": lambda lab: lab.edit("pnot", "reginfo+xml\r\n", 'Reginfo+XML; charset="utf-8"\r\n'),
    "the last NOTIFY without a body": lambda lab: (
        empty(lab.before_the_end([]), "not-mw")
        .edit("not-mw", "active;expires=600000", "terminated;reason=timeout")
        .drop("not-gm not-gm200")
    ),
    "a refused document is sent again": lambda lab: again(lab),
    "another type that the terminal takes": lambda lab: lab.edit(
        "sub-gm sub-mw", "Accept: application/reginfo+xml", "Accept: application/reginfo+xml, multipart/mixed"
    ).edit("not-mw not-gm", "Type: application/reginfo+xml", "Type: multipart/mixed"),
}


def again(lab: Any) -> Any:
    lab.deregister().body(
        "end-mw end-gm", lab.reginfo(1, state="terminated", contact=("terminated", "unregistered")), lab.reginfo(0)
    ).edit("end-mw end-gm", "terminated;reason=noresource", "active;expires=599999")
    return lab.drop("gm3 p3 i3 s3200 i3200 g3200 pend pend200")


def prefixed(lab: Any, key: str) -> Any:
    for name in ("reginfo", "registration", "contact", "uri"):
        lab.body(key, f"<{name}", f"<r:{name}").body(key, f"</{name}", f"</r:{name}")
    return lab.body(key, "xmlns=", "xmlns:r=")


@pytest.mark.parametrize("case", CONFORMING)
def test_what_conforms_is_not_accused(event_lab: Any, case: Any) -> None:
    assert CONFORMING[case](event_lab).failing() == []


@pytest.mark.parametrize("hostile", ["<!DOCTYPE reginfo [<!ENTITY a 'b'>]>", "<!-- " + "x" * 70_000 + " -->"])
def test_a_document_that_is_not_read_accuses_nobody(event_lab: Any, hostile: Any) -> None:
    lab = event_lab.body("pnot", "<reginfo", hostile + "<reginfo")
    assert lab.failing() == []
    assert lab.result("REG-69").verdict == "INCONCLUSIVE"


def test_the_middle_of_a_subscription_may_have_any_version(event_lab: Any) -> None:
    lab = event_lab.drop("sub-gm sub-mw sub-mw200 sub-gm200").body("not-mw not-gm", 'version="0"', 'version="7"')
    assert lab.failing() == []


def test_a_missing_version_may_have_been_lost(event_lab: Any) -> None:
    lab = event_lab.body("pnot", 'version="0"', 'version="1"')
    lab.drops = 3
    assert lab.result("REG-70").verdict == "INCONCLUSIVE"


@pytest.mark.parametrize(("seconds", "verdict"), [(3600, "PASS"), (3599, "PASS"), (3601, "FAIL"), (600000, "FAIL")])
def test_a_contact_has_no_more_time_than_it_was_granted(event_lab: Any, seconds: int, verdict: str) -> None:
    lab = event_lab.body("not-mw not-gm", 'expires="3600"', f'expires="{seconds}"')
    assert lab.result("REG-84").verdict == verdict
    # The RFC says what the attribute means, and neither MUST nor SHOULD.
    assert lab.judge().conformance == "PASS"


def test_a_refresh_that_was_lost_may_have_granted_more(event_lab: Any) -> None:
    lab = event_lab.body("not-mw not-gm", 'expires="3600"', 'expires="4000"')
    lab.drops = 1
    assert lab.result("REG-84").verdict == "INCONCLUSIVE"


def test_without_the_200_nobody_knows_what_was_granted(event_lab: Any) -> None:
    lab = event_lab.body("not-mw not-gm", 'expires="3600"', 'expires="4000"').drop("s200 i200 g200")
    assert lab.result("REG-84").verdict == "NOT_APPLICABLE"
