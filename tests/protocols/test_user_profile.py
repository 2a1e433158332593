"""Identities out of the user profile (3GPP TS 29.228 annexes B and E)."""

from __future__ import annotations

import pytest

from conformance.protocols.user_data import build_user_data
from conformance.protocols.user_profile import read_profile
from conformance.vocabulary.numbers import RegistrationType


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
        (b"<?xml version='1.0' encoding='of-nobody'?><a/>", "unknown encoding: of-nobody"),
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


def criteria(triggers: str, conjunctive: int = 1) -> bytes:
    return (
        "<IMSSubscription><ServiceProfile><PublicIdentity><Identity>sip:a@h</Identity></PublicIdentity>"
        f"<InitialFilterCriteria><Priority>0</Priority><TriggerPoint><ConditionTypeCNF>{conjunctive}</ConditionTypeCNF>"
        f"{triggers}</TriggerPoint><ApplicationServer><ServerName>sip:as.h</ServerName></ApplicationServer>"
        "</InitialFilterCriteria></ServiceProfile></IMSSubscription>"
    ).encode()


def spt(method: str, group: str = "0", *, negated: int = 0, types: tuple[str, ...] = ()) -> str:
    extension = "".join(f"<RegistrationType>{kind}</RegistrationType>" for kind in types)
    return (
        f"<SPT><ConditionNegated>{negated}</ConditionNegated><Group>{group}</Group><Method>{method}</Method>"
        f"<Extension>{extension}</Extension></SPT>"
    )


def test_the_application_servers_that_the_hss_names_are_told_of_everything_in_order() -> None:
    profile = read_profile(build_user_data("a@h", ["sip:a@h"], ["sip:as.h:5060", "sip:tv.h"]))
    assert [one.server for one in profile.criteria] == ["sip:as.h:5060", "sip:tv.h"]
    assert all(one.matches(kind) for one in profile.criteria for kind in RegistrationType)


@pytest.mark.parametrize(
    ("triggers", "conjunctive", "found"),
    [
        (spt("REGISTER", types=("0", "2")), 1, [True, False, True]),
        (spt("REGISTER", negated=1), 1, [False] * 3),
        (spt("INVITE") + spt("REGISTER"), 1, [True] * 3),
        (spt("INVITE") + spt("REGISTER"), 0, [False] * 3),
        (spt("INVITE", "0") + spt("REGISTER", "1"), 1, [False] * 3),
        (spt("INVITE", "0") + spt("REGISTER", "1"), 0, [True] * 3),
    ],
)
def test_triggers_are_joined_as_their_normal_form_says(triggers: str, conjunctive: int, found: list[bool]) -> None:
    (one,) = read_profile(criteria(triggers, conjunctive)).criteria
    assert [one.matches(kind) for kind in RegistrationType] == found


def test_criteria_that_look_at_more_than_the_method_are_passed_over() -> None:
    triggers = spt("REGISTER") + "<SPT><Group>1</Group><SessionCase>0</SessionCase></SPT>"
    assert read_profile(criteria(triggers)).criteria == ()


@pytest.mark.parametrize(
    "triggers", [spt("REGISTER", "first"), spt("REGISTER", types=("-1",)), spt("REGISTER", "9" * 11)]
)
def test_numbers_that_are_none_are_refused(triggers: str) -> None:
    with pytest.raises(ValueError, match="expected numbers"):
        read_profile(criteria(triggers))
