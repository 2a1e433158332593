"""What a proxy does with a session interval that is too short (RFC 4028 8.1)."""

from __future__ import annotations

import pytest
from sipmessage import URI, Request

from conformance.cores.emulated.session_interval import admit, insert, inserted
from conformance.cores.emulated.sip_server import Refused
from conformance.protocols.sip.message import make_response


def request(method: str = "INVITE", **fields: str) -> Request:
    message = Request(method, URI.parse("sip:a@h.test"))
    for name, value in fields.items():
        message.headers.set(name.replace("_", "-"), value)
    return message


def test_who_knows_the_extension_is_told_the_minimum() -> None:
    with pytest.raises(Refused) as refused:
        admit(request(Supported="timer", Session_Expires="60"), 90)
    assert (refused.value.status, refused.value.headers) == (422, {"Min-SE": "90"})


def test_for_who_does_not_know_it_the_interval_is_lengthened() -> None:
    message = request(Session_Expires="60;refresher=uas", Min_SE="100")
    admit(message, 90)
    assert (message.headers["Session-Expires"], message.headers["Min-SE"]) == ("100;refresher=uas", "100")


@pytest.mark.parametrize("fields", [{}, {"Session_Expires": "90"}, {"Session_Expires": "1800", "Min_SE": "1"}])
def test_an_interval_that_is_long_enough_passes(fields: dict[str, str]) -> None:
    message = request("UPDATE", Supported="timer", **fields)
    before = list(message.headers.getlist("Session-Expires")), list(message.headers.getlist("Min-SE"))
    admit(message, 90)
    assert (list(message.headers.getlist("Session-Expires")), list(message.headers.getlist("Min-SE"))) == before


def test_other_methods_have_no_interval() -> None:
    admit(request("BYE", Supported="timer", Session_Expires="1"), 90)


def test_a_network_asks_for_a_timer_where_the_caller_does_not() -> None:
    message = request(Min_SE="1000")
    insert(message, 600)
    assert message.headers["Session-Expires"] == "1000"
    for own, seconds in (("90", 600), (None, 0)):
        message = request(**({"Session_Expires": own} if own else {}))
        insert(message, seconds)
        assert message.headers.get("Session-Expires") == own


@pytest.mark.parametrize(
    ("supported", "status", "expected"),
    [("timer", 200, "600;refresher=uac"), ("timer", 183, None), ("100rel", 200, None)],
)
def test_a_caller_who_knows_it_refreshes_for_a_callee_who_does_not(
    supported: str, status: int, expected: str | None
) -> None:
    fields = {"Via": "SIP/2.0/UDP a.test;branch=z9hG4bK1", "From": "<sip:b@h.test>;tag=1", "To": "<sip:a@h.test>"}
    invite = request(Supported=supported, Call_ID="1", CSeq="1 INVITE", **fields)
    response = make_response(invite, status)
    inserted(invite, response, 600)
    assert response.headers.get("Session-Expires") == expected
    assert (response.headers.get("Require") == "timer") is (expected is not None)
