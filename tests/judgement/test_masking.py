"""Session keys are in no result: neither in sentences, nor in excerpts, nor in the texts of messages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.criteria.model import Citation
from conformance.judgement.evidence import evidence
from conformance.judgement.ladder import text
from conformance.judgement.masking import mask_bytes, mask_text, shortened
from conformance.vocabulary.numbers import Avp


def test_bytes_keep_their_places() -> None:
    raw = b'WWW-Authenticate: Digest nonce="abc", ck="b12b00ff", IK = "0123456789", qop="auth"'
    masked = mask_bytes(raw)
    assert masked == b'WWW-Authenticate: Digest nonce="abc", ck="b12b****", IK = "0123******", qop="auth"'


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('ck="b12b00ff", ik="0123456789"', 'ck="b12b… (8 digits)", ik="0123… (10 digits)"'),
        ("diameter.Integrity-Key: f7:69:bc:d7", "diameter.Integrity-Key: f769… (8 digits)"),
        ("nonce that decodes to 00112233", "nonce that decodes to 00112233"),
        ("no ck or ik towards the terminal", "no ck or ik towards the terminal"),
        ("block=123456789", "block=123456789"),
    ],
)
def test_sentences(said: str, shown: str) -> None:
    assert mask_text(said) == shown


def test_a_key_of_few_digits_shows_none_of_them() -> None:
    assert shortened("b12b") == "… (4 digits)"


def test_octets_of_a_key_are_starred_in_evidence(lab: Any) -> None:
    maa = next(m for m in lab.trace().diameter if m.first(612, 10415) and not m.is_request)
    item = maa.first(612, 10415)
    key = next(item.find(625, 10415))
    found = evidence(Citation(maa, key.name, key.offset, key.length))
    assert found.excerpt is not None
    assert found.excerpt.marked.endswith(f"{lab.ck[0]:02x} {lab.ck[1]:02x}" + " **" * 14)
    assert (found.offset, found.length) == (key.offset, key.length)


def test_ha1_of_a_password_is_masked(lab: Any) -> None:
    digest = [(Avp.SIP_DIGEST_AUTHENTICATE, [(Avp.DIGEST_HA1, "0123456789abcdef")])]
    maa = lab.avp("maa", Avp.SIP_AUTH_DATA_ITEM, digest)
    shown = [text(message) for message in maa.trace().diameter]
    assert any("Digest-Ha1 (121): 0123… (16 digits)" in one for one in shown)
    assert not any("0123456789abcdef" in one for one in shown)


def test_no_result_holds_a_key(lab: Any) -> None:
    # Keys that reach the terminal, a key that is not the MAA's, and another flow: every text that judgement writes.
    lab.edit("g401", 'qop="auth"', 'qop="auth"' + lab.keys)
    lab.edit("s401 i401", lab.ck.hex(), "9" * 32)
    for result in (lab.judge(), lab.drop("uar2 uaa2").judge()):
        written = json.dumps(result.model_dump(mode="json")).lower()
        for secret in (lab.ck, lab.ik, lab.xres):
            assert secret.hex() not in written
            assert secret.hex(" ") not in written
            assert secret.hex(":") not in written
