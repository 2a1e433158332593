"""What a manner makes of identities, challenges and routes, and what the judge makes of answers to rare challenges."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.protocols.sip.digest_header import DigestHeader
from conformance.quirks.catalogue import all_quirks
from conformance.quirks.edits import EDITS
from conformance.stack.hop import Hop
from conformance.terminals.manner import ASKED_EXPIRY_S, Manner
from tests.criteria.registration_lab import Lab, _response, home_registration

HOP = Hop("127.0.0.1", 4060, "udp")


def manner(*ids: str) -> Manner:
    return Manner(frozenset(ids))


def test_the_standard_manner_does_what_24_229_says() -> None:
    standard, values = Manner.of(None), {"username": "a", "realm": "r", "nonce": "", "algorithm": "MD5"}
    assert standard.request_uri("h.test", HOP) == standard.digest_uri("sip:h.test", HOP) == "sip:h.test"
    assert standard.entry(HOP) == "<sip:127.0.0.1:4060;lr>"
    assert standard.introduction(values) == values
    assert standard.contact("sip:a@h", 5) == "<sip:a@h>"
    assert (standard.asked_expiry_s, standard.supported, standard.username("a@h")) == (ASKED_EXPIRY_S, "path", "a@h")
    assert standard.refusal("sips:a@h") == ""


def test_over_tcp_the_transport_is_said_so() -> None:
    tcp = HOP._replace(transport="tcp")
    assert manner("Q1").request_uri("h.test", tcp) == "sip:h.test:4060;transport=TCP"
    assert manner("Q13").entry(tcp) == "<sip:127.0.0.1:4060;lr;transport=TCP>"


@pytest.mark.parametrize(
    ("id", "offered", "chosen"),
    [
        ("Q10", "auth", ("auth-int", "auth")),
        ("Q1", "auth", ("auth", "auth-int")),
        ("U2", "auth", ()),
        ("Q10", None, ()),
    ],
)
def test_preferred_qop(id: str, offered: str | None, chosen: tuple[str, ...]) -> None:
    challenge = DigestHeader.challenge(realm="r", **({} if offered is None else {"qop": offered}))
    assert manner(id).preferred_qop(challenge) == chosen


def _auth_int(lab: Lab) -> Lab:
    lab.edit("s401 i401 g401", 'qop="auth"', 'qop="auth,auth-int"')
    lab.edit("gm2 p2 i2", "qop=auth", "qop=auth-int")
    return lab.edit("gm2 p2 i2", _response(), _response(qop="auth-int"))


def _without_qop(uri: str) -> Callable[[Lab], Lab]:
    def edit(lab: Lab) -> Lab:
        lab.edit("s401 i401 g401", ', qop="auth"', "")
        lab.edit("gm2 p2 i2", ', qop=auth, nc=00000001, cnonce="0a4f113b"', "")
        return lab.edit("gm2 p2 i2", _response(), _response(uri, qop=None))

    return edit


@pytest.mark.parametrize(
    ("id", "edit"),
    [
        ("Q10", _auth_int),
        ("Q11", _without_qop(manner("Q11").hashed_uri("sip:uc3m.test", None))),
        ("Q16", _without_qop(manner("Q16").hashed_uri("sip:uc3m.test", None))),
    ],
)
def test_what_an_answer_to_a_rare_challenge_breaks(id: str, edit: Callable[[Lab], Lab]) -> None:
    assert tuple(edit(home_registration()).failing()) == all_quirks()[id].breaks


def test_no_quirk_is_spelled_and_computed_but_q3() -> None:
    """What a manner does is shown quirk by quirk in `test_quirks.py`; here, that an edit is not a manner as well."""
    computed = {id for id in all_quirks() if _differs(manner(id))}
    assert computed & set(EDITS) == {"Q3"}  # its first Authorization has no algorithm


def _differs(one: Manner) -> bool:
    def answers(each: Manner) -> list[object]:
        values = {"username": "a@h", "realm": "r", "nonce": "", "response": "", "algorithm": "MD5"}
        challenge = DigestHeader.challenge(realm="r", qop="auth,auth-int")
        contact = (each.contact("sip:a@h", 5) or "").partition("uuid:")[0]
        return [
            (each.request_uri("h", HOP), each.digest_uri("sip:h", HOP), each.entry(HOP), each.routes_register),
            (each.uri_parameters, each.asked_expiry_s, contact, each.supported, each.offers_digest, each.hides_access),
            (each.username("a@h"), each.introduction(values), each.preferred_qop(challenge)),
            (each.hashed_uri("sip:h", None), each.blanks_resynchronisation, each.keeps_introduction),
            (each.refusal("sip:a@h"), each.refusal_of_uri("sips:a@h")),
        ]

    return answers(one) != answers(manner())
