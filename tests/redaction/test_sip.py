import base64
import re

import pytest

from conformance.criteria.digest import ha1, response
from conformance.redaction.payloads import Redactor
from conformance.redaction.sip import sip_length

NONCE = "I1U8vpY3qJ0hiuZNrke/NVXzKLQ1d7m5Sp/6w1Tfr7M="


def message(redactor: Redactor, text: str) -> str:
    replaced = redactor.sip.message(text.encode("latin-1")).decode("latin-1")
    assert len(replaced) == len(text)
    return replaced


def test_a_name_goes_with_its_address(redactor: Redactor) -> None:
    replaced = message(
        redactor,
        'INVITE sip:bob@stuba.test SIP/2.0\r\nf: "Alice Smith" <sip:alice@uc3m.test>;tag=1\r\n'
        "To: Bob Nova <sip:bob@stuba.test>\r\nm: Alice <sip:alice@10.0.0.9>;expires=60\r\n\r\n",
    )
    assert "Alice" not in replaced
    assert "Smith" not in replaced
    assert "To: Bob Nova <sip:bob@stuba.test>\r\n" in replaced
    assert ";tag=1\r\n" in replaced
    assert ";expires=60\r\n" in replaced


def test_a_header_field_that_nobody_knows_is_overwritten(redactor: Redactor) -> None:
    replaced = message(
        redactor, "OPTIONS sip:x SIP/2.0\r\nX-Diary: dear diary\r\nSubject: us two\r\nCSeq: 1 OPTIONS\r\n\r\n"
    )
    assert "X-Diary: xxxx xxxxx\r\nSubject: xx xxx\r\nCSeq: 1 OPTIONS\r\n" in replaced


@pytest.mark.parametrize(
    "kind", ["text/plain", "message/cpim", "image/png", "application/vnd.unknown", "multipart/mixed"]
)
def test_what_somebody_wrote_becomes_filler(redactor: Redactor, kind: str) -> None:
    def shown(text: str) -> str:
        whole = message(redactor, f"MESSAGE sip:x SIP/2.0\r\nContent-Type: {kind}\r\n\r\n{text}")
        return whole.partition("\r\n\r\n")[2]

    filler = shown("meet me at eight!")
    assert re.fullmatch("[a-z]{12}xxxxx", filler)
    assert shown("meet me at eight!") == filler
    assert shown("meet me at nine!!") != filler


def test_a_message_in_a_message_is_redacted_as_one(redactor: Redactor) -> None:
    inner = "REGISTER sip:uc3m.test SIP/2.0\r\nTo: <sip:alice@uc3m.test>\r\n\r\n"
    replaced = message(redactor, f"REGISTER sip:as SIP/2.0\r\nContent-Type: message/sip\r\n\r\n{inner}")
    assert "REGISTER sip:uc3m.test SIP/2.0\r\nTo: <sip:" in replaced
    assert "alice" not in replaced


@pytest.mark.parametrize("is_right", [True, False])
def test_a_right_response_stays_right_and_a_wrong_one_wrong(redactor: Redactor, is_right: bool) -> None:
    xres, user, realm = bytes.fromhex("a54211d5e3ba50bf"), "alice@uc3m.test", "uc3m.test"
    token = base64.b64decode(NONCE)
    redactor.digests.learn_vector(token, xres)
    right = response(ha1(user, realm, xres), nonce=NONCE, method="REGISTER", uri="sip:uc3m.test")
    shown = right if is_right else right[:-1] + ("0" if right[-1] != "0" else "1")
    replaced = message(
        redactor,
        f'REGISTER sip:uc3m.test SIP/2.0\r\nAuthorization: Digest username="{user}", realm="{realm}", nonce="{NONCE}", '
        f'uri="sip:uc3m.test", response="{shown}", secret-of-mine="abcdefgh"\r\n\r\n',
    )
    params = dict(part.split("=", 1) for part in replaced.split("Digest ")[1].strip().split(", "))
    params = {name: value.strip('"') for name, value in params.items()}
    assert params["username"] != user
    assert base64.b64decode(params["nonce"]) == redactor.secrets.octets(token)
    assert params["secret-of-mine"] != "abcdefgh"
    secret = ha1(params["username"], realm, redactor.secrets.octets(xres))
    wanted = response(secret, nonce=params["nonce"], method="REGISTER", uri="sip:uc3m.test")
    assert (params["response"] == wanted) is is_right
    assert params["response"] != shown


def test_ck_and_ik_are_still_those_of_the_hss(redactor: Redactor) -> None:
    key = bytes(range(16))
    replaced = message(redactor, f'SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest ck="{key.hex()}",ik=""\r\n\r\n')
    assert f'ck="{redactor.secrets.octets(key).hex()}",ik=""' in replaced


def test_place_and_device_of_a_terminal_are_replaced(redactor: Redactor) -> None:
    replaced = message(
        redactor,
        "REGISTER sip:x SIP/2.0\r\nP-Access-Network-Info: 3GPP-UTRAN-FDD;utran-cell-id-3gpp=2310112345678\r\n"
        'Contact: <sip:alice@10.0.0.9>;+sip.instance="<urn:gsma:imei:35209900-176148-0>"\r\n\r\n',
    )
    assert "2310112345678" not in replaced
    assert "35209900" not in replaced
    assert ';+sip.instance="<urn:gsma:imei:' in replaced


@pytest.mark.parametrize("beginning", ["REGISTER sip:x SIP/2.0\r\n", "REGISTER sip:x SIP/2.0\r\nFrom", "SIP/2.0 200"])
def test_a_message_that_was_cut_keeps_its_length(redactor: Redactor, beginning: str) -> None:
    message(redactor, beginning)


def test_the_length_of_a_message_in_a_stream_is_known_where_it_is_whole() -> None:
    whole = b"MESSAGE sip:x SIP/2.0\r\nl: 3\r\n\r\nabc"
    assert sip_length(b"--" + whole + b"next", 2) == len(whole)
    assert sip_length(whole[:-1], 0) is None
    assert sip_length(whole[:20], 0) is None
