"""OPc of the published test sets."""

from __future__ import annotations

import pytest

from conformance.federation.operator_variant import opc_from_op

# 3GPP TS 35.207 and 35.208, test sets 1, 2 and 5: K, OP, OPc
TEST_SETS = [
    "465b5ce8b199b49faa5f0a2ee238a6bc cdc202d5123e20f62b6d676ac72cb318 cd63cb71954a9f4e48a5994e37a02baf",
    "0396eb317b6d1c36f19c1c84cd6ffd16 ff53bade17df5d4e793073ce9d7579fa 53c15671c60a4b731c55b4a441c0bde2",
    "4ab1deb05ca6ceb051fc98e77d026a84 2d16c5cd1fdf6b22383584e3bef2a8d8 dcf07cbd51855290b92a07a9891e523e",
]


@pytest.mark.parametrize("numbers", TEST_SETS)
def test_it_gives_what_the_specification_prints(numbers: str) -> None:
    k, op, opc = map(bytes.fromhex, numbers.split())
    assert opc_from_op(k, op) == opc


def test_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="key size"):
        opc_from_op(bytes(15), bytes(16))
    with pytest.raises(ValueError, match="zip"):
        opc_from_op(bytes(16), bytes(15))
