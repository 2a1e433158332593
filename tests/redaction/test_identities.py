import pytest

from conformance.redaction.identities import Identities
from conformance.redaction.payloads import Redactor


def other(redactor: Redactor, text: str) -> str:
    replaced = redactor.identities.in_text(text)
    assert len(replaced) == len(text)
    return replaced


@pytest.mark.parametrize(
    "text",
    [
        "sip:alice@uc3m.test",
        "SIPS:alice@uc3m.test;transport=tcp",
        'username="alice@uc3m.test"',
        "alice@10.0.0.9 answered",
        "<sip:ALICE@uc3m.test>, <sip:%61lice@uc3m.test>",
        "?From=sip%3Aalice%40uc3m.test",
        "the user alice is registered",
        "sip:alice:her-password@uc3m.test",
    ],
)
def test_a_foreign_user_is_replaced_in_every_place_and_form(redactor: Redactor, text: str) -> None:
    replaced = other(redactor, text)
    assert "lice" not in replaced.lower()
    assert "her-password" not in replaced
    assert ("uc3m.test" in replaced) == ("uc3m.test" in text)


def test_a_user_of_the_partner_and_node_names_stay(redactor: Redactor) -> None:
    text = "sip:bob@stuba.test sip:bob@10.0.0.7:5060 sip:orig@scscf.uc3m.test sip:scscf.uc3m.test:6060;lr bob"
    assert redactor.identities.in_text(text) == text


def test_the_same_name_with_two_homes_is_replaced_where_it_is_not_the_partners() -> None:
    identities = Identities(b"k", "stuba.test")
    identities.in_text("sip:eve@stuba.test sip:eve@uc3m.test")
    identities.freeze()
    own, foreign, somewhere = identities.in_text("sip:eve@stuba.test sip:eve@uc3m.test sip:eve@10.0.0.1").split()
    assert own == "sip:eve@stuba.test"
    assert "eve" not in foreign + somewhere
    assert foreign[:7] == somewhere[:7]


def test_a_number_is_the_same_one_in_tel_sip_and_enum(redactor: Redactor) -> None:
    tel, spaced, sip, enum = other(
        redactor, "tel:+421900123456 tel:+421-900-123456 sip:+421900123456@uc3m.test 6.5.4.3.2.1.0.0.9.1.2.4.e164.arpa"
    ).split()
    digits = tel.removeprefix("tel:+")
    assert digits.isdigit()
    assert digits != "421900123456"
    assert spaced == f"tel:+{digits[:3]}-{digits[3:6]}-{digits[6:]}"
    assert sip == f"sip:+{digits}@uc3m.test"
    assert enum == ".".join(digits[::-1]) + ".e164.arpa"


def test_a_user_who_is_called_like_a_word_is_replaced_only_as_an_identity() -> None:
    identities = Identities(b"k", None)
    identities.reserve(["the test of a home network"])
    identities.in_text("sip:home@uc3m.test")
    identities.freeze()
    assert identities.in_text("home network of sip:home@uc3m.test").startswith("home network of sip:")
    assert "home@" not in identities.in_text("sip:home@uc3m.test")


def test_short_names_get_different_pseudonyms() -> None:
    identities = Identities(b"k", None)
    users = [a + b for a in "abcdef" for b in "uvwxyz"]
    identities.in_text(" ".join(f"sip:{user}@uc3m.test" for user in users))
    identities.freeze()
    assert len({identities.user(user, "uc3m.test") for user in users}) == len(users)
    assert not {identities.user(user, "uc3m.test") for user in users} & set(users)
