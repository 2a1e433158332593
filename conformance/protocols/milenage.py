"""Milenage: the functions f1 to f5* of 3GPP TS 35.206, nothing else.

What becomes of their outputs is in `aka`. The judging side has its own implementation.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_SQN_LIMIT = 1 << 48
_AMF_RESYNC = b"\x00\x00"  # 33.102 6.3.3: the AMF that enters MAC-S is a dummy value of all zeros


class MalformedToken(ValueError):
    """A nonce, AUTN or AUTS of the peer that has not the form of the standard."""


def xor(left: bytes, right: bytes) -> bytes:
    """Return the exclusive or of two octet strings of one length."""
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def sized(name: str, value: bytes, size: int) -> bytes:
    """Return `value`; MalformedToken where it has not `size` octets."""
    if len(value) != size:
        raise MalformedToken(f"{name}: expected {size} octets, found {len(value)}")
    return value


def _rotate(block: bytes, octets: int) -> bytes:
    return block[octets:] + block[:octets]


class Milenage:
    """The functions f1 to f5* of one subscriber (3GPP TS 35.206).

    Args:
        k: subscriber key, 16 octets.
        opc: operator variant, already encrypted with K, 16 octets.

    Raises:
        MalformedToken: an argument of any method has not the length that it must have.
    """

    __slots__ = ("_encryptor", "_opc")

    def __init__(self, k: bytes, opc: bytes) -> None:
        # One block at a time, never a chain: ECB is the bare block cipher E[x] of TS 35.206.
        self._encryptor = Cipher(algorithms.AES(sized("K", k, 16)), modes.ECB()).encryptor()  # noqa: S305
        self._opc = sized("OPc", opc, 16)

    def _encrypt(self, block: bytes) -> bytes:
        return self._encryptor.update(block)

    def _temp(self, rand: bytes) -> bytes:
        return self._encrypt(xor(sized("RAND", rand, 16), self._opc))

    def _out(self, rand: bytes, rotation: int, constant: int) -> bytes:
        """OUT2 to OUT5 of TS 35.206: `rotation` in octets, `constant` is the last octet of c."""
        block = _rotate(xor(self._temp(rand), self._opc), rotation)
        return xor(self._encrypt(xor(block, constant.to_bytes(16))), self._opc)

    def _out1(self, rand: bytes, sqn: int, amf: bytes) -> bytes:
        half = sqn_octets(sqn) + sized("AMF", amf, 2)
        block = _rotate(xor(half + half, self._opc), 8)
        return xor(self._encrypt(xor(self._temp(rand), block)), self._opc)

    def f1(self, rand: bytes, sqn: int, amf: bytes) -> bytes:
        """Return MAC-A, 8 octets: the network authenticates itself."""
        return self._out1(rand, sqn, amf)[:8]

    def f1_star(self, rand: bytes, sqn: int, amf: bytes = _AMF_RESYNC) -> bytes:
        """Return MAC-S, 8 octets: the terminal authenticates its resynchronisation."""
        return self._out1(rand, sqn, amf)[8:]

    def f2(self, rand: bytes) -> bytes:
        """Return RES (at the network: XRES), 8 octets."""
        return self._out(rand, 0, 1)[8:]

    def f3(self, rand: bytes) -> bytes:
        """Return the confidentiality key CK, 16 octets."""
        return self._out(rand, 4, 2)

    def f4(self, rand: bytes) -> bytes:
        """Return the integrity key IK, 16 octets."""
        return self._out(rand, 8, 4)

    def f5(self, rand: bytes) -> bytes:
        """Return the anonymity key AK, 6 octets."""
        return self._out(rand, 0, 1)[:6]

    def f5_star(self, rand: bytes) -> bytes:
        """Return the anonymity key of resynchronisation, 6 octets."""
        return self._out(rand, 12, 8)[:6]


def sqn_octets(sqn: int) -> bytes:
    """Return a sequence number as 6 octets; MalformedToken where it does not fit."""
    if not 0 <= sqn < _SQN_LIMIT:
        raise MalformedToken(f"SQN: expected a number of 48 bits, found {sqn:#x}")
    return sqn.to_bytes(6)
