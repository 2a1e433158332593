"""The challenges that an S-CSCF has sent and not yet seen answered (3GPP TS 24.229 5.4.1.2). No I/O.

Each challenge serves once: a REGISTER that answers no outstanding challenge is challenged again.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from conformance.protocols.aka import MalformedToken, digest_response
from conformance.protocols.sip.digest_header import DigestHeader

AWAIT_AUTHENTICATION_S = 240.0
"""How long an answer is awaited: timer reg-await-auth, 4 minutes (3GPP TS 24.229)."""
_MOST = 4096


class Answer(Enum):
    """What a REGISTER is to the challenges that are outstanding."""

    NONE = "no answer to an outstanding challenge"
    RIGHT = "the response is the expected one"
    WRONG = "the response is not the expected one"
    NETWORK_REFUSED = "an empty response: the terminal does not accept the network"
    OUT_OF_STEP = "auts: the terminal asks for resynchronisation"


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge as it was sent."""

    impi: str
    realm: str
    nonce: str
    ha1: str = field(repr=False)
    """H(A1) over password or XRES, 32 hexadecimal digits."""
    call_id: str
    rand: bytes | None
    """RAND of an AKA challenge, None for MD5."""
    expires_at: float
    qop: str = ""
    """What it offered."""


class Challenges:
    """All outstanding challenges of one S-CSCF, the oldest forgotten first when there are too many.

    Args:
        now: monotonic clock, seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._by_nonce: dict[str, Challenge] = {}

    def add(
        self,
        *,
        impi: str,
        realm: str,
        nonce: str,
        ha1: str,
        call_id: str,
        rand: bytes | None = None,
        qop: str = "",
    ) -> Challenge:
        """Remember a challenge; an earlier one of the same user and Call-ID is no longer awaited."""
        now = self._now()
        self._by_nonce = {
            n: c for n, c in self._by_nonce.items() if c.expires_at > now and (c.impi, c.call_id) != (impi, call_id)
        }
        if len(self._by_nonce) >= _MOST:
            self._by_nonce.pop(next(iter(self._by_nonce)))
        challenge = Challenge(impi, realm, nonce, ha1, call_id, rand, now + AWAIT_AUTHENTICATION_S, qop)
        self._by_nonce[nonce] = challenge
        return challenge

    def judge(
        self, credentials: DigestHeader, *, method: str, call_id: str, body: bytes = b""
    ) -> tuple[Answer, Challenge | None]:
        """Compare credentials with the challenge that they answer; the challenge is spent thereby.

        The digest is computed with the `uri` parameter as it was sent, because proxies change the Request-URI
        (RFC 2617 3.2.2.5).

        Args:
            credentials: the Authorization header field of the user's realm.
            method: SIP method of the request.
            call_id: its Call-ID.
            body: its body, for qop auth-int.
        """
        username, response = credentials.get("username"), credentials.get("response")
        challenge = self._by_nonce.get(credentials.get("nonce"))
        if challenge is not None and (challenge.expires_at <= self._now() or challenge.impi != username):
            challenge = None
        if challenge is None and credentials.get("nonce") and not response:
            # A terminal that refuses the network repeats the nonce that it got. Call-ID tells which procedure it
            # leaves, so that a nonce which was damaged on its way ends the procedure too.
            challenge = next((c for c in self._by_nonce.values() if (c.impi, c.call_id) == (username, call_id)), None)
        if challenge is None:
            return Answer.NONE, None
        del self._by_nonce[challenge.nonce]
        if credentials.get("auts"):
            return (Answer.OUT_OF_STEP if challenge.rand is not None else Answer.WRONG), challenge
        if not response:
            return Answer.NETWORK_REFUSED, challenge
        right = _is_right(challenge, credentials, method, body)
        return (Answer.RIGHT if right else Answer.WRONG), challenge


def _is_right(challenge: Challenge, credentials: DigestHeader, method: str, body: bytes) -> bool:
    qop = credentials.get("qop") or None
    if qop and (not re.fullmatch("[0-9A-Fa-f]{8}", credentials.get("nc")) or int(credentials.get("nc"), 16) == 0):
        return False
    if credentials.get("realm") != challenge.realm:
        return False
    try:
        expected = digest_response(
            challenge.ha1,
            method=method,
            uri=credentials.get("uri"),
            nonce=challenge.nonce,
            qop=qop,
            nc=credentials.get("nc"),
            cnonce=credentials.get("cnonce"),
            body=body,
        )
    except MalformedToken:
        return False
    return hmac.compare_digest(expected.encode(), credentials.get("response").lower().encode())
