"""The REGISTER of a terminal (3GPP TS 24.229 5.1.1.2)."""

from __future__ import annotations

from conformance.terminals.register_request import ASKED_EXPIRY_S, RegisterSeries


def test_the_series() -> None:
    series = RegisterSeries("home.test", "sip:a@home.test", "sip:a@127.0.0.1:5060")
    first, second = series.next_request(None, ASKED_EXPIRY_S), series.next_request(None, 0)
    assert series.request_uri == str(first.uri) == "sip:home.test"
    assert (first.cseq.sequence, second.cseq.sequence) == (1, 2)
    assert first.call_id == second.call_id == series.call_id
    assert first.headers["From"] == second.headers["From"]
    assert (first.expires, second.expires) == (600_000, 0)
    assert first.headers.get("Authorization") is None


def test_two_series_share_nothing() -> None:
    one, other = (RegisterSeries("h.test", "sip:a@h.test", "sip:a@127.0.0.1") for _ in range(2))
    assert one.call_id != other.call_id
    assert one.from_tag != other.from_tag
