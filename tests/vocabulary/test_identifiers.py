"""Addresses as texts."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from conformance.vocabulary.identifiers import Endpoint, uri_host


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("10.1.1.11", "10.1.1.11"),
        ("fd00::1", "[fd00::1]"),
        (ip_address("fd00::0:1"), "[fd00::1]"),
        ("a.test", "a.test"),
    ],
)
def test_an_address_of_ipv6_stands_in_brackets(address: object, host: str) -> None:
    """RFC 3261 25.1: IPv6reference."""
    assert uri_host(address) == host


def test_an_endpoint_is_one_text() -> None:
    assert str(Endpoint("10.4.0.9", 5060, "udp")) == "10.4.0.9:5060/udp"
    assert str(Endpoint("fd00::1", 5060, "udp")) == "[fd00::1]:5060/udp"
