"""Filter criteria: what a REGISTER triggers, and what cannot be told."""

from __future__ import annotations

import pytest

from conformance.criteria.filter_criteria import Occasion, read_profiles
from conformance.criteria.xml_tree import MAX_BYTES, NotReadError, NotWellFormedError
from conformance.trace.model import Sighting, SipMessage
from conformance.trace.sip import read_sip
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.numbers import RegistrationType, SessionCase
from conformance.vocabulary.points import Point

REGISTER = "<Method>REGISTER</Method>"
INVITE = "<Method>INVITE</Method>"
CASE = "<SessionCase>0</SessionCase>"


def spt(what: str, group: int = 0, negated: int = 0, types: tuple[int, ...] = ()) -> str:
    extension = "".join(f"<RegistrationType>{kind}</RegistrationType>" for kind in types)
    extension = f"<Extension>{extension}</Extension>" if types else ""
    return f"<SPT><ConditionNegated>{negated}</ConditionNegated><Group>{group}</Group>{what}{extension}</SPT>"


def profile(*triggers: str, conjunctive: int = 1, more: str = "") -> bytes:
    points = f"<TriggerPoint><ConditionTypeCNF>{conjunctive}</ConditionTypeCNF>{''.join(triggers)}</TriggerPoint>"
    return (
        "<IMSSubscription><ServiceProfile><PublicIdentity><Identity> sip:a@h </Identity></PublicIdentity>"
        f"<InitialFilterCriteria><Priority>0</Priority>{points if triggers else ''}"
        f"<ApplicationServer><ServerName>sip:as.h</ServerName></ApplicationServer>{more}</InitialFilterCriteria>"
        "</ServiceProfile></IMSSubscription>"
    ).encode()


def matches(user_data: bytes) -> list[bool | None]:
    """Say for initial registration, re-registration and deregistration whether they match."""
    ((criteria,),) = (one.criteria for one in read_profiles(user_data))
    return [criteria.matches(kind) for kind in RegistrationType]


def test_identities_and_servers() -> None:
    (found,) = read_profiles(profile(spt(REGISTER)))
    assert found.identities == ("sip:a@h",)
    assert [one.server for one in found.criteria] == ["sip:as.h"]


@pytest.mark.parametrize(
    ("triggers", "conjunctive", "found"),
    [
        ([spt(REGISTER)], 0, [True, True, True]),
        ([spt(REGISTER)], 1, [True, True, True]),
        ([spt(REGISTER, types=(0,))], 1, [True, False, False]),
        ([spt(REGISTER, types=(1, 2))], 1, [False, True, True]),
        ([spt(REGISTER, types=(2,), negated=1)], 1, [True, True, False]),
        ([spt(INVITE)], 1, [False, False, False]),
        ([spt(INVITE, negated=1)], 1, [True, True, True]),
        # CNF: OR in a group, AND of the groups; DNF: the other way round.
        ([spt(INVITE), spt(REGISTER)], 1, [True, True, True]),
        ([spt(INVITE), spt(REGISTER)], 0, [False, False, False]),
        ([spt(INVITE, 0), spt(REGISTER, 1)], 1, [False, False, False]),
        ([spt(INVITE, 0), spt(REGISTER, 1)], 0, [True, True, True]),
        # A trigger that looks at more than the method decides only where the others leave it open.
        ([spt(INVITE, 0), spt(CASE, 1)], 1, [False, False, False]),
        ([spt(REGISTER, 0), spt(CASE, 1)], 1, [None, None, None]),
        ([spt(REGISTER, 0), spt(CASE, 1)], 0, [True, True, True]),
        ([spt(CASE)], 0, [None, None, None]),
        ([], 1, [None, None, None]),
        ([spt(REGISTER, types=(0,)).replace("<Group>0</Group>", "")], 1, [None, None, None]),
        ([spt(f"{REGISTER}{INVITE}")], 1, [None, None, None]),
        ([spt(REGISTER, types=(0,)).replace(">0</Reg", ">first</Reg")], 1, [None, None, None]),
    ],
)
def test_what_a_register_triggers(triggers: list[str], conjunctive: int, found: list[bool | None]) -> None:
    assert matches(profile(*triggers, conjunctive=conjunctive)) == found


def test_criteria_for_the_unregistered_part_are_never_certain() -> None:
    part = "<ProfilePartIndicator>{}</ProfilePartIndicator>"
    assert matches(profile(spt(REGISTER), more=part.format(0))) == [True] * 3
    assert matches(profile(spt(REGISTER), more=part.format(1))) == [None] * 3


def test_a_namespace_makes_no_difference() -> None:
    assert (
        matches(profile(spt(REGISTER)).replace(b"<IMSSubscription>", b'<IMSSubscription xmlns="urn:x">')) == [True] * 3
    )


@pytest.mark.parametrize(
    ("user_data", "error"),
    [
        (b"", NotWellFormedError),
        (b"<a><b></a>", NotWellFormedError),
        (b"\xff\xfe\x00", NotWellFormedError),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', NotReadError),
        (b"<a>" + b" " * MAX_BYTES + b"</a>", NotReadError),
        (b"<a>" * 100 + b"</a>" * 100, NotReadError),
        (b"<a>" + b"<b/>" * 5_000 + b"</a>", NotReadError),
    ],
)
def test_what_is_not_read(user_data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_profiles(user_data)


def test_what_is_no_profile_names_nobody() -> None:
    assert read_profiles(b"<IMSSubscription/>") == ()


def invite(*lines: str, body: str = "") -> SipMessage:
    text = ["INVITE sip:bob@h SIP/2.0", *lines, f"Content-Length: {len(body)}", "", body]
    raw = "\r\n".join(text).encode()
    end = Endpoint("127.0.0.1", 5060, "udp")
    return SipMessage((Sighting(0, 1, 1, Point.MW, end, end, ()),), raw, sip=read_sip(raw))


@pytest.mark.parametrize(
    ("trigger", "found"),
    [
        (INVITE, True),
        ("<Method>MESSAGE</Method>", False),
        (CASE, True),
        ("<SessionCase>1</SessionCase>", False),
        ("<SessionCase>one</SessionCase>", None),
        ("<RequestURI>sip:bob@h</RequestURI>", True),
        ("<RequestURI>bob</RequestURI>", None),  # whole or in part: implementations differ
        ("<RequestURI>alice</RequestURI>", False),
        ("<SIPHeader><Header>Subject</Header></SIPHeader>", True),
        ("<SIPHeader><Header>subject</Header><Content>HELLO</Content></SIPHeader>", True),
        ("<SIPHeader><Header>Subject</Header><Content>bye</Content></SIPHeader>", False),
        ("<SIPHeader><Header>Sub</Header></SIPHeader>", None),
        ("<SIPHeader><Header>Priority</Header></SIPHeader>", False),
        ("<SIPHeader><Header>(a+)+</Header></SIPHeader>", None),
        ("<SessionDescription><Line>m</Line><Content>video</Content></SessionDescription>", False),
        ("<SessionDescription><Line>m</Line><Content>audio</Content></SessionDescription>", True),
        (INVITE + CASE, None),
        ("<Weather>fine</Weather>", None),
    ],
)
def test_what_is_true_of_an_invite(trigger: str, found: bool | None) -> None:
    ((criteria,),) = (one.criteria for one in read_profiles(profile(spt(trigger))))
    request = invite("Subject: hello", body="v=0\r\nm=audio 4 RTP/AVP 8\r\n")
    assert criteria.matches_of(Occasion(request, SessionCase.ORIGINATING)) is found


def test_a_priority_that_is_no_number_is_none() -> None:
    text = profile(spt(INVITE)).replace(b"<Priority>0</Priority>", b"<Priority>high</Priority>")
    ((criteria,),) = (one.criteria for one in read_profiles(text))
    assert criteria.priority is None
