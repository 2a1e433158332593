from __future__ import annotations

import pytest

from conformance.protocols.milenage import MalformedToken, Milenage

# 3GPP TS 35.207 and 35.208, test sets 1 to 5: K, OP, OPc, RAND, SQN, AMF, f1, f1*, f2, f3, f4, f5, f5*
TEST_SETS = {
    1: (
        "465b5ce8b199b49faa5f0a2ee238a6bc cdc202d5123e20f62b6d676ac72cb318 cd63cb71954a9f4e48a5994e37a02baf "
        "23553cbe9637a89d218ae64dae47bf35 ff9bb4d0b607 b9b9 4a9ffac354dfafb3 01cfaf9ec4e871e9 a54211d5e3ba50bf "
        "b40ba9a3c58b2a05bbf0d987b21bf8cb f769bcd751044604127672711c6d3441 aa689c648370 451e8beca43b"
    ),
    2: (
        "0396eb317b6d1c36f19c1c84cd6ffd16 ff53bade17df5d4e793073ce9d7579fa 53c15671c60a4b731c55b4a441c0bde2 "
        "c00d603103dcee52c4478119494202e8 fd8eef40df7d af17 5df5b31807e258b0 a8c016e51ef4a343 d3a628ed988620f0 "
        "58c433ff7a7082acd424220f2b67c556 21a8c1f929702adb3e738488b9f5c5da c47783995f72 30f1197061c1"
    ),
    3: (
        "fec86ba6eb707ed08905757b1bb44b8f dbc59adcb6f9a0ef735477b7fadf8374 1006020f0a478bf6b699f15c062e42b3 "
        "9f7c8d021accf4db213ccff0c7f71a6a 9d0277595ffc 725c 9cabc3e99baf7281 95814ba2b3044324 8011c48c0c214ed2 "
        "5dbdbb2954e8f3cde665b046179a5098 59a92d3b476a0443487055cf88b2307b 33484dc2136b deacdd848cc6"
    ),
    4: (
        "9e5944aea94b81165c82fbf9f32db751 223014c5806694c007ca1eeef57f004f a64a507ae1a2a98bb88eb4210135dc87 "
        "ce83dbc54ac0274a157c17f80d017bd6 0b604a81eca8 9e09 74a58220cba84c49 ac2cc74a96871837 f365cd683cd92e96 "
        "e203edb3971574f5a94b0d61b816345d 0c4524adeac041c4dd830d20854fc46b f0b9c08ad02e 6085a86c6f63"
    ),
    5: (
        "4ab1deb05ca6ceb051fc98e77d026a84 2d16c5cd1fdf6b22383584e3bef2a8d8 dcf07cbd51855290b92a07a9891e523e "
        "74b0cd6031a1c8339b2b6ce2b8c4a186 e880a1b580b6 9f07 49e785dd12626ef2 9e85790336bb3fa2 5860fc1bce351e7e "
        "7657766b373d1c2138f307e3de9242f9 1c42e960d89b8fa99f2744e0708ccb53 31e11a609118 fe2555e54aa9"
    ),
}


@pytest.mark.parametrize("number", TEST_SETS)
def test_functions_give_what_the_specification_prints(number: int) -> None:
    k, _, opc, rand, sqn, amf, f1, f1s, f2, f3, f4, f5, f5s = map(bytes.fromhex, TEST_SETS[number].split())
    milenage = Milenage(k, opc)
    assert milenage.f1(rand, int.from_bytes(sqn), amf) == f1
    assert milenage.f1_star(rand, int.from_bytes(sqn), amf) == f1s
    assert milenage.f2(rand) == f2
    assert milenage.f3(rand) == f3
    assert milenage.f4(rand) == f4
    assert milenage.f5(rand) == f5
    assert milenage.f5_star(rand) == f5s


@pytest.mark.parametrize(("k", "opc", "rand"), [(15, 16, 16), (16, 17, 16), (16, 16, 0), (16, 16, 15), (16, 16, 32)])
def test_a_wrong_length_is_named(k: int, opc: int, rand: int) -> None:
    with pytest.raises(MalformedToken, match="expected 16 octets, found"):
        Milenage(bytes(k), bytes(opc)).f2(bytes(rand))


def test_a_sequence_number_has_48_bits() -> None:
    with pytest.raises(MalformedToken, match="48 bits"):
        Milenage(bytes(16), bytes(16)).f1(bytes(16), 1 << 48, bytes(2))


def test_keys_are_not_shown() -> None:
    assert "4141" not in repr(Milenage(b"A" * 16, b"A" * 16))
    assert "AAAA" not in repr(Milenage(b"A" * 16, b"A" * 16))
