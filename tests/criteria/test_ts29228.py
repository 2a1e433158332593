"""Cx: each fault fails its own criterion."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.vocabulary.numbers import Avp


def vector(lab: Any, *, ck: Any = None, xres: Any = None) -> Any:
    return [
        (Avp.SIP_AUTHENTICATION_SCHEME, "Digest-AKAv1-MD5"),
        (Avp.SIP_AUTHENTICATE, lab.rand_autn),
        (Avp.SIP_AUTHORIZATION, xres or lab.xres),
        (Avp.CONFIDENTIALITY_KEY, ck or lab.ck),
        (Avp.INTEGRITY_KEY, lab.ik),
    ]


def long_xres(lab: Any) -> Any:
    xres = bytes(range(17))
    lab.edit("gm2 p2 i2", lab.response(), lab.response(password=xres))
    return lab.avp("maa", Avp.SIP_AUTH_DATA_ITEM, vector(lab, xres=xres))


CASES = {
    "REG-22 another visited network": lambda lab: lab.avp("uar1", Avp.VISITED_NETWORK_IDENTIFIER, "stuba.test"),
    "REG-22 no visited network": lambda lab: lab.avp("uar2", Avp.VISITED_NETWORK_IDENTIFIER, None),
    "REG-22 another user": lambda lab: lab.avp("uar1", Avp.USER_NAME, "bob@uc3m.test"),
    "REG-22 another identity": lambda lab: lab.avp("uar1", Avp.PUBLIC_IDENTITY, "sip:bob@uc3m.test"),
    "REG-23 2002 without Server-Name": lambda lab: lab.avp("uaa2", Avp.SERVER_NAME, None),
    "REG-23 no Experimental-Result": lambda lab: lab.avp("uaa1", Avp.EXPERIMENTAL_RESULT, None).avp(
        "uaa1", Avp.RESULT_CODE, 2001
    ),
    "REG-23 another vendor": lambda lab: lab.avp(
        "uaa1", Avp.EXPERIMENTAL_RESULT, [(Avp.VENDOR_ID, 1), (Avp.EXPERIMENTAL_RESULT_CODE, 2001)]
    ),
    "REG-26 no Server-Name": lambda lab: lab.avp("mar", Avp.SERVER_NAME, None),
    "REG-26 another scheme": lambda lab: lab.avp(
        "mar", Avp.SIP_AUTH_DATA_ITEM, [(Avp.SIP_AUTHENTICATION_SCHEME, "Digest-MD5")]
    ),
    "REG-26 no number of items": lambda lab: lab.avp("mar", Avp.SIP_NUMBER_AUTH_ITEMS, None),
    "REG-27 keys as text": lambda lab: lab.avp("maa", Avp.SIP_AUTH_DATA_ITEM, vector(lab, ck=lab.ck.hex())),
    "REG-27 an XRES that is too long": lambda lab: long_xres(lab),
    "REG-36 another type": lambda lab: lab.avp("sar", Avp.SERVER_ASSIGNMENT_TYPE, 3),
    "REG-36 no User-Data": lambda lab: lab.avp("saa", Avp.USER_DATA, None),
    "REG-89 another identity": lambda lab: lab.avp("sar", Avp.PUBLIC_IDENTITY, "sip:bob@uc3m.test"),
    "REG-89 another user": lambda lab: lab.avp("sar", Avp.USER_NAME, "bob@uc3m.test"),
    "REG-89 no Server-Name": lambda lab: lab.avp("sar", Avp.SERVER_NAME, None),
    "REG-36 no SAR": lambda lab: lab.drop("sar saa"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_wrong_thing_fails_one_criterion(lab: Any, case: Any) -> None:
    lab = CASES[case](lab)
    assert lab.failing() == [case.partition(" ")[0]]
    assert lab.judge().conformance == "FAIL"


def test_user_data_that_the_scscf_has_already(lab: Any) -> None:
    lab.avp("saa", Avp.USER_DATA, None).avp("sar", Avp.USER_DATA_ALREADY_AVAILABLE, 1)
    assert lab.failing() == []


def test_the_hss_is_blamed_for_missing_user_data(lab: Any) -> None:
    assert lab.avp("saa", Avp.USER_DATA, None).result("REG-36").node == "home-hss"


def test_a_first_registration_needs_no_server_name(lab: Any) -> None:
    lab.avp("uaa1", Avp.SERVER_NAME, None)
    assert lab.failing() == []


def test_an_identity_that_is_registered_already_is_reregistered(lab: Any) -> None:
    lab.avp("sar", Avp.SERVER_ASSIGNMENT_TYPE, 2)
    assert lab.failing() == ["REG-36"]
    known = [(Avp.VENDOR_ID, 10415), (Avp.EXPERIMENTAL_RESULT_CODE, 2002)]
    assert lab.avp("uaa1", Avp.EXPERIMENTAL_RESULT, known).failing() == []


def test_a_terminal_without_credentials_has_a_derived_identity(md5_lab: Any) -> None:
    # 3GPP TS 24.229 5.3.1.2: the private identity is then the public one without its scheme.
    assert md5_lab.result("REG-22").verdict == "PASS"
    assert md5_lab.avp("uar1", Avp.USER_NAME, "alice").result("REG-22").verdict == "FAIL"


def test_an_authentication_failure_is_reported_to_the_hss_and_accuses_nobody(lab: Any) -> None:
    lab.edit("s200 i200 g200", "200 OK", "403 Forbidden").avp("sar", Avp.SERVER_ASSIGNMENT_TYPE, 9)
    assert lab.failing() == []
    found = lab.result("REG-36")
    assert (found.verdict, found.found) == ("NOT_APPLICABLE", "the registration was refused with 403 before")


@pytest.mark.parametrize("key", ["mar", "sar"])
def test_another_name_of_the_scscf_is_said_and_decides_nothing(lab: Any, key: str) -> None:
    lab.avp(key, Avp.SERVER_NAME, "sip:scscf9.uc3m.test:6060")
    assert lab.result("REG-90").verdict == "FAIL"
    assert lab.judge().conformance == "PASS"


def test_an_scscf_that_is_reached_by_its_address_has_no_name_to_compare(lab: Any) -> None:
    lab.edit("i1 i2", "REGISTER sip:scscf.uc3m.test:6060", "REGISTER sip:127.40.1.13:6060").name_scscf(
        "sip:127.40.1.13:6060"
    )
    assert lab.result("REG-90").verdict == "NOT_APPLICABLE"
