"""Authentication and key agreement without I/O: AUTN, AUTS, sequence numbers and digest responses.

How the outputs of Milenage become tokens is 3GPP TS 33.102 (clause 6.3 and annex C); how they travel in SIP
is RFC 3310 on top of RFC 2617. The judging side has its own implementation.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field

from conformance.protocols.milenage import MalformedToken, Milenage, sized, sqn_octets, xor

__all__ = [
    "Authenticated",
    "AuthenticationVector",
    "MacFailure",
    "MalformedToken",
    "Milenage",
    "SequenceNumbers",
    "SyncFailure",
    "authenticate",
    "build_autn",
    "build_auts",
    "decode_auts",
    "decode_nonce",
    "digest_ha1",
    "digest_response",
    "encode_auts",
    "encode_nonce",
    "generate_vector",
    "is_in_range",
    "next_sqn",
    "verify_auts",
]

IND_BITS = 5
"""Length of the index part of a sequence number (3GPP TS 33.102 annex C.3)."""
DELTA = 1 << 28
"""Largest jump of the sequence part that a terminal accepts (3GPP TS 33.102 annex C.3)."""

_SLOTS = 1 << IND_BITS
_SQN_LIMIT = 1 << 48


# --- network side -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AuthenticationVector:
    """What the HSS gives the S-CSCF for one challenge (3GPP TS 33.102 6.3.2); octet strings, never shown."""

    rand: bytes = field(repr=False)
    autn: bytes = field(repr=False)
    xres: bytes = field(repr=False)
    ck: bytes = field(repr=False)
    ik: bytes = field(repr=False)


def build_autn(milenage: Milenage, rand: bytes, sqn: int, amf: bytes) -> bytes:
    """Return AUTN, 16 octets: (SQN xor AK) || AMF || MAC-A (3GPP TS 33.102 6.3.2)."""
    return xor(sqn_octets(sqn), milenage.f5(rand)) + amf + milenage.f1(rand, sqn, amf)


def generate_vector(milenage: Milenage, rand: bytes, sqn: int, amf: bytes) -> AuthenticationVector:
    """Return the authentication vector of one challenge.

    Args:
        milenage: the subscriber's functions.
        rand: 16 random octets.
        sqn: sequence number, 48 bits, never used before for the subscriber.
        amf: authentication management field, 2 octets.
    """
    return AuthenticationVector(
        rand=rand,
        autn=build_autn(milenage, rand, sqn, amf),
        xres=milenage.f2(rand),
        ck=milenage.f3(rand),
        ik=milenage.f4(rand),
    )


def next_sqn(sqn: int) -> int:
    """Return the sequence number after `sqn`: SEQ and IND one further each (3GPP TS 33.102 annex C)."""
    seq, ind = sqn >> IND_BITS, sqn % _SLOTS
    return ((seq + 1) << IND_BITS | (ind + 1) % _SLOTS) % _SQN_LIMIT


def is_in_range(sqn_he: int, sqn_ms: int) -> bool:
    """Tell whether a terminal that is at `sqn_ms` would accept what the HSS generates after `sqn_he`.

    The first question of resynchronisation (3GPP TS 33.102 6.3.5): only where the answer is no does the HSS
    take over the terminal's number.
    """
    ahead = (next_sqn(sqn_he) >> IND_BITS) - (sqn_ms >> IND_BITS)
    return 0 < ahead <= DELTA


def verify_auts(milenage: Milenage, rand: bytes, auts: bytes) -> int | None:
    """Return the terminal's SQN_MS that AUTS hides; None where its MAC-S is wrong (3GPP TS 33.102 6.3.5).

    Args:
        milenage: the subscriber's functions.
        rand: the RAND of the challenge that the terminal found stale, 16 octets.
        auts: (SQN_MS xor AK*) || MAC-S, 14 octets.

    Raises:
        MalformedToken: a length is wrong.
    """
    sized("AUTS", auts, 14)
    sqn = int.from_bytes(xor(auts[:6], milenage.f5_star(rand)))
    return sqn if hmac.compare_digest(auts[6:], milenage.f1_star(rand, sqn)) else None


# --- terminal side ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class SequenceNumbers:
    """The terminal's memory of sequence numbers: one SEQ for each IND (3GPP TS 33.102 annex C.2)."""

    highest: int = 0
    """SQN_MS: the highest number accepted so far, 48 bits."""
    _seq: list[int] = field(default_factory=lambda: [-1] * _SLOTS)

    def is_fresh(self, sqn: int) -> bool:
        """Tell whether `sqn` would be accepted: not too far ahead, and new in its slot (annex C.2)."""
        seq = sqn >> IND_BITS
        return seq - (self.highest >> IND_BITS) <= DELTA and seq > self._seq[sqn % _SLOTS]

    def accept(self, sqn: int) -> None:
        """Remember a number that was accepted."""
        self._seq[sqn % _SLOTS] = sqn >> IND_BITS
        self.highest = max(self.highest, sqn)


@dataclass(frozen=True, slots=True)
class Authenticated:
    """AUTN verified and its number was fresh: the network is who it says."""

    sqn: int
    res: bytes = field(repr=False)
    ck: bytes = field(repr=False)
    ik: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MacFailure:
    """The MAC in AUTN is wrong: this is not the home network (3GPP TS 33.102 6.3.3)."""


@dataclass(frozen=True, slots=True)
class SyncFailure:
    """The MAC is right and the number is not fresh: send AUTS, 14 octets (3GPP TS 33.102 6.3.3)."""

    auts: bytes


def build_auts(milenage: Milenage, rand: bytes, sqn_ms: int) -> bytes:
    """Return AUTS, 14 octets: (SQN_MS xor AK*) || MAC-S (3GPP TS 33.102 6.3.3)."""
    return xor(sqn_octets(sqn_ms), milenage.f5_star(rand)) + milenage.f1_star(rand, sqn_ms)


def authenticate(
    milenage: Milenage, rand: bytes, autn: bytes, numbers: SequenceNumbers
) -> Authenticated | MacFailure | SyncFailure:
    """Check a challenge as a terminal does (3GPP TS 33.102 6.3.3) and remember a number that was accepted.

    Args:
        milenage: the subscriber's functions.
        rand: 16 octets of the challenge.
        autn: 16 octets of the challenge.
        numbers: the terminal's memory of sequence numbers.

    Raises:
        MalformedToken: RAND or AUTN has a wrong length.
    """
    sized("AUTN", autn, 16)
    sqn = int.from_bytes(xor(autn[:6], milenage.f5(rand)))
    if not hmac.compare_digest(autn[8:], milenage.f1(rand, sqn, autn[6:8])):
        return MacFailure()
    if not numbers.is_fresh(sqn):
        return SyncFailure(build_auts(milenage, rand, numbers.highest))
    numbers.accept(sqn)
    return Authenticated(sqn=sqn, res=milenage.f2(rand), ck=milenage.f3(rand), ik=milenage.f4(rand))


# --- in SIP -------------------------------------------------------------------------------------------------


def encode_nonce(rand: bytes, autn: bytes, server_data: bytes = b"") -> str:
    """Return the nonce of an AKAv1-MD5 challenge: base64 of RAND || AUTN || server data (RFC 3310 3.2)."""
    return base64.b64encode(sized("RAND", rand, 16) + sized("AUTN", autn, 16) + server_data).decode()


def decode_nonce(nonce: str) -> tuple[bytes, bytes]:
    """Return RAND and AUTN, 16 octets each, of an AKAv1-MD5 nonce (RFC 3310 3.2).

    Raises:
        MalformedToken: not base64, or less than 32 octets.
    """
    octets = _from_base64("nonce", nonce)
    if len(octets) < 32:
        raise MalformedToken(f"nonce: expected base64 of at least 32 octets, found {len(octets)}")
    return octets[:16], octets[16:32]


def encode_auts(auts: bytes) -> str:
    """Return the value of the `auts` parameter: base64 of 14 octets (RFC 3310 3.4)."""
    return base64.b64encode(sized("AUTS", auts, 14)).decode()


def decode_auts(text: str) -> bytes:
    """Return the 14 octets of an `auts` parameter (RFC 3310 3.4).

    Raises:
        MalformedToken: not base64, or not 14 octets.
    """
    return sized("auts", _from_base64("auts", text), 14)


def _from_base64(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedToken(f"{name}: expected base64, found {text[:40]!r}") from None


def _md5(octets: bytes) -> str:
    return hashlib.md5(octets).hexdigest()


def digest_ha1(username: str, realm: str, password: bytes) -> str:
    """Return H(A1) as 32 hexadecimal digits (RFC 2617 3.2.2.2).

    Args:
        username: the private user identity.
        realm: realm of the challenge.
        password: a password; or RES as it is (AKAv1-MD5, RFC 3310 3.3); or empty, when `auts` is sent
            (RFC 3310 3.4).
    """
    return _md5(f"{username}:{realm}:".encode() + password)


def digest_response(
    ha1: str,
    *,
    method: str,
    uri: str,
    nonce: str,
    qop: str | None = None,
    nc: str = "",
    cnonce: str = "",
    body: bytes = b"",
) -> str:
    """Return the `response` parameter, 32 hexadecimal digits (RFC 2617 3.2.2.1; RFC 3310 3.3).

    Args:
        ha1: from `digest_ha1`.
        method: SIP method.
        uri: value of the `uri` parameter.
        nonce: value of the `nonce` parameter, as it was received.
        qop: None, `auth` or `auth-int`; with None `nc` and `cnonce` do not enter.
        nc: nonce count, 8 hexadecimal digits.
        cnonce: the client's nonce.
        body: entity body; enters with `auth-int` only.

    Raises:
        MalformedToken: another qop.
    """
    if qop not in (None, "auth", "auth-int"):
        raise MalformedToken(f"qop: expected auth or auth-int, found {qop[:40]!r}")
    a2 = f"{method}:{uri}" + (f":{_md5(body)}" if qop == "auth-int" else "")
    middle = f"{nonce}:{nc}:{cnonce}:{qop}" if qop else nonce
    return _md5(f"{ha1}:{middle}:{_md5(a2.encode())}".encode())
