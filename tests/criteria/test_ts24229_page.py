"""What the nodes do to a MESSAGE is judged as what they do to an INVITE (3GPP TS 24.229, RFC 3325)."""

from __future__ import annotations

from conformance.criteria import all_criteria
from conformance.criteria.procedure import Kind
from tests.criteria.call_lab import edit_header
from tests.criteria.message_lab import AT_HOME, UNKNOWN, UNREGISTERED, message

FORWARDED = "2 9 12 13 14"
ASSERTED = "P-Asserted-Identity: <sip:bob@ims-b.test>"


def test_two_sip_identities_are_not_asserted() -> None:
    lab = message().edit(FORWARDED, ASSERTED, f"{ASSERTED}, <sip:b@ims-b.test>")
    assert lab.failing() == ["MSG-03"]


def test_without_preferred_identity_there_is_nothing_to_check() -> None:
    lab = edit_header(message(), "1", "P-Preferred-Identity", None)
    result = lab.result("MSG-07")
    assert (result.verdict, result.found) == ("NOT_APPLICABLE", "the MESSAGE has no P-Preferred-Identity")


def test_what_was_not_captured_behind_the_pcscf_accuses_nobody() -> None:
    lab = message().drop("2 19")
    assert not lab.failing()
    result = lab.result("MSG-03")
    assert (result.verdict, result.found) == ("INCONCLUSIVE", "no MESSAGE was captured there")


def test_a_request_uri_that_stays_the_identity_fails() -> None:
    lab = message(AT_HOME)
    lab.edit("13 14", "MESSAGE sip:dave@192.0.2.101:5060 ", "MESSAGE sip:dave@ims-b.test ")
    assert lab.failing() == ["MSG-08"]


def test_refusals_follow_what_the_hss_says() -> None:
    assert message(UNKNOWN).result("MSG-12").verdict == "PASS"
    assert message(UNREGISTERED).result("MSG-13").verdict == "PASS"


def test_what_speaks_of_messages_speaks_of_nothing_else() -> None:
    for criterion in all_criteria():
        assert (Kind.MESSAGE in criterion.kinds) == criterion.id.startswith("MSG-")
