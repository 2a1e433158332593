"""AKA in digest (RFC 3310): the challenge, where its nonce comes from, and the terminal's response."""

from __future__ import annotations

from itertools import pairwise

from conformance.criteria.digest import ha1
from conformance.criteria.digest_forms import recompute, valid_only
from conformance.criteria.milenage import response_to
from conformance.criteria.model import (
    Catalogue,
    Citation,
    Finding,
    failed,
    inconclusive,
    not_applicable,
    passed,
    unreached,
)
from conformance.criteria.registration import Attempt, Hop, Registration
from conformance.criteria.scheme import uses_aka, vectors
from conformance.criteria.values import (
    Digest,
    authorization,
    challenge,
    cite_avp,
    cite_missing,
    clip,
    inner,
    octets_of_nonce,
)
from conformance.trace.model import DiameterAvp, DiameterMessage
from conformance.vocabulary.numbers import Avp
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
ALGORITHMS = ("AKAV1-MD5", "AKAV2-SHA-256")
"""AKAv1-MD5 everywhere; later releases of 3GPP TS 24.229 know AKAv2-SHA-256, too."""

RAND_OCTETS = 16
TOKEN_OCTETS = 32
"""RAND and AUTN, 16 octets each (3GPP TS 33.102)."""

NO_CHALLENGE = "no 401 with a digest challenge was seen: the registration did not get that far"
NO_AKA = "the network does not challenge with AKA"


def challenges(attempt: Attempt) -> list[tuple[Hop, Digest]]:
    """Return the challenge of an attempt at each hop, that of the S-CSCF first."""
    found = []
    for hop in reversed(attempt.hops):
        digest = challenge(hop.response)
        if digest is not None:
            found.append((hop, digest))
    return found


@CATALOGUE.add(
    "REG-28",
    "The challenge is Digest AKAv1-MD5: realm, algorithm as a token, and a nonce of RAND and AUTN in base64.",
    source=("RFC 3310", None),
    node=Role.HOME_SCSCF,
    points=(Point.GM, Point.MW),
    condition="the network authenticates with AKA",
)
def aka_challenge(registration: Registration) -> Finding:
    """RFC 3310 (nonce and algorithm of the challenge), RFC 3261 25.1 (algorithm is a token)."""
    expected = "Digest with realm, algorithm=AKAv1-MD5 without quotes, nonce of at least 32 octets in base64"
    aka = uses_aka(registration)
    if aka is False:
        return not_applicable(expected, NO_AKA)
    attempt = registration.challenged
    if attempt is None:
        return unreached(expected, NO_CHALLENGE)
    found = challenges(attempt)
    if not found:
        bare = next((h.response for h in attempt.hops if h.response is not None), None)
        if bare is None:
            return unreached(expected, NO_CHALLENGE)
        return failed(expected, "a 401 without a digest challenge", cite_missing(bare, "WWW-Authenticate"))
    digest = found[0][1]
    algorithm, nonce = digest.credentials.get("algorithm"), digest.value("nonce")
    if not digest.value("realm"):
        return failed(expected, "no realm", *digest.cite("realm"))
    if algorithm is None:
        return failed(expected, "no algorithm", *digest.cite())
    if algorithm.value.upper() not in ALGORITHMS or algorithm.quoted:
        quote = '"' if algorithm.quoted else ""
        return failed(
            "algorithm=AKAv1-MD5", f"algorithm={quote}{clip(algorithm.value)}{quote}", *digest.cite("algorithm")
        )
    if nonce is None:
        return failed(expected, "no nonce", *digest.cite())
    octets = octets_of_nonce(nonce)
    if octets is None or len(octets) < TOKEN_OCTETS:
        size = "is not base64" if octets is None else f"has {len(octets)} octets"
        return failed(expected, f"the nonce {size}", *digest.cite("nonce"))
    return passed(
        expected, f"{clip(algorithm.value)}, nonce of {len(octets)} octets", *digest.cite("algorithm", "nonce")
    )


@CATALOGUE.add(
    "REG-29",
    "The nonce of the challenge is the SIP-Authenticate of the MAA in base64, and ck and ik are its keys.",
    source=("RFC 3310", None),
    node=Role.HOME_SCSCF,
    points=(Point.CX,),
    condition="the network authenticates with AKA",
)
def nonce_of_hss(registration: Registration) -> Finding:
    """RFC 3310 (nonce = RAND, AUTN, server data), 3GPP TS 24.229 (ck and ik between the CSCFs)."""
    expected = "nonce = base64 of the MAA's SIP-Authenticate"
    if uses_aka(registration) is False:
        return not_applicable(expected, NO_AKA)
    attempt = registration.challenged
    found = [] if attempt is None else challenges(attempt)
    if attempt is None or not found:
        return unreached(expected, NO_CHALLENGE)
    items = vectors(attempt)
    if not items:
        return inconclusive(expected, "no MAA with an authentication vector was captured")
    citations: list[Citation] = []
    for hop, digest in found:
        nonce = digest.value("nonce")
        octets = None if nonce is None else octets_of_nonce(nonce)
        if octets is None or len(octets) < TOKEN_OCTETS:
            return inconclusive(expected, "the nonce cannot be read (REG-28)")
        matching = [
            (message, item, token)
            for message, item in items
            if (token := inner(item, Avp.SIP_AUTHENTICATE)) is not None
            and len(token.data) >= TOKEN_OCTETS
            and octets.startswith(token.data)
        ]
        if not matching:
            message, item = items[0]
            token = inner(item, Avp.SIP_AUTHENTICATE)
            if token is None or len(token.data) != TOKEN_OCTETS:
                return inconclusive(expected, "the MAA has no SIP-Authenticate of 32 octets (REG-27)")
            return failed(
                f"nonce that decodes to {token.data.hex()}",
                octets.hex() if len(octets) <= 64 else octets[:64].hex() + "…",
                *digest.cite("nonce"),
                cite_avp(message, token, token.data.hex(":")),
                node=hop.receiver,
            )
        message, item, token = matching[0]
        wrong = _wrong_key(digest, item)
        if wrong is not None:
            name, key = wrong
            return failed(
                f"{name} = the key of the MAA",
                f"{name} differs from it",
                *digest.cite(name),
                cite_avp(message, key),
                node=hop.receiver,
            )
        citations += [*digest.cite("nonce"), cite_avp(message, token, token.data.hex(":"))]
    return passed(expected, "the nonce begins with RAND and AUTN of the MAA", *citations)


def _wrong_key(digest: Digest, item: DiameterAvp) -> tuple[str, DiameterAvp] | None:
    for name, code in (("ck", Avp.CONFIDENTIALITY_KEY), ("ik", Avp.INTEGRITY_KEY)):
        shown, key = digest.value(name), inner(item, code)
        # Keys of another length are REG-27's business; empty parameters carry no key.
        if shown and key is not None and len(key.data) == 16 and shown.lower() != key.data.hex():
            return name, key
    return None


@CATALOGUE.add(
    "REG-34",
    "The terminal answers the challenge with its nonce and a response that verifies with XRES.",
    source=("3GPP TS 24.229", "5.1.1.5.1"),
    node=Role.UE,
    points=(Point.GM,),
    condition="the network authenticates with AKA",
)
def aka_response(registration: Registration) -> Finding:
    """3GPP TS 24.229 5.1.1.5.1: nonce as received, response with RES; RFC 3310 and RFC 2617 3.2.2.1."""
    expected = "nonce of the 401, response that verifies with XRES"
    if uses_aka(registration) is False:
        return not_applicable(expected, NO_AKA)
    refused = False
    for attempt, following in pairwise(registration.attempts):
        offered = challenges(attempt)
        if not offered or following.gm is None or following.gm.request is None:
            continue
        request, asked = following.gm.request, offered[-1][1]
        digest = authorization(request, asked.value("realm"))
        if digest is None:
            return failed(expected, "no digest credentials", cite_missing(request, "Authorization"))
        if digest.value("auts") is not None:
            continue  # resynchronisation: the terminal proves nothing yet
        if not digest.value("response"):
            refused = True  # RFC 3310: so a terminal says that AUTN does not verify
            continue
        if digest.value("nonce") != asked.value("nonce"):
            return failed(
                f'nonce="{clip(asked.value("nonce") or "")}"',
                f'nonce="{clip(digest.value("nonce") or "")}"',
                *digest.cite("nonce"),
                *asked.cite("nonce"),
            )
        if (asked.value("algorithm") or "").upper() != "AKAV1-MD5":
            why = "the nonce is that of the 401; only AKAv1-MD5 is recomputed"
            return inconclusive(expected, why, *digest.cite("nonce"))
        xres = _xres(attempt, asked)
        if xres is None:
            return inconclusive(
                expected, "the nonce is that of the 401; no MAA with its XRES was captured", *digest.cite("nonce")
            )
        message, key = xres
        secret = ha1(digest.value("username") or "", digest.value("realm") or "", key.data)
        wanted = recompute(digest, secret)
        cited = (*digest.cite("response"), cite_avp(message, key))
        if wanted != (digest.value("response") or "").lower():
            if _is_of_the_subscriber(registration, digest, asked):
                found = "the response follows from the subscriber's key; the XRES of the MAA does not"
                return failed(expected, found, *cited, node=Role.HOME_HSS)
            other = valid_only(digest, secret, asked) or f'response="{clip(digest.value("response") or "")}"'
            return failed(f'response="{wanted}"', other, *cited)
        return passed(expected, "the response verifies with the XRES of the MAA", *cited, *digest.cite("nonce"))
    if refused:
        return unreached(expected, "the terminal refused the challenge: empty response, nothing to verify")
    return unreached(expected, "no answer of the terminal to a challenge was seen")


def _is_of_the_subscriber(registration: Registration, digest: Digest, asked: Digest) -> bool:
    """Tell whether a response follows from the key that a federation knows of the subscriber: then XRES is wrong."""
    facts, octets = registration.facts, octets_of_nonce(asked.value("nonce") or "")
    home = facts.home_network
    known = [] if home is None else [one for one in home.subscribers if one.impi == facts.impi]
    if not known or octets is None:
        return False
    res = response_to(known[0], octets[:RAND_OCTETS])
    if res is None:
        return False
    secret = ha1(digest.value("username") or "", digest.value("realm") or "", res)
    return recompute(digest, secret) == (digest.value("response") or "").lower()


def _xres(attempt: Attempt, asked: Digest) -> tuple[DiameterMessage, DiameterAvp] | None:
    octets = octets_of_nonce(asked.value("nonce") or "")
    if octets is None:
        return None
    for message, item in vectors(attempt):
        token, key = inner(item, Avp.SIP_AUTHENTICATE), inner(item, Avp.SIP_AUTHORIZATION)
        if token is not None and key is not None and token.data and octets.startswith(token.data):
            return message, key
    return None
