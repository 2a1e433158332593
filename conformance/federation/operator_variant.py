"""From OP to OPc (3GPP TS 35.206): what a federation file that gives both is held to.

It stands here, on neither side, because the judge reads federation files too and loads nothing that makes packets.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def opc_from_op(k: bytes, op: bytes) -> bytes:
    """Return OPc = OP xor E[OP] with K; all three have 16 octets.

    Raises:
        ValueError: K has a length that AES does not know, or OP is not one block.
    """
    encryptor = Cipher(algorithms.AES(k), modes.ECB()).encryptor()  # noqa: S305 - one block
    return bytes(a ^ b for a, b in zip(encryptor.update(op), op, strict=True))
