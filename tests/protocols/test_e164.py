"""Numbers, their names in DNS, and the rules that lead to SIP URIs (RFC 3966, RFC 6116, RFC 3402)."""

from __future__ import annotations

import dns.rdata
import pytest
from dns.rdtypes.IN.NAPTR import NAPTR
from sipmessage import URI

from conformance.protocols.e164 import enum_name, global_number, sip_uris


def naptr(text: str) -> NAPTR:
    record = dns.rdata.from_text("IN", "NAPTR", text)
    assert isinstance(record, NAPTR)
    return record


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("tel:+34-910.000(001)", "+34910000001"),
        ("tel:+34910;phone-context=x", "+34910"),
        ("sip:+34910@a.test;user=phone", "+34910"),
        ("sip:+34910@a.test", None),
        ("tel:910;phone-context=a.test", None),
        ("tel:+12345678901234567", None),
    ],
)
def test_global_numbers_are_found(uri: str, number: str | None) -> None:
    assert global_number(URI.parse(uri)) == number


def test_the_name_of_rfc_6116() -> None:
    assert enum_name("+442079460148") == "8.4.1.0.6.4.9.7.0.2.4.4.e164.arpa"


def test_the_lowest_order_and_preference_comes_first() -> None:
    records = [
        naptr('100 20 "u" "E2U+sip" "!^.*$!sip:third@a.test!" .'),
        naptr('100 10 "U" "e2u+pstn:sip" "!^.*$!sip:second@a.test!" .'),
        naptr('10 50 "u" "E2U+sip" "/^.*$/sip:first@a.test/i" .'),
    ]
    assert [str(uri) for uri in sip_uris(records, "+34910")] == [
        f"sip:{n}@a.test" for n in ("first", "second", "third")
    ]


def test_a_rule_may_take_parts_of_the_number() -> None:
    record = naptr(r'100 10 "u" "E2U+sip" "!^\\+34(.*)$!sip:\\1@a.test;user=phone!" .')
    assert [str(uri) for uri in sip_uris([record], "+34910")] == ["sip:910@a.test;user=phone"]
    assert sip_uris([record], "+421910") == []


@pytest.mark.parametrize(
    "text",
    [
        '100 10 "s" "SIP+D2U" "" _sip._udp.a.test.',
        '100 10 "u" "E2U+email:mailto" "!^.*$!mailto:a@a.test!" .',
        '100 10 "u" "E2U+sip" "!^.*$!tel:+34911!" .',
        '100 10 "u" "E2U+sip" "!^.*$!sip:" .',
        '100 10 "u" "E2U+sip" "!(!sip:a@a.test!" .',
        '100 10 "u" "E2U+sip" "!^.*$!sip:\\\\9@a.test!" .',
        '100 10 "u" "E2U+sip" "!^(a+)+$!sip:a@a.test!" .',
        '100 10 "u" "E2U+sip" "!^(.*)*$!sip:a@a.test!" .',
        '100 10 "u" "E2U+sip" "" .',
    ],
)
def test_what_leads_to_no_sip_uri_is_left_out(text: str) -> None:
    assert sip_uris([naptr(text)], "+34910") == []
