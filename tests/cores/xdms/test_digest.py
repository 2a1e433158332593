"""HTTP Digest: only a fresh answer to one of our challenges, for this very request, proves who somebody is."""

from __future__ import annotations

import pytest

from conformance.cores.emulated.xdms.digest import Account, DigestGuard, accounts_of
from conformance.federation import default_federation_path, load_federation
from conformance.protocols.aka import digest_ha1, digest_response
from conformance.protocols.sip.digest_header import DigestHeader

USER, REALM, PATH = "alice@x.test", "x.test", "/xcap-root/a"
ACCOUNT = Account(digest_ha1(USER, REALM, b"secret"), frozenset({"sip:alice@x.test"}))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guard(clock: Clock) -> DigestGuard:
    return DigestGuard(REALM, {USER: ACCOUNT}, clock)


def answer(challenge: str, password: bytes = b"secret", nc: str = "00000001", **other: str) -> str:
    nonce = DigestHeader.parse(challenge).get("nonce")
    values = {"username": USER, "realm": REALM, "nonce": nonce, "uri": PATH, "qop": "auth", "nc": nc, "cnonce": "c"}
    values |= {name: value for name, value in other.items() if name != "method"}
    values["response"] = digest_response(
        digest_ha1(values["username"], values["realm"], password),
        method=other.get("method", "GET"),
        uri=values["uri"],
        nonce=values["nonce"],
        qop="auth",
        nc=nc,
        cnonce="c",
    )
    return str(DigestHeader.credentials(**values))


def test_the_right_answer_is_taken_once_for_each_count(guard: DigestGuard) -> None:
    challenge = guard.challenge()
    assert guard.check("GET", PATH, answer(challenge)) is ACCOUNT
    again = guard.check("GET", PATH, answer(challenge))
    assert "stale=true" in str(again)
    assert guard.check("GET", PATH, answer(challenge, nc="00000002")) is ACCOUNT


@pytest.mark.parametrize(
    "other",
    [
        {"password": b"wrong"},
        {"username": "mallory@x.test"},
        {"realm": "y.test"},
        {"uri": "/xcap-root/b"},
        {"method": "PUT"},
        {"qop": "auth-int"},
        {"algorithm": "SHA-256"},
    ],
)
def test_another_answer_is_challenged_anew(guard: DigestGuard, other: dict[str, str]) -> None:
    found = guard.check("GET", PATH, answer(guard.challenge(), **other))  # type: ignore[arg-type]
    assert isinstance(found, str)
    assert "stale" not in found


@pytest.mark.parametrize("value", [None, "", "Basic YTpi", "Digest", 'Digest username="é", response="é"', "Digest x=1"])
def test_what_is_no_answer_is_challenged(guard: DigestGuard, value: str | None) -> None:
    assert isinstance(guard.check("GET", PATH, value), str)


def test_a_nonce_of_somebody_else_and_an_old_one_are_stale(guard: DigestGuard, clock: Clock) -> None:
    challenge = guard.challenge()
    foreign = DigestGuard(REALM, {USER: ACCOUNT}, clock).challenge()
    assert "stale=true" in str(guard.check("GET", PATH, answer(foreign)))
    clock.now += 301
    assert "stale=true" in str(guard.check("GET", PATH, answer(challenge)))


def test_accounts_are_those_of_subscribers_with_a_password() -> None:
    testbeds = load_federation(default_federation_path()).testbeds
    accounts = accounts_of(testbeds["octopus"].subscribers, "octopus.netlab.test")
    assert set(accounts) == {"dave@octopus.netlab.test", "frank@octopus.netlab.test"}
    alice = accounts_of(testbeds["uc3m"].subscribers, "r")["alice@uc3m.netlab.test"]
    assert alice.ha1 == digest_ha1("alice@uc3m.netlab.test", "r", b"xcap-alice")
    assert "tel:+34000000001" in alice.identities
