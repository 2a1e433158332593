"""Each quirk that a terminal has is seen by its sign, and nothing else is."""

from __future__ import annotations

import pytest

from conformance.identification.signs import TWINS, all_signs, shown, undecided
from conformance.quirks.catalogue import all_quirks
from conformance.quirks.profiles import profile_named, profile_names
from tests.identification.lab import PCSCF, UE, drive, registers, terminals_of

BY_OTHERS = {"Q7"}
"""No REGISTER shows it."""
BY_SECRET = {"Q11"}
"""The bytes alone do not show it."""
OCCASIONS: dict[str, dict[str, object]] = {"Q10": {"qop": "auth,auth-int"}, "Q15": {"stale": True}}
ON_WIRE = [id for id, quirk in all_quirks().items() if quirk.on_wire]


def ids(profile: str, **how: object) -> set[str]:
    return {one.quirk.id for one in shown(drive(profile, **how))}  # type: ignore[arg-type]


def test_every_quirk_of_the_wire_has_one_sign() -> None:
    assert [sign.quirk for sign in all_signs()] == ON_WIRE


@pytest.mark.parametrize("id", [id for id in ON_WIRE if id not in BY_OTHERS | BY_SECRET])
def test_a_quirk_alone_is_seen_and_no_other(id: str) -> None:
    assert ids(f"standard+{id}", **OCCASIONS.get(id, {})) == {TWINS.get(id, id)}


@pytest.mark.parametrize("how", [{}, {"qop": None}, {"qop": "auth,auth-int"}, {"stale": True}, {"password": True}])
def test_the_standard_terminal_shows_nothing(how: dict[str, object]) -> None:
    assert ids("standard", **how) == set()


@pytest.mark.parametrize("name", [name for name in profile_names() if not profile_named(name).impossible])
def test_a_profile_is_seen_but_for_what_it_had_no_occasion_to_show(name: str) -> None:
    terminal = drive(name, qop="auth,auth-int")
    assert {one.quirk.id for one in shown(terminal)} == {
        quirk.id for quirk in profile_named(name).quirks if quirk.on_wire and quirk.id not in undecided(terminal)
    }


def test_the_bytes_are_those_that_deviate() -> None:
    (found,) = shown(drive("standard+Q1"))
    (first, _) = found.citations
    begin = first.offset or 0
    assert first.message.raw[begin : begin + (first.length or 0)] == b":4060;transport=UDP"
    assert first.field == "Request-URI"


def test_what_is_absent_has_no_bytes() -> None:
    (found,) = shown(drive("standard+Q6"))
    assert {(one.field, one.offset, one.length) for one in found.citations} == {("Supported", None, None)}


def test_user_agent_decides_nothing() -> None:
    assert not any(
        "user-agent" in citation.field.lower() for one in shown(drive("symbian-s60")) for citation in one.citations
    )


@pytest.mark.parametrize(("password", "deviates"), [(False, True), (True, False)])
def test_credentials_come_first_where_the_network_uses_aka(password: bool, deviates: bool) -> None:
    (found,) = shown(drive("standard+Q5", password=password))
    assert found.deviates is deviates


@pytest.mark.parametrize("id", ["Q3", "Q4h", "Q13", "Q14", "Q17", "U3", "U4"])
def test_what_is_allowed_is_no_deviation(id: str) -> None:
    (found,) = shown(drive(f"standard+{id}"))
    assert not found.deviates


@pytest.mark.parametrize(("said", "expected"), [(b"", {"Q7"}), (b"P-Access-Network-Info: IEEE-802.11g\r\n", set())])
def test_a_call_says_of_which_access_network_it_comes(said: bytes, expected: set[str]) -> None:
    first, refused, second, accepted = registers("standard")
    call = (
        second.replace(b"REGISTER", b"INVITE").replace(b"Via: ", said + b"Via: ", 1).replace(b"=z9hG4bK", b"=z9hG4bKi")
    )
    sent = [(first, UE, PCSCF), (refused, PCSCF, UE), (second, UE, PCSCF), (accepted, PCSCF, UE), (call, UE, PCSCF)]
    (found,) = terminals_of(*sent)
    assert {one.quirk.id for one in shown(found)} == expected


def test_a_subscription_to_ones_own_registration_says_nothing_of_it() -> None:
    first = registers("standard")[0]
    (found,) = terminals_of((first, UE, PCSCF), (first.replace(b"REGISTER", b"SUBSCRIBE"), UE, PCSCF))
    assert shown(found) == []
    assert "Q7" in undecided(found)


def test_qop_is_held_against_the_challenge_that_is_answered() -> None:
    first, refused, second, accepted = registers("standard", qop=None, password=True)
    other = b'WWW-Authenticate: Digest realm="other.test", nonce="abc", algorithm=MD5, qop="auth"\r\n'
    refused = refused.replace(b"WWW-Authenticate:", other + b"WWW-Authenticate:")
    (found,) = terminals_of((first, UE, PCSCF), (refused, PCSCF, UE), (second, UE, PCSCF), (accepted, PCSCF, UE))
    assert "U2" not in {one.quirk.id for one in shown(found)}
