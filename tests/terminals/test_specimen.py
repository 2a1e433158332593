"""The first REGISTER of a profile, to be looked at."""

from __future__ import annotations

from conformance.quirks.profiles import profile_named
from conformance.terminals.specimen import first_register


def test_the_standard_one() -> None:
    lines = first_register(profile_named("standard")).decode().split("\r\n")
    assert lines[0] == "REGISTER sip:home.net SIP/2.0"
    assert "Supported: path" in lines
    assert "Expires: 600000" in lines


def test_quirks_of_computing_and_of_spelling_are_in_it() -> None:
    text = first_register(profile_named("symbian-s60")).decode()
    assert text.startswith("REGISTER sip:home.net:4060;transport=UDP SIP/2.0\r\n")
    assert 'Digest username="",realm="",nonce="",uri="sip:home.net:4060;transport=UDP",response=""\r\n' in text
