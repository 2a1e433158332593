"""Offer and answer (RFC 3264)."""

from __future__ import annotations

from tests.criteria.call_lab import call, edit_body, failing, frames


def test_a_refused_stream_keeps_its_line() -> None:
    assert call().result("CALL-28").verdict == "PASS"


def test_streams_in_another_order_fail() -> None:
    lab = call()
    for key in frames(20, 25).split():
        audio = "m=audio 49180 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        lab[key].sip = lab[key].sip.replace(audio, "").rstrip("\r\n") + "\r\n" + audio
    assert failing(lab) == ["CALL-28"]


def test_a_format_that_was_not_offered_fails() -> None:
    lab = edit_body(call(), frames(20, 25), "RTP/AVP 8\r\na=rtpmap:8 PCMA/8000", "RTP/AVP 0\r\na=rtpmap:0 PCMU/8000")
    assert failing(lab) == ["CALL-28"]


def test_another_number_for_an_offered_format_is_allowed() -> None:
    lab = edit_body(call(), frames(20, 25), "RTP/AVP 8\r\na=rtpmap:8 PCMA/8000", "RTP/AVP 98\r\na=rtpmap:98 PCMA/8000")
    assert not failing(lab)
