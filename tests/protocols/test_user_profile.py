"""Identities out of the user profile (3GPP TS 29.228 annexes B and E)."""

from __future__ import annotations

import pytest

from conformance.protocols.user_data import build_user_data
from conformance.protocols.user_profile import read_profile


def test_what_the_hss_writes_is_read() -> None:
    impus = ("sip:a&b@home.test", "sip:c@home.test", "tel:+34600")
    assert read_profile(build_user_data("a@home.test", impus)).identities == impus


def test_barred_identities_are_left_out_and_order_is_kept() -> None:
    profile = b"""<?xml version="1.0"?>
    <IMSSubscription><PrivateID>a</PrivateID>
      <ServiceProfile>
        <PublicIdentity><BarringIndication>1</BarringIndication><Identity>sip:barred@h</Identity></PublicIdentity>
        <PublicIdentity><Identity> sip:a@h </Identity>
          <Extension><IdentityType>0</IdentityType></Extension></PublicIdentity>
      </ServiceProfile>
      <ServiceProfile>
        <PublicIdentity><Identity>sip:b@h</Identity><BarringIndication>0</BarringIndication></PublicIdentity>
        <PublicIdentity><Identity>sip:a@h</Identity></PublicIdentity>
      </ServiceProfile>
    </IMSSubscription>"""
    assert read_profile(profile).identities == ("sip:a@h", "sip:b@h")


@pytest.mark.parametrize(
    ("profile", "complaint"),
    [
        (b"", "well-formed"),
        (b"<a><b></a>", "well-formed"),
        (b"<IMSSubscription/>", "not barred"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
        (b"<a>" + b" " * 300_000 + b"</a>", "at most"),
        (b"\xff\xfe\x00", "well-formed"),
    ],
)
def test_what_is_no_profile(profile: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_profile(profile)
