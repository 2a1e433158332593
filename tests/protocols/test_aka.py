from __future__ import annotations

import base64
import hashlib

import pytest

from conformance.protocols.aka import (
    DELTA,
    Authenticated,
    MacFailure,
    MalformedToken,
    Milenage,
    SequenceNumbers,
    SyncFailure,
    authenticate,
    build_autn,
    build_auts,
    decode_auts,
    decode_nonce,
    digest_ha1,
    digest_response,
    encode_auts,
    encode_nonce,
    generate_vector,
    is_in_range,
    next_sqn,
    verify_auts,
)

# Test set 1 of 3GPP TS 35.208
MILENAGE = Milenage(
    bytes.fromhex("465b5ce8b199b49faa5f0a2ee238a6bc"), bytes.fromhex("cd63cb71954a9f4e48a5994e37a02baf")
)
RAND = bytes.fromhex("23553cbe9637a89d218ae64dae47bf35")
AMF = bytes.fromhex("b9b9")


def md5(octets: bytes) -> str:
    return hashlib.md5(octets, usedforsecurity=False).hexdigest()


def test_autn_is_concealed_number_then_amf_then_mac() -> None:
    """33.102 6.3.2; SQN, AK and MAC-A of test set 1."""
    autn = build_autn(MILENAGE, RAND, 0xFF9BB4D0B607, AMF)
    concealed = (0xFF9BB4D0B607 ^ 0xAA689C648370).to_bytes(6)
    assert autn == concealed + AMF + bytes.fromhex("4a9ffac354dfafb3")


def test_terminal_and_network_agree() -> None:
    vector = generate_vector(MILENAGE, RAND, 33, b"\x80\x00")
    numbers = SequenceNumbers()
    outcome = authenticate(MILENAGE, vector.rand, vector.autn, numbers)
    assert outcome == Authenticated(sqn=33, res=vector.xres, ck=vector.ck, ik=vector.ik)
    assert numbers.highest == 33


@pytest.mark.parametrize("octet", range(16))
def test_any_damage_to_autn_is_a_mac_failure(octet: int) -> None:
    autn = bytearray(build_autn(MILENAGE, RAND, 33, AMF))
    autn[octet] ^= 1
    assert authenticate(MILENAGE, RAND, bytes(autn), SequenceNumbers()) == MacFailure()


def test_a_number_that_was_used_gives_auts_with_the_highest_one() -> None:
    numbers = SequenceNumbers()
    autn = build_autn(MILENAGE, RAND, 33, AMF)
    assert isinstance(authenticate(MILENAGE, RAND, autn, numbers), Authenticated)
    again = authenticate(MILENAGE, RAND, autn, numbers)
    assert isinstance(again, SyncFailure)
    assert verify_auts(MILENAGE, RAND, again.auts) == 33


def test_auts_of_somebody_else_does_not_verify() -> None:
    auts = build_auts(MILENAGE, RAND, 4711)
    assert verify_auts(MILENAGE, RAND, auts) == 4711
    assert verify_auts(Milenage(bytes(16), bytes(16)), RAND, auts) is None
    assert verify_auts(MILENAGE, RAND, auts[:-1] + bytes([auts[-1] ^ 1])) is None


def test_sequence_numbers_in_other_slots_may_come_late() -> None:
    """33.102 annex C.2: freshness is per index."""
    numbers = SequenceNumbers()
    first, second = next_sqn(0), next_sqn(next_sqn(0))
    assert numbers.is_fresh(second)
    numbers.accept(second)
    assert numbers.is_fresh(first)
    numbers.accept(first)
    assert not numbers.is_fresh(first)
    assert numbers.highest == second


def test_a_jump_beyond_delta_is_not_fresh() -> None:
    numbers = SequenceNumbers()
    assert numbers.is_fresh(DELTA << 5)
    assert not numbers.is_fresh(DELTA + 1 << 5)


def test_next_number_counts_sequence_and_index() -> None:
    assert next_sqn(0) == 33
    assert next_sqn((7 << 5) | 31) == 8 << 5
    assert next_sqn((1 << 48) - 1) == 0


@pytest.mark.parametrize(
    ("network", "terminal", "expected"), [(33, 33, True), (0, 4711 << 5, False), (DELTA + 1 << 5, 0, False)]
)
def test_range_tells_whether_the_network_must_take_the_terminals_number(
    network: int, terminal: int, expected: bool
) -> None:
    assert is_in_range(network, terminal) is expected


def test_nonce_is_base64_of_rand_and_autn() -> None:
    """RFC 3310 3.2."""
    autn = build_autn(MILENAGE, RAND, 33, AMF)
    nonce = encode_nonce(RAND, autn, b"server data")
    assert base64.b64decode(nonce) == RAND + autn + b"server data"
    assert decode_nonce(nonce) == (RAND, autn)


@pytest.mark.parametrize("nonce", ["", "AAAA", "no base64!", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "é"])
def test_a_nonce_of_another_form_is_refused(nonce: str) -> None:
    with pytest.raises(MalformedToken, match="nonce: expected base64"):
        decode_nonce(nonce)


def test_auts_parameter_has_14_octets() -> None:
    auts = build_auts(MILENAGE, RAND, 33)
    assert decode_auts(encode_auts(auts)) == auts
    with pytest.raises(MalformedToken, match="expected 14 octets, found 13"):
        decode_auts(base64.b64encode(bytes(13)).decode())


def test_digest_of_rfc_2617_section_3_5() -> None:
    ha1 = digest_ha1("Mufasa", "testrealm@host.com", b"Circle Of Life")
    assert ha1 == "939e7578ed9e3c518a452acee763bce9"
    response = digest_response(
        ha1,
        method="GET",
        uri="/dir/index.html",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
        qop="auth",
        nc="00000001",
        cnonce="0a4f113b",
    )
    assert response == "6629fae49393a05397450978507c4ef1"


def test_digest_without_qop_has_no_client_nonce() -> None:
    """RFC 2617 3.2.2.1, the form of RFC 2069; the value is the one of RFC 2069 2.4 as its erratum 749 corrects it."""
    ha1 = digest_ha1("Mufasa", "testrealm@host.com", b"CircleOfLife")
    response = digest_response(
        ha1, method="GET", uri="/dir/index.html", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", cnonce="ignored"
    )
    assert response == "1949323746fe6a43ef61f9606e7febea"


def test_auth_int_covers_the_body() -> None:
    """RFC 2617 3.2.2.3: A2 = method:uri:H(body)."""
    ha1 = "0" * 32
    a2 = md5(b"REGISTER:sip:uc3m.netlab.test:" + md5(b"body").encode())
    expected = md5(f"{ha1}:n:00000001:c:auth-int:{a2}".encode())
    response = digest_response(
        ha1,
        method="REGISTER",
        uri="sip:uc3m.netlab.test",
        nonce="n",
        qop="auth-int",
        nc="00000001",
        cnonce="c",
        body=b"body",
    )
    assert response == expected


def test_res_enters_as_octets_not_as_hexadecimal_digits() -> None:
    """RFC 3310 3.3: the password is RES itself, also where it is no text."""
    res = bytes.fromhex("a54211d5e3ba50bf")
    assert digest_ha1("u", "r", res) == md5(b"u:r:" + res)
    assert digest_ha1("u", "r", res) != digest_ha1("u", "r", res.hex().encode())


def test_an_akav1_md5_response_that_another_implementation_computed() -> None:
    """RFC 3310 3.3 with the test algorithm of 3GPP TS 34.108 8.1.2: K = 00..0f, RAND and SQN zero, RES = K."""
    user, realm = "466058041131504@ims.mnc005.mcc466.3gppnetwork.org", "ims.mnc005.mcc466.3gppnetwork.org"
    autn = bytes.fromhex("03040506070800000001020304050607")
    response = digest_response(
        digest_ha1(user, realm, bytes(range(16))),
        method="REGISTER",
        uri=f"sip:{realm}",
        nonce=encode_nonce(bytes(16), autn),
        qop="auth",
        nc="00000001",
        cnonce="YD05duxy",
    )
    assert response == "c76c2c281a21c0d6131e667d61a6bdf5"


def test_another_qop_is_refused() -> None:
    with pytest.raises(MalformedToken, match="expected auth or auth-int"):
        digest_response("0" * 32, method="GET", uri="/", nonce="n", qop="auth-conf")


def test_keys_are_not_shown() -> None:
    vector = generate_vector(MILENAGE, RAND, 33, AMF)
    outcome = authenticate(MILENAGE, RAND, vector.autn, SequenceNumbers())
    assert repr(vector) == "AuthenticationVector()"
    assert repr(outcome) == "Authenticated(sqn=33)"
