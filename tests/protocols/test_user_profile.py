"""Identities out of the user profile (3GPP TS 29.228 annexes B and E)."""

from __future__ import annotations

import pytest
from sipmessage import URI, Request

from conformance.protocols.filter_criteria import Aspect, Occasion
from conformance.protocols.user_data import build_user_data
from conformance.protocols.user_profile import read_profile
from conformance.vocabulary.filter_criteria import Case, FilterCriterion, Handling, NormalForm, Trigger
from conformance.vocabulary.numbers import DefaultHandling, RegistrationType


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


def register(kind: RegistrationType) -> Occasion:
    return Occasion(Request("REGISTER", URI.parse("sip:h")), registration=kind)


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
    criteria = profile.services["sip:a@h"]
    assert [one.server for one in criteria] == ["sip:as.h:5060", "sip:tv.h"]
    assert all(one.matches(register(kind)) for one in criteria for kind in RegistrationType)


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
    (one,) = read_profile(criteria(triggers, conjunctive)).services["sip:a@h"]
    assert [one.matches(register(kind)) for kind in RegistrationType] == found


def test_criteria_with_triggers_that_no_standard_names_are_passed_over() -> None:
    triggers = spt("REGISTER") + "<SPT><Group>1</Group><Weather>fine</Weather></SPT>"
    assert read_profile(criteria(triggers)).services == {"sip:a@h": ()}


def test_each_identity_has_the_criteria_of_its_own_service_profile() -> None:
    one, other = criteria(spt("INVITE")).decode(), criteria("").decode().replace("sip:a@h", "sip:b@h")
    whole = one.replace("</IMSSubscription>", "") + other.replace("<IMSSubscription>", "")
    services = read_profile(whole.encode()).services
    assert [len(services[user]) for user in ("sip:a@h", "sip:b@h")] == [1, 0]  # a TriggerPoint without triggers is none


def test_what_a_federation_declares_is_read_as_it_was_meant() -> None:
    declared = FilterCriterion(
        priority=7,
        when=(
            (Trigger(method="INVITE"), Trigger(line="m", content="video")),
            (Trigger(session_case=Case.TERMINATING, negated=True),),
            (Trigger(header="P-Asserted-Service", content="a<b"), Trigger(request_uri="sip:1")),
        ),
        normal_form=NormalForm.DISJUNCTIVE,
        server="sip:as.h;x=&",
        default_handling=Handling.TERMINATED,
    )
    (read,) = read_profile(build_user_data("a@h", ["sip:a@h"], criteria=[declared])).services["sip:a@h"]
    assert (read.priority, read.server, read.conjunctive) == (7, "sip:as.h;x=&", False)
    assert read.handling is DefaultHandling.SESSION_TERMINATED
    shown = [(one.aspect, one.value, one.content, one.negated, sorted(one.groups)) for one in read.triggers]
    assert shown == [
        (Aspect.METHOD, "INVITE", None, False, [0]),
        (Aspect.DESCRIPTION, "m", "video", False, [0]),
        (Aspect.CASE, "1", None, True, [1]),
        (Aspect.HEADER, "P-Asserted-Service", "a<b", False, [2]),
        (Aspect.REQUEST_URI, "sip:1", None, False, [2]),
    ]


@pytest.mark.parametrize(
    "triggers", [spt("REGISTER", "first"), spt("REGISTER", types=("-1",)), spt("REGISTER", "9" * 11)]
)
def test_numbers_that_are_none_are_refused(triggers: str) -> None:
    with pytest.raises(ValueError, match="expected numbers"):
        read_profile(criteria(triggers))
