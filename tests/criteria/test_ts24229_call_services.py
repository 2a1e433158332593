"""INVITEs pass the application servers that user profiles name (3GPP TS 24.229, 29.228)."""

from __future__ import annotations

import pytest

from conformance.criteria.ts24229_call_services import same_place
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.numbers import Avp
from conformance.vocabulary.points import Point
from tests.criteria.call_lab import call, edit_header, failing
from tests.criteria.registration_lab import Entry, Lab

BEFORE_NS = 1767693600 * 1_000_000_000
FIRST, SECOND, OF_CAROL = "sip:as.ims-b.test", "sip:as.ims-b.test:5070", "sip:as.ims-c.test"
HSS = {"b": Endpoint("192.0.2.14", 3868, "tcp"), "c": Endpoint("192.0.2.142", 3868, "tcp")}
SCSCF = {"b": Endpoint("192.0.2.13", 40313, "tcp"), "c": Endpoint("192.0.2.141", 40314, "tcp")}
INVITE_TO_FIRST, INVITE_TO_CAROLS = "9", "23"


def criterion(priority: int, server: str, case: int, *, what: str = "<Method>INVITE</Method>") -> str:
    return (
        f"<InitialFilterCriteria><Priority>{priority}</Priority><TriggerPoint><ConditionTypeCNF>1</ConditionTypeCNF>"
        f"<SPT><Group>0</Group>{what}</SPT><SPT><Group>1</Group><SessionCase>{case}</SessionCase></SPT></TriggerPoint>"
        f"<ApplicationServer><ServerName>{server}</ServerName></ApplicationServer></InitialFilterCriteria>"
    )


BOBS = (criterion(1, FIRST, 0), criterion(2, SECOND, 0))
CAROLS = (criterion(0, OF_CAROL, 1),)


def services(bob: tuple[str, ...] = BOBS, carol: tuple[str, ...] = CAROLS, kind: int = 1) -> Lab:
    """Return the hand-built call behind the profiles of its users."""
    lab = call("handbuilt-call-services")
    told = []
    for number, (net, user, criteria) in enumerate((("b", "bob", bob), ("c", "carol", carol)), 1):
        identity = f"sip:{user}@ims-{net}.test"
        data = (
            f"<IMSSubscription><ServiceProfile><PublicIdentity><Identity>{identity}</Identity></PublicIdentity>"
            f"{''.join(criteria)}</ServiceProfile></IMSSubscription>"
        )
        at = BEFORE_NS + number * 1000
        asked = [(Avp.PUBLIC_IDENTITY, identity), (Avp.SERVER_ASSIGNMENT_TYPE, kind)]
        given = [(Avp.RESULT_CODE, 2001), (Avp.USER_DATA, data)]
        told.append(Entry(f"SAR {number}", Point.CX, SCSCF[net], HSS[net], "", 301, True, asked, time_ns=at))
        told.append(Entry(f"SAA {number}", Point.CX, HSS[net], SCSCF[net], "", 301, False, given, time_ns=at + 100))
    lab.entries = [*told, *lab.entries]
    return lab


def verdicts(lab: Lab) -> list[str]:
    return [lab.result(f"CALL-{number}").verdict for number in (41, 42, 43)]


def test_a_call_that_passes_all_servers_passes() -> None:
    assert verdicts(services()) == ["PASS", "PASS", "PASS"]


@pytest.mark.parametrize(
    ("bob", "found"),
    [
        ((), "NOT_APPLICABLE"),
        ((criterion(1, FIRST, 1),), "NOT_APPLICABLE"),
        ((criterion(1, FIRST, 0, what="<Method>PUBLISH</Method>"),), "NOT_APPLICABLE"),
        ((criterion(1, FIRST, 0, what="<SIPHeader><Header>Subject</Header></SIPHeader>"), BOBS[1]), "FAIL"),
        ((criterion(1, FIRST, 0, what="<SIPHeader><Header>(a*)*</Header></SIPHeader>"), BOBS[1]), "PASS"),
        ((criterion(3, FIRST, 0), BOBS[1]), "FAIL"),
        ((criterion(3, "sip:elsewhere.ims-b.test", 0), *BOBS), "FAIL"),
        ((criterion(3, "sip:scscf.ims-b.test:7070", 0), *BOBS), "INCONCLUSIVE"),
        ((criterion(1, "nobody", 0),), "INCONCLUSIVE"),
        ((criterion(1, "sip:unseen.ims-b.test", 0),), "INCONCLUSIVE"),
        ((f"{BOBS[0][:-24]}<ProfilePartIndicator>1</ProfilePartIndicator></InitialFilterCriteria>", BOBS[1]), "PASS"),
    ],
)
def test_what_the_profile_of_the_caller_asks_for(bob: tuple[str, ...], found: str) -> None:
    lab = services(bob)
    assert lab.result("CALL-41").verdict == found
    assert failing(lab) == (["CALL-41"] if found == "FAIL" else [])


def test_a_server_before_the_callees_that_is_passed_by_fails() -> None:
    lab = services(carol=(criterion(0, "sip:tv.ims-c.test", 1), criterion(1, OF_CAROL, 1)))
    result = lab.result("CALL-42")
    assert (result.verdict, result.node) == ("FAIL", "term-scscf")
    assert failing(lab) == ["CALL-42"]


def test_a_capture_with_losses_does_not_say_that_a_server_was_passed_by() -> None:
    lab = services((criterion(3, "sip:elsewhere.ims-b.test", 0), *BOBS))
    lab.drops = 1
    assert lab.result("CALL-41").verdict == "INCONCLUSIVE"


def test_without_a_profile_nothing_is_asked_for() -> None:
    assert verdicts(call("handbuilt-call-services"))[:2] == ["NOT_APPLICABLE", "NOT_APPLICABLE"]


def test_a_profile_that_is_no_xml_is_inconclusive() -> None:
    lab = services().avp("SAA 1", Avp.USER_DATA, "<IMSSubscription")
    assert lab.result("CALL-41").verdict == "INCONCLUSIVE"


def test_a_profile_for_a_user_who_is_not_registered_is_not_evaluated_here() -> None:
    assert verdicts(services(kind=3))[:2] == ["NOT_APPLICABLE", "NOT_APPLICABLE"]


@pytest.mark.parametrize(
    ("route", "found"),
    [
        ("<sip:as.ims-b.test;lr>", "FAIL"),
        (None, "FAIL"),
        ("<sip:odi-1@scscf.ims-b.test:6060;lr>, <sip:as.ims-b.test;lr>", "FAIL"),
        ("<sip:192.0.2.17;lr>, <sip:192.0.2.13:6060;lr>", "PASS"),
    ],
)
def test_the_route_to_a_server(route: str | None, found: str) -> None:
    lab = edit_header(services((criterion(1, SECOND, 0),)), INVITE_TO_FIRST, "Route", route)
    result = lab.result("CALL-43")
    assert result.verdict == found
    assert result.node == "orig-scscf"


def test_on_the_side_of_the_callee_his_scscf_is_blamed() -> None:
    lab = edit_header(services(), INVITE_TO_CAROLS, "Route", "<sip:as.ims-c.test;lr>")
    result = lab.result("CALL-43")
    assert (result.verdict, result.node) == ("FAIL", "term-scscf")


def test_places() -> None:
    assert same_place("sip:as.h;lr", "sip:AS.h:5060;transport=udp")
    assert not same_place("sip:as.h:5070", "sip:as.h")
    assert not same_place("nobody", "sip:as.h")
