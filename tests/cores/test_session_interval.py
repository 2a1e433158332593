"""What a proxy does with a session interval that is too short (RFC 4028 8.1)."""

from __future__ import annotations

import pytest
from sipmessage import URI, Request

from conformance.cores.emulated.session_interval import admit
from conformance.cores.emulated.sip_server import Refused


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
