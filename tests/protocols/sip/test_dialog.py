"""Dialogs (RFC 3261 12): both ends of one, and what they send."""

from __future__ import annotations

import pytest
from sipmessage import Request, Response

from conformance.protocols.sip.dialog import Dialog, dialog_key, next_hop
from conformance.protocols.sip.message import make_response, read_message


def subscribe(*lines: str) -> Request:
    text = "\r\n".join(
        [
            "SUBSCRIBE sip:alice@h.test SIP/2.0",
            "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1",
            "From: <sip:alice@h.test>;tag=ours",
            "To: <sip:alice@h.test>",
            "Call-ID: call",
            "CSeq: 5 SUBSCRIBE",
            *lines,
        ]
    )
    request = read_message(text.encode() + b"\r\n\r\n")
    assert isinstance(request, Request)
    return request


def accepted(request: Request) -> Response:
    response = make_response(request, 200, to_tag="theirs")
    response.headers.set("Contact", "<sip:s.test:6060>")
    response.headers.setlist("Record-Route", list(request.headers.getlist("Record-Route")))
    return response


REQUEST = (
    "Contact: <sip:alice@10.0.0.1:5060;transport=tcp>;x=y",
    "Record-Route: <sip:second.test;lr>, <sip:first.test;lr>",
)


def test_the_end_that_answered() -> None:
    request = subscribe(*REQUEST)
    dialog = Dialog.answered(request, accepted(request))
    assert dialog.key == ("call", "theirs")
    notify = dialog.next_request("NOTIFY")
    assert str(notify.uri) == "sip:alice@10.0.0.1:5060;transport=tcp"
    assert notify.headers.getlist("Route") == ["<sip:second.test;lr>", "<sip:first.test;lr>"]
    assert notify.headers["From"] == "<sip:alice@h.test>;tag=theirs"
    assert notify.headers["To"] == "<sip:alice@h.test>;tag=ours"
    assert [notify.headers["CSeq"], dialog.next_request("NOTIFY").headers["CSeq"]] == ["1 NOTIFY", "2 NOTIFY"]
    assert str(next_hop(notify)) == "sip:second.test;lr"
    assert dialog_key(notify) == ("call", "ours")


def test_the_end_that_asked() -> None:
    request = subscribe(*REQUEST)
    dialog = Dialog.begun(request, accepted(request))
    assert dialog.key == ("call", "ours")
    again = dialog.next_request("SUBSCRIBE")
    assert str(again.uri) == "sip:s.test:6060"
    assert again.headers.getlist("Route") == ["<sip:first.test;lr>", "<sip:second.test;lr>"]
    assert again.headers["CSeq"] == "6 SUBSCRIBE"
    assert dialog_key(again) == ("call", "theirs")


def test_a_provisional_response_may_leave_the_target_to_the_final_one() -> None:
    request = subscribe(*REQUEST)
    rings = make_response(request, 180, to_tag="theirs")
    early = Dialog.begun(request, rings)
    assert early.target == str(request.uri)
    rings.headers.set("Contact", "*")
    with pytest.raises(ValueError, match="expected a URI"):
        Dialog.begun(request, rings)
    with pytest.raises(ValueError, match="Contact"):
        Dialog.begun(request, make_response(request, 200, to_tag="theirs"))


def test_without_routers_the_way_leads_to_the_contact() -> None:
    request = subscribe(REQUEST[0])
    notify = Dialog.answered(request, accepted(request)).next_request("NOTIFY")
    assert notify.headers.getlist("Route") == []
    assert next_hop(notify) == notify.uri


def test_a_request_that_begins_a_dialog_has_no_key() -> None:
    assert dialog_key(subscribe()) is None


@pytest.mark.parametrize("contact", [(), ("Contact: *",), ("Contact: <sip:a@1>, <sip:b@1>",)])
def test_a_dialog_needs_one_contact(contact: tuple[str, ...]) -> None:
    request = subscribe(*contact)
    with pytest.raises(ValueError, match="expected"):
        Dialog.answered(request, accepted(request))


def test_the_ack_has_the_number_of_its_invite() -> None:
    dialog = Dialog.begun(subscribe(*REQUEST), accepted(subscribe(*REQUEST)))
    dialog.next_request("PRACK")
    ack = dialog.ack(5)
    assert ack.headers["CSeq"] == "5 ACK"
    assert str(ack.uri) == "sip:s.test:6060"
    assert ack.headers.getlist("Route") == ["<sip:first.test;lr>", "<sip:second.test;lr>"]
    assert dialog.next_request("BYE").headers["CSeq"] == "7 BYE"


def test_the_remote_target_is_that_of_the_last_contact() -> None:
    dialog = Dialog.begun(subscribe(*REQUEST), accepted(subscribe(*REQUEST)))
    dialog.refresh(subscribe())
    assert dialog.target == "sip:s.test:6060"
    dialog.refresh(subscribe("Contact: <sip:b@10.0.0.9>"))
    assert dialog.target == "sip:b@10.0.0.9"


def test_a_request_whose_number_is_not_higher_is_out_of_order() -> None:
    request = subscribe(*REQUEST)
    dialog = Dialog.answered(request, accepted(request))
    assert not dialog.in_order(request)
    request.headers.set("CSeq", "6 SUBSCRIBE")
    assert dialog.in_order(request)
    assert not dialog.in_order(request)
