"""Numbers in URIs and in DNS (RFC 3966, RFC 6116)."""

from __future__ import annotations

import pytest

from conformance.criteria.phone_numbers import digits_of_name, enum_name, is_enum_name, is_meant_for, number_in


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("tel:+34-600.000(001)", "+34600000001"),
        ("tel:+34600;ext=7", "+34600"),
        ("sip:+34600@a.test;user=phone", "+34600"),
        ("sip:+34600;isub=1@a.test;user=PHONE", "+34600"),
        ("sip:+34600@a.test", None),
        ("sip:600@a.test;user=phone", None),
        ("tel:600;phone-context=a.test", None),
        ("tel:+" + "1" * 16, None),
        ("tel:+٣٤", None),
        ("urn:service:sos", None),
        ("", None),
    ],
)
def test_global_numbers_are_found(uri: str, number: str | None) -> None:
    assert number_in(uri) == number


def test_the_name_has_the_last_digit_first() -> None:
    assert enum_name("+358000000001") == "1.0.0.0.0.0.0.0.0.8.5.3.e164.arpa"
    assert digits_of_name(enum_name("+358000000001")) == "358000000001"


@pytest.mark.parametrize("name", ["ims-b.test", "1.2.test", "_sip._udp.a.test", "", "12.34.56.test"])
def test_domains_are_no_numbers(name: str) -> None:
    assert digits_of_name(name) is None
    assert not is_enum_name(name)


def test_another_number_is_not_meant() -> None:
    assert not is_meant_for(enum_name("+34000000078"), "+34000000077")
    assert not is_meant_for(enum_name("+34000000077"), "+34000000077")
