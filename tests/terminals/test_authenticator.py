"""Answers to challenges (RFC 2617 3.2.2, RFC 3310 3, 3GPP TS 33.102 6.3.3)."""

from __future__ import annotations

import pytest

from conformance.protocols.aka import (
    Authenticated,
    MacFailure,
    SyncFailure,
    decode_auts,
    digest_ha1,
    digest_response,
    encode_nonce,
    generate_vector,
    verify_auts,
)
from conformance.protocols.milenage import Milenage
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.terminals.authenticator import Authenticator, UnusableChallenge
from conformance.vocabulary.federation import Subscriber

URI = "sip:uc3m.netlab.test"


@pytest.fixture
def milenage(alice: Subscriber) -> Milenage:
    return Milenage(alice.k.reveal(), alice.opc.reveal())


def challenge(nonce: str, **other: str) -> DigestHeader:
    return DigestHeader.challenge(**({"realm": "r", "nonce": nonce, "algorithm": "AKAv1-MD5", "qop": "auth"} | other))


def expected(answer: DigestHeader, username: str, password: bytes) -> str:
    return digest_response(
        digest_ha1(username, "r", password),
        method="REGISTER",
        uri=answer.get("uri"),
        nonce=answer.get("nonce"),
        qop=answer.get("qop") or None,
        nc=answer.get("nc"),
        cnonce=answer.get("cnonce"),
    )


def test_aka(alice: Subscriber, milenage: Milenage) -> None:
    vector = generate_vector(milenage, bytes(16), 33, b"\x80\x00")
    authenticator = Authenticator(alice, "r")
    given = authenticator.answer(challenge(encode_nonce(vector.rand, vector.autn, b"more")), method="REGISTER", uri=URI)
    assert isinstance(given.network, Authenticated)
    assert given.credentials.get("response") == expected(given.credentials, alice.impi, vector.xres)
    assert authenticator.numbers.highest == 33


def test_the_same_challenge_again_is_stale(alice: Subscriber, milenage: Milenage) -> None:
    vector = generate_vector(milenage, bytes(16), 33, b"\x80\x00")
    authenticator = Authenticator(alice, "r")
    one = challenge(encode_nonce(vector.rand, vector.autn))
    authenticator.answer(one, method="REGISTER", uri=URI)
    given = authenticator.answer(one, method="REGISTER", uri=URI)
    assert isinstance(given.network, SyncFailure)
    auts = decode_auts(given.credentials.get("auts"))
    assert verify_auts(milenage, vector.rand, auts) == 33
    assert given.credentials.get("response") == expected(given.credentials, alice.impi, b"")


def test_mac_failure(alice: Subscriber, milenage: Milenage) -> None:
    vector = generate_vector(milenage, bytes(16), 33, b"\x80\x00")
    nonce = encode_nonce(bytes(15) + b"\x01", vector.autn)
    given = Authenticator(alice, "r").answer(challenge(nonce), method="REGISTER", uri=URI)
    assert isinstance(given.network, MacFailure)
    assert str(given.credentials) == (
        f'Digest username="{alice.impi}", realm="r", nonce="{nonce}", uri="{URI}", response="", algorithm=AKAv1-MD5'
    )


@pytest.mark.parametrize(
    ("offered", "chosen"), [("auth,auth-int", "auth"), ("auth-int", "auth-int"), ("AUTH", "auth"), (None, None)]
)
def test_md5_with_each_qop(dave: Subscriber, offered: str | None, chosen: str | None) -> None:
    values = {"realm": "r", "nonce": "n", "opaque": "o,p"} | ({} if offered is None else {"qop": offered})
    given = Authenticator(dave, "r").answer(DigestHeader.challenge(**values), method="REGISTER", uri=URI)
    answer = given.credentials
    assert given.network is None
    assert (answer.get("qop") or None) == chosen
    assert ("nc" in answer, "cnonce" in answer) == (chosen is not None, chosen is not None)
    assert answer.get("opaque") == "o,p"
    assert answer.get("response") == expected(answer, dave.impi, dave.password.reveal())


def test_the_first_credentials_say_the_algorithm(alice: Subscriber, dave: Subscriber) -> None:
    assert Authenticator(alice, "r").initial(URI).get("algorithm") == "AKAv1-MD5"
    assert str(Authenticator(dave, "r").initial(URI)).endswith(
        'nonce="", uri="' + URI + '", response="", algorithm=MD5'
    )


@pytest.mark.parametrize(
    "values",
    [{"algorithm": "MD5"}, {"algorithm": "AKAv2-MD5"}, {"nonce": "AA=="}, {"nonce": "?"}],
)
def test_what_a_sim_cannot_answer(alice: Subscriber, values: dict[str, str]) -> None:
    with pytest.raises(UnusableChallenge):
        Authenticator(alice, "r").answer(challenge(**({"nonce": "n"} | values)), method="REGISTER", uri=URI)


@pytest.mark.parametrize("values", [{"algorithm": "AKAv1-MD5"}, {"algorithm": "MD5", "qop": "auth-conf"}])
def test_what_a_password_cannot_answer(dave: Subscriber, values: dict[str, str]) -> None:
    with pytest.raises(UnusableChallenge):
        Authenticator(dave, "r").answer(challenge("n", **values), method="REGISTER", uri=URI)
