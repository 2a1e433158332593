import base64

import pytest

from conformance.redaction.secret_values import SecretValues

RAND, AUTN, AUTS = bytes(range(16)), bytes(range(100, 116)), bytes(range(200, 214))


def test_every_form_of_a_secret_becomes_the_same_other_one(secrets: SecretValues) -> None:
    replaced = secrets.octets(RAND + AUTN)
    assert replaced != RAND + AUTN
    assert secrets.hexadecimal((RAND + AUTN).hex()) == replaced.hex()
    assert base64.b64decode(secrets.text(base64.b64encode(RAND + AUTN).decode())) == replaced


@pytest.mark.parametrize("length", range(1, 32))
def test_what_begins_alike_goes_on_to_begin_alike(secrets: SecretValues, length: int) -> None:
    whole = RAND + AUTN
    assert secrets.octets(whole).startswith(secrets.octets(whole[:length]))


def test_what_follows_rand_is_the_same_where_it_is_seen_apart(secrets: SecretValues) -> None:
    assert secrets.octets(RAND + AUTS) == secrets.octets(RAND) + secrets.octets(AUTS)


@pytest.mark.parametrize(
    "text", ["dcd98b7102dd2f0e", "AbC-d_9.z", "DCD98B7102dd2f0e8b11d0f600bfb0c093f", "ÄÖ short", ""]
)
def test_length_and_alphabet_stay(secrets: SecretValues, text: str) -> None:
    replaced = secrets.text(text)
    assert len(replaced) == len(text)
    assert [c.isalnum() for c in replaced] == [c.isalnum() for c in text]


def test_another_key_gives_other_values(secrets: SecretValues) -> None:
    assert SecretValues(b"another").octets(RAND) != secrets.octets(RAND)


def test_two_values_never_become_one(secrets: SecretValues) -> None:
    assert len({secrets.octets(bytes([a, b])) for a in range(256) for b in range(16)}) == 256 * 16
