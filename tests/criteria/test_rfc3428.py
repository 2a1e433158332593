"""What a MESSAGE and the 2xx to it must not have (RFC 3428)."""

from __future__ import annotations

from tests.criteria.message_lab import AT_HOME, UNKNOWN, message
from tests.criteria.registration_lab import Lab

ON_THE_WAY = "2 9 12 13 14"
ANSWERS = "15 16 17 18 19 20"


def with_contact(lab: Lab, keys: str) -> Lab:
    return lab.edit(keys, "CSeq:", "Contact: <sip:x@192.0.2.9>\r\nCSeq:")


def test_a_contact_of_the_terminal_is_its_own() -> None:
    result = with_contact(message(), f"1 {ON_THE_WAY}").result("MSG-01")
    assert (result.verdict, result.node) == ("FAIL", "caller")


def test_a_contact_that_a_proxy_adds_is_the_proxys() -> None:
    result = with_contact(message(), ON_THE_WAY).result("MSG-01")
    assert (result.verdict, result.node) == ("FAIL", "orig-pcscf")


def test_an_answer_with_a_contact_accuses_who_put_it_in() -> None:
    assert with_contact(message(), ANSWERS).result("MSG-09").node == "callee"
    result = with_contact(message(), "19 20").result("MSG-09")
    assert (result.verdict, result.node) == ("FAIL", "orig-scscf")


def test_an_answer_with_a_body_fails() -> None:
    lab = message(AT_HOME).edit(ANSWERS, "Content-Length: 0\r\n\r\n", "Content-Length: 4\r\n\r\nyes.")
    assert lab.failing() == ["MSG-09"]


def test_of_a_refusal_nothing_is_asked() -> None:
    lab = with_contact(message(UNKNOWN), "12 13 14")
    assert lab.result("MSG-09").verdict == "NOT_APPLICABLE"
    assert not lab.failing()
