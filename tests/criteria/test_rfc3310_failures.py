"""AKA that does not go through: auts and refused challenges."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from conformance.vocabulary.numbers import Avp

AUTS = bytes(range(100, 114))
NEW_TOKEN = bytes(range(50, 82))
NEW = base64.b64encode(NEW_TOKEN).decode()
SCHEME = (Avp.SIP_AUTHENTICATION_SCHEME, "Digest-AKAv1-MD5")


def out_of_step(lab: Any, auts: bytes = AUTS) -> Any:
    """Put a REGISTER with auts, and a second challenge, between the challenge and its answer."""
    first = {"gm1": "gm3", "p1": "p3", "i1": "i3", "s401": "s403", "i401": "i403", "g401": "g403"}
    place = lab.entries.index(lab["gm2"])
    for entry in lab.entries[place:]:
        entry.sip = entry.sip.replace("CSeq: 2 ", "CSeq: 3 ").replace(lab.nonce, NEW)
        entry.sip = entry.sip.replace(lab.response(), lab.response(nonce=NEW))
    copies = []
    for key in ("gm1", "p1", "uar1", "uaa1", "i1", "mar", "maa", "s401", "i401", "g401"):
        entry = lab[key]
        copy = type(entry)(
            first.get(key, key + "3"),
            entry.point,
            entry.source,
            entry.destination,
            entry.sip,
            entry.command,
            entry.is_request,
            list(entry.avps),
        )
        for n in ("ue1", "p1", "i1"):
            copy.sip = copy.sip.replace(f"z9hG4bK{n}", f"z9hG4bK{n[:-1]}3")
        copy.sip = copy.sip.replace("CSeq: 1 ", "CSeq: 2 ").replace(lab.nonce, NEW)
        encoded = base64.b64encode(auts).decode()
        copy.sip = copy.sip.replace(
            'nonce="", uri="sip:uc3m.test", response=""',
            f'nonce="{lab.nonce}", uri="sip:uc3m.test", response="", auts="{encoded}", algorithm=AKAv1-MD5',
        )
        copies.append(copy)
    lab.entries[place:place] = copies
    lab.avp("mar3", Avp.SIP_AUTH_DATA_ITEM, [SCHEME, (Avp.SIP_AUTHORIZATION, lab.rand_autn[:16] + auts)])
    vector = [SCHEME, (Avp.SIP_AUTHENTICATE, NEW_TOKEN), (Avp.SIP_AUTHORIZATION, lab.xres)]
    return lab.avp(
        "maa3", Avp.SIP_AUTH_DATA_ITEM, [*vector, (Avp.CONFIDENTIALITY_KEY, lab.ck), (Avp.INTEGRITY_KEY, lab.ik)]
    )


def test_a_resynchronisation(lab: Any) -> None:
    result = out_of_step(lab).judge()
    assert (result.flow, result.interoperability, result.conformance) == ("registration-resync", "PASS", "PASS")
    assert lab.failing() == []
    assert lab.result("REG-51").verdict == "PASS"
    assert result.reasons == [
        "registration-home does not fit: the flow was left at second-register: "
        "REGISTER from ue to home-pcscf was answered with 401"
    ]


CASES = {
    "ue auts of 13 octets": lambda lab: out_of_step(lab, AUTS[:13]),
    "home-scscf no SIP-Authorization": lambda lab: out_of_step(lab).avp("mar3", Avp.SIP_AUTH_DATA_ITEM, [SCHEME]),
    "home-scscf another RAND": lambda lab: out_of_step(lab).avp(
        "mar3", Avp.SIP_AUTH_DATA_ITEM, [SCHEME, (Avp.SIP_AUTHORIZATION, bytes(16) + AUTS)]
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing(lab: Any, case: Any) -> None:
    lab = CASES[case](lab)
    assert lab.failing() == ["REG-51"]
    assert lab.result("REG-51").node == case.partition(" ")[0]


def test_the_same_nonce_again(lab: Any) -> None:
    out_of_step(lab).edit("s403 i403 g403", NEW, lab.nonce)
    assert "REG-51" in lab.failing()


def refuse(lab: Any) -> Any:
    return lab.edit("gm2 p2 i2", f'response="{lab.response()}"', 'response=""')


def test_a_terminal_that_refuses_the_network(lab: Any) -> None:
    refuse(lab).drop("sar saa").edit("s200 i200 g200", "200 OK", "403 Forbidden")
    assert lab.failing() == []
    assert lab.result("REG-52").verdict == "PASS"
    assert lab.result("REG-34").verdict == "NOT_APPLICABLE"


def test_a_terminal_that_is_registered_all_the_same(lab: Any) -> None:
    assert "REG-52" in refuse(lab).failing()
    assert lab.result("REG-52").node == "home-scscf"


def test_a_first_register_refuses_nothing(lab: Any) -> None:
    assert {lab.result(id).verdict for id in ("REG-51", "REG-52")} == {"NOT_APPLICABLE"}
