"""What header fields of the messages of a session say."""

from __future__ import annotations

from sipmessage import URI, Request

from conformance.terminals.session_fields import has_sdp, option_tags


def test_option_tags_have_no_case_and_stand_in_one_field_or_several() -> None:
    message = Request("INVITE", URI.parse("sip:a@h.test"))
    message.headers.setlist("Supported", ["100rel, Timer", "precondition"])
    assert option_tags(message, "Supported") == {"100rel", "timer", "precondition"}
    assert option_tags(message, "Require") == set()


def test_a_description_is_a_body_of_that_kind() -> None:
    message = Request("INVITE", URI.parse("sip:a@h.test"))
    message.headers.set("Content-Type", "Application/SDP; charset=x")
    assert not has_sdp(message)
    message.body = b"v=0\r\n"
    assert has_sdp(message)
    message.headers.set("Content-Type", "text/plain")
    assert not has_sdp(message)
