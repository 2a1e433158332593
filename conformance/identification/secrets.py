"""H(A1) of a challenge, where Cx or a federation says the secret: a response can then be verified in any form."""

from __future__ import annotations

import re

from conformance.criteria.digest import ha1
from conformance.criteria.milenage import response_to
from conformance.criteria.registration import Registration
from conformance.criteria.scheme import vectors
from conformance.criteria.values import Digest, inner, is_aka, octets_of_nonce, text
from conformance.vocabulary.numbers import Avp

RAND_OCTETS = 16
_HA1 = re.compile(r"[0-9A-Fa-f]{32}")


def secret_of(registration: Registration, asked: Digest, answer: Digest) -> str | None:
    """Return H(A1) as 32 hexadecimal digits, None where nobody says the secret.

    Args:
        registration: With its Cx and what a federation says.
        asked: The challenge.
        answer: The credentials; username and realm are taken as they were sent.
    """
    key = _res(registration, asked) if is_aka(asked) else registration.facts.password
    if key is not None:
        return ha1(answer.value("username") or "", answer.value("realm") or "", key)
    items = [item for attempt in registration.attempts for _, item in vectors(attempt)]
    for item in items if not is_aka(asked) else ():
        holder = inner(item, Avp.SIP_DIGEST_AUTHENTICATE)
        found = text(inner(holder, Avp.DIGEST_HA1)) or text(inner(item, Avp.DIGEST_HA1))
        if found and _HA1.fullmatch(found):
            return found.lower()
    return None


def _res(registration: Registration, asked: Digest) -> bytes | None:
    """Return RES of an AKA challenge: XRES of the MAA that it was made of, or by the subscriber's key."""
    octets = octets_of_nonce(asked.value("nonce") or "")
    if octets is None:
        return None
    for attempt in registration.attempts:
        for _, item in vectors(attempt):
            token, key = inner(item, Avp.SIP_AUTHENTICATE), inner(item, Avp.SIP_AUTHORIZATION)
            if token is not None and key is not None and token.data and octets.startswith(token.data):
                return key.data
    home, impi = registration.facts.home_network, registration.facts.impi
    known = [] if home is None else [one for one in home.subscribers if one.impi == impi]
    return response_to(known[0], octets[:RAND_OCTETS]) if known else None
