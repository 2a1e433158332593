"""What a terminal answers a challenge with: f2 of Milenage (3GPP TS 35.206), for judging and nothing else.

Needs the keys of the subscriber, which a federation file of testbeds has. They leave this file in no form.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from conformance.vocabulary.federation import Subscriber

_BLOCK = 16
_LAST_OF_C2 = 1
"""c2 of TS 35.206 4.1: all bits zero but the last one; r2 is 0, so nothing is rotated."""


def response_to(subscriber: Subscriber, rand: bytes) -> bytes | None:
    """Return RES, 8 octets.

    Args:
        subscriber: with k and opc.
        rand: of the challenge, 16 octets.

    Returns:
        None where the subscriber has no keys, or `rand` another length.
    """
    if subscriber.k is None or subscriber.opc is None or len(rand) != _BLOCK:
        return None
    opc = subscriber.opc.reveal()
    # single blocks: ECB is the bare block cipher E[x] of TS 35.206
    cipher = Cipher(algorithms.AES(subscriber.k.reveal()), modes.ECB()).encryptor()  # noqa: S305
    block = bytearray(_xor(cipher.update(_xor(rand, opc)), opc))
    block[-1] ^= _LAST_OF_C2
    return _xor(cipher.update(bytes(block)), opc)[8:]


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
