"""RES of the judging side, with the test sets of the specification."""

from __future__ import annotations

import pytest

from conformance.criteria.milenage import response_to
from conformance.vocabulary.federation import Subscriber

# 3GPP TS 35.207 and 35.208, test sets 1 to 4: K, OPc, RAND, f2
TEST_SETS = {
    1: (
        "465b5ce8b199b49faa5f0a2ee238a6bc cd63cb71954a9f4e48a5994e37a02baf "
        "23553cbe9637a89d218ae64dae47bf35 a54211d5e3ba50bf"
    ),
    2: (
        "0396eb317b6d1c36f19c1c84cd6ffd16 53c15671c60a4b731c55b4a441c0bde2 "
        "c00d603103dcee52c4478119494202e8 d3a628ed988620f0"
    ),
    3: (
        "fec86ba6eb707ed08905757b1bb44b8f 1006020f0a478bf6b699f15c062e42b3 "
        "9f7c8d021accf4db213ccff0c7f71a6a 8011c48c0c214ed2"
    ),
    4: (
        "9e5944aea94b81165c82fbf9f32db751 a64a507ae1a2a98bb88eb4210135dc87 "
        "ce83dbc54ac0274a157c17f80d017bd6 f365cd683cd92e96"
    ),
}


def subscriber(**credentials: str) -> Subscriber:
    return Subscriber(name="bob", impi="bob@a.test", impus=("sip:bob@a.test",), **credentials)


@pytest.mark.parametrize("number", TEST_SETS)
def test_the_response_is_what_the_specification_prints(number: int) -> None:
    k, opc, rand, res = TEST_SETS[number].split()
    assert response_to(subscriber(k=k, opc=opc), bytes.fromhex(rand)) == bytes.fromhex(res)


def test_without_a_key_or_a_whole_challenge_there_is_none() -> None:
    k, opc, rand, _ = TEST_SETS[1].split()
    assert response_to(subscriber(password="secret"), bytes.fromhex(rand)) is None
    assert response_to(subscriber(k=k, opc=opc), bytes.fromhex(rand)[:15]) is None
