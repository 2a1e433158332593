"""What CSCFs read out of a REGISTER."""

from __future__ import annotations

import pytest
from sipmessage import Request

from conformance.cores.emulated.register_fields import (
    credentials_for,
    private_identity,
    public_identity,
    refuse_unknown_extensions,
    wants_removal,
)
from conformance.cores.emulated.sip_server import Refused
from conformance.protocols.sip.message import read_message


def register(*lines: str) -> Request:
    given = {line.partition(":")[0] for line in lines}
    usual = {"Via": "SIP/2.0/UDP h", "From": "<sip:a@h>", "To": "<sip:a@h>", "Call-ID": "1", "CSeq": "1 REGISTER"}
    text = [*lines, *(f"{name}: {value}" for name, value in usual.items() if name not in given)]
    request = read_message("\r\n".join(["REGISTER sip:h SIP/2.0", *text, "", ""]).encode())
    assert isinstance(request, Request)
    return request


@pytest.mark.parametrize(
    ("to", "impu", "impi"),
    [
        ("<sip:a@h>", "sip:a@h", "a@h"),
        ("Alice <sip:a@h;user=phone>;tag=1", "sip:a@h", "a@h"),
        ("sip:a@h:5060", "sip:a@h:5060", "a@h"),
        ("<tel:+34600>", "tel:+34600", "+34600"),
    ],
)
def test_identities_from_to(to: str, impu: str, impi: str) -> None:
    request = register(f"To: {to}")
    assert (public_identity(request), private_identity(request, "h")) == (impu, impi)


def test_of_several_credentials_those_of_the_realm() -> None:
    request = register(
        'Authorization: Digest username="stale", realm="other"', 'Authorization: Digest username="i", realm="h"'
    )
    assert private_identity(request, "h") == "i"
    assert private_identity(request, "elsewhere") == "stale"


def test_credentials_of_another_scheme_say_nothing() -> None:
    request = register("Authorization: Basic YTpi")
    assert credentials_for(request, "h") is None
    assert private_identity(request, "h") == "a@h"


def test_an_empty_username_is_none() -> None:
    assert private_identity(register('Authorization: Digest username="", realm="h"'), "h") == "a@h"


@pytest.mark.parametrize(
    ("lines", "removal"),
    [
        ([], False),
        (["Expires: 0"], False),
        (["Contact: <sip:a@1>"], False),
        (["Contact: <sip:a@1>", "Expires: 0"], True),
        (["Contact: <sip:a@1>;expires=0"], True),
        (["Contact: <sip:a@1>;expires=0, <sip:a@2>;expires=9"], False),
        (["Contact: *", "Expires: 0"], True),
        (["Contact: <sip:a@1>;expires=00", "Expires: 9"], True),
        (["Contact: <sip:a@1>;expires=never"], False),
    ],
)
def test_removal(lines: list[str], removal: bool) -> None:
    assert wants_removal(register(*lines)) is removal


def test_extensions() -> None:
    request = register("Require: path, Sec-Agree", "Require: 100rel")
    refuse_unknown_extensions(request, "Require", {"path", "sec-agree", "100rel"})
    refuse_unknown_extensions(request, "Proxy-Require", set())
    with pytest.raises(Refused) as refused:
        refuse_unknown_extensions(request, "Require", {"path"})
    assert (refused.value.status, refused.value.headers) == (420, {"Unsupported": "Sec-Agree, 100rel"})
