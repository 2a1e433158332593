"""Digest responses are compared where the federation knows the password, and nowhere else (RFC 2617 3.2.2.1)."""

from __future__ import annotations

import pytest

from conformance.criteria.digest import ha1, response
from conformance.criteria.passwords import is_right, user_of
from conformance.criteria.procedure import Facts
from conformance.faults.reference import CAPTURES
from conformance.federation.loader import load_federation

USER = {"username": "alice.private@ims-b.test", "realm": "ims-b.test", "uri": "sip:a@b", "nonce": "n"}


@pytest.fixture
def facts() -> Facts:
    return Facts(testbeds=tuple(load_federation(CAPTURES / "ims-presence.toml").testbeds.values()))


def answered(password: bytes, **more: str) -> dict[str, str]:
    """Credentials for PUBLISH, with a response that follows from a password."""
    known = ha1(USER["username"], USER["realm"], password)
    return USER | more | {"response": response(known, nonce="n", method="PUBLISH", uri=USER["uri"])}


def test_a_response_follows_from_the_password_or_not(facts: Facts) -> None:
    assert is_right(facts, answered(b"open sesame"), "PUBLISH") is True
    assert is_right(facts, answered(b"sesame"), "PUBLISH") is False
    assert is_right(facts, answered(b"open sesame"), "SUBSCRIBE") is False


@pytest.mark.parametrize(
    "more", [{"username": "bob.private@ims-b.test"}, {"username": "nobody"}, {"algorithm": "MD5-sess"}, {"qop": "x"}]
)
def test_what_cannot_be_computed_is_not_judged(facts: Facts, more: dict[str, str]) -> None:
    assert is_right(facts, answered(b"open sesame") | more, "PUBLISH") is None


def test_a_user_is_known_by_his_private_identity(facts: Facts) -> None:
    found = user_of(facts, USER["username"])
    assert found is not None
    assert found.impus == ("sip:alice@ims-b.test",)
    assert user_of(Facts(), USER["username"]) is None
