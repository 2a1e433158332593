"""What the caller's terminal, P-CSCF and S-CSCF do to an INVITE (3GPP TS 24.229)."""

from __future__ import annotations

from tests.criteria.call_lab import AT_HOME, call, edit_header, failing, frames

FORWARDED = "3 11 15 17 19"


def test_two_sip_identities_are_not_asserted() -> None:
    lab = call().edit(FORWARDED, "Identity: <sip:bob@ims-b.test>", "Identity: <sip:bob@ims-b.test>, <sip:b@ims-b.test>")
    assert failing(lab) == ["CALL-03"]


def test_a_sip_and_a_tel_identity_may_be_asserted() -> None:
    lab = call().edit(FORWARDED, "Identity: <sip:bob@ims-b.test>", "Identity: <tel:+34916240001>, <sip:bob@ims-b.test>")
    assert not failing(lab)


def test_an_identity_that_cannot_be_read_is_none() -> None:
    lab = call().edit(FORWARDED, "Asserted-Identity: <sip:bob@ims-b.test>", "Asserted-Identity: <bob>")
    assert failing(lab) == ["CALL-03"]


def test_an_own_route_that_stays_fails() -> None:
    lab = call()
    lab["11"].sip = lab["11"].sip.replace("Max-Forwards", "Route: <sip:orig@scscf.ims-b.test:6060;lr>\r\nMax-Forwards")
    assert failing(lab) == ["CALL-07"]


def test_in_one_network_nobody_needs_orig_ioi() -> None:
    lab = call(AT_HOME).edit("11 15 17", ';orig-ioi="ims-b.test"', "")
    assert not failing(lab)


def test_without_preferred_identity_there_is_nothing_to_check() -> None:
    lab = edit_header(call(), "1", "P-Preferred-Identity", None)
    assert lab.result("CALL-02").verdict == "NOT_APPLICABLE"


def test_a_pcscf_that_does_not_stay_on_the_way_is_blamed() -> None:
    lab = edit_header(call(), "3", "Record-Route", None)
    result = lab.result("CALL-05")
    assert (result.verdict, result.node) == ("FAIL", "orig-pcscf")


def test_what_was_not_captured_behind_the_pcscf_accuses_nobody() -> None:
    lab = call().drop("3 4 24 40")
    assert not failing(lab)
    assert lab.result("CALL-03").verdict == "INCONCLUSIVE"


def test_an_answer_without_term_ioi_says_nothing_of_two_names() -> None:
    lab = call().edit("23 39", ';term-ioi="ims-c.test"', "")
    assert lab.result("CALL-08").verdict == "NOT_APPLICABLE"
    assert not failing(lab)


def test_the_order_of_parameters_makes_no_difference() -> None:
    lab = call()
    for key in frames(11, 11).split():
        lab[key].sip = lab[key].sip.replace('orig-ioi="ims-b.test"', "orig-ioi=ims-b.test")
    assert not failing(lab)
