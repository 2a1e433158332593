import pytest

from conformance.redaction.payloads import Redactor
from conformance.redaction.texts import Texts

KEY = bytes.fromhex("b40ba9a3c58b2a05bbf0d987b21bf8cb")


@pytest.fixture
def texts(redactor: Redactor) -> Texts:
    redactor.secrets.octets(KEY)
    return Texts(redactor)


@pytest.mark.parametrize(
    "sentence",
    [
        "nonce that decodes to {}",
        'ck="{}"',
        "3GPP-SIP-Authenticate: {}",
        "it was {}.",
    ],
)
def test_a_secret_in_a_sentence_becomes_what_it_is_in_the_capture(
    texts: Texts, redactor: Redactor, sentence: str
) -> None:
    wanted = redactor.secrets.octets(KEY)
    assert texts.sentence(sentence.format(KEY.hex())) == sentence.format(wanted.hex())
    assert texts.sentence(sentence.format(KEY.hex(":"))) == sentence.format(wanted.hex(":"))
    assert texts.sentence(sentence.format(KEY.hex()[:20] + "…")) == sentence.format(wanted.hex()[:20] + "…")


def test_the_digits_that_a_masked_key_shows_are_those_of_the_new_one(texts: Texts, redactor: Redactor) -> None:
    new = redactor.secrets.octets(KEY).hex()
    assert texts.sentence("ik=b40b… (32 digits) differs") == f"ik={new[:4]}… (32 digits) differs"


@pytest.mark.parametrize(
    "sentence",
    [
        "nonce = base64 of the MAA's SIP-Authenticate",
        "response that verifies with XRES",
        "icid-value=5cc0565ecf0b87f8227f",
    ],
)
def test_our_own_words_stay(texts: Texts, sentence: str) -> None:
    assert texts.sentence(sentence) == sentence


def test_half_a_name_that_was_cut_is_not_shown(texts: Texts) -> None:
    assert texts.sentence("To: <sip:ali…") == "To: <sip:xxx…"


def test_a_decoded_diameter_message_keeps_its_lines(texts: Texts, redactor: Redactor) -> None:
    text = (
        "MAA 2001\n  Origin-Host (264): hss.uc3m.test\n  User-Name (1): alice@uc3m.test\n"
        "  3GPP-SIP-Auth-Data-Item (612, vendor 10415)\n"
        "    Confidentiality-Key (625, vendor 10415): b40b… (32 digits)\n"
        "    Whatever (9999): dear diary\n  Cx-User-Data (606, vendor 10415): <PrivateID>alice@uc3m.test</PrivateID>\n"
        "<note>dear\n  diary</note>\n  Result-Code (268): 2001"
    )
    new = texts.diameter(text)
    assert [line.partition(":")[0] for line in new.split("\n")[:6]] == [
        line.partition(":")[0] for line in text.split("\n")[:6]
    ]
    assert new.startswith("MAA 2001\n  Origin-Host (264): hss.uc3m.test\n")
    assert f"(625, vendor 10415): {redactor.secrets.octets(KEY).hex()[:4]}… (32 digits)\n" in new
    assert new.endswith("\n  Result-Code (268): 2001")
    for gone in ("alice", "dear", "diary"):
        assert gone not in new
