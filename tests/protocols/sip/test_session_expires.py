"""Session-Expires and Min-SE (RFC 4028 4, 5)."""

from __future__ import annotations

import pytest
from sipmessage import URI, Request

from conformance.protocols.sip.session_expires import SessionExpires, min_se, supports


def request(**fields: str) -> Request:
    message = Request("INVITE", URI.parse("sip:a@h.test"))
    for name, value in fields.items():
        message.headers.set(name.replace("_", "-"), value)
    return message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1800", SessionExpires(1800)),
        (" 90 ; refresher = UAC", SessionExpires(90, "uac")),
        ("600;x=y;refresher=uas", SessionExpires(600, "uas")),
        ("600;refresher=both", SessionExpires(600)),
    ],
)
def test_what_is_written_is_read(text: str, expected: SessionExpires) -> None:
    assert SessionExpires.of(request(Session_Expires=text)) == expected


@pytest.mark.parametrize("text", ["", "soon", "-1", "1;" * 3 + "\x00", "9999999999"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    message = request(Session_Expires=text, Min_SE="soon")
    if not text.startswith("1;"):
        with pytest.raises(ValueError, match="Session-Expires"):
            SessionExpires.of(message)
    with pytest.raises(ValueError, match="Min-SE"):
        min_se(message)


def test_what_is_not_there_says_nothing() -> None:
    assert SessionExpires.of(request()) is None
    assert min_se(request()) is None


def test_it_is_written_with_its_refresher() -> None:
    assert [str(SessionExpires(90)), str(SessionExpires(90, "uas"))] == ["90", "90;refresher=uas"]


def test_who_supports_or_requires_the_extension_knows_it() -> None:
    assert supports(request(Supported="100rel, Timer"))
    assert supports(request(Require="timer"))
    assert not supports(request(Supported="timers"))
