"""AKA that does not go through: sequence numbers out of step (auts), and a terminal that refuses the network."""

from __future__ import annotations

from conformance.criteria.model import Catalogue, Citation, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.registration import Attempt, Registration
from conformance.criteria.rfc3310 import challenges
from conformance.criteria.values import (
    Digest,
    authorization,
    challenge,
    cite_avp,
    cite_command,
    cite_status,
    clip,
    every,
    inner,
    is_aka,
    octets_of_nonce,
)
from conformance.trace.model import DiameterAvp, DiameterMessage
from conformance.vocabulary.numbers import Avp
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
AUTS_OCTETS = 14
"""SQN xor AK in 6 octets and MAC-S in 8 (3GPP TS 33.102)."""
RAND_OCTETS = 16


def _credentials(attempt: Attempt) -> Digest | None:
    """Return the credentials of the REGISTER as the terminal sent it, or as near to that as was captured."""
    return next((d for hop in attempt.hops if (d := authorization(hop.request)) is not None), None)


@CATALOGUE.add(
    "REG-51",
    "A terminal whose sequence number is out of step sends auts; the S-CSCF hands it to the HSS with the RAND of its "
    "challenge, and challenges again with a new one.",
    source=("RFC 3310", None),
    node=Role.HOME_SCSCF,
    points=(Point.GM, Point.MW, Point.CX),
    condition="a REGISTER carries auts",
)
def resynchronisation(registration: Registration) -> Finding:
    """RFC 3310 (auts), 3GPP TS 29.228 and 29.229 (SIP-Authorization of the MAR: RAND and AUTS)."""
    expected = "auts of 14 octets in base64, MAR with RAND and AUTS, a 401 with another nonce"
    citations: list[Citation] = []
    for attempt in registration.attempts:
        digest = _credentials(attempt)
        if digest is None or not digest.value("auts"):
            continue
        auts = octets_of_nonce(digest.value("auts") or "")
        if auts is None or len(auts) != AUTS_OCTETS:
            size = "is no base64" if auts is None else f"has {len(auts)} octets"
            return failed(expected, f"auts {size}", *digest.cite("auts"), node=Role.UE)
        citations += digest.cite("auts")
        rand = (octets_of_nonce(digest.value("nonce") or "") or b"")[:RAND_OCTETS]
        handed = _handed_over(attempt, rand + auts, expected, digest)
        if isinstance(handed, Finding):
            return handed
        citations += handed
        again = challenges(attempt)
        if again:
            if again[0][1].value("nonce") == digest.value("nonce"):
                return failed(expected, "the same nonce again", *again[0][1].cite("nonce"), *digest.cite("nonce"))
            citations += again[0][1].cite("nonce")
        elif attempt.status is None:
            return inconclusive(expected, "the answer to the REGISTER with auts was not captured")
    if not citations:
        return not_applicable(expected, "no REGISTER carries auts")
    return passed(expected, "auts of 14 octets, and what follows from it", *citations)


def _handed_over(attempt: Attempt, wanted: bytes, expected: str, digest: Digest) -> Finding | list[Citation]:
    queries = [exchange.request for exchange in attempt.all("MAR") if exchange.request is not None]
    if not queries:
        return []
    for query in queries:
        holder = _authorization_of(query)
        if holder is not None:
            shown = holder.data.hex(":")
            cited = cite_avp(query, holder)
            if len(wanted) == RAND_OCTETS + AUTS_OCTETS and holder.data != wanted:
                return failed("SIP-Authorization = RAND and AUTS", clip(shown), cited, *digest.cite("auts"))
            return [cited]
    return failed(expected, "MAR without SIP-Authorization", cite_command(queries[0]), *digest.cite("auts"))


def _authorization_of(query: DiameterMessage) -> DiameterAvp | None:
    items = every(query, Avp.SIP_AUTH_DATA_ITEM)
    return next((a for item in items if (a := inner(item, Avp.SIP_AUTHORIZATION)) is not None), None)


@CATALOGUE.add(
    "REG-52",
    "A terminal that refuses the network (an empty response to the challenge, no auts) is not registered.",
    source=("RFC 3310", None),
    node=Role.HOME_SCSCF,
    points=(Point.GM, Point.MW),
    condition="a REGISTER answers an AKA challenge with an empty response and without auts",
)
def network_refused(registration: Registration) -> Finding:
    """RFC 3310: so a client says that AUTN does not verify; which status answers it is not judged."""
    expected = "an answer other than 2xx"
    offered: list[Digest] = []
    citations: list[Citation] = []
    for attempt in registration.attempts:
        digest = _credentials(attempt)
        nonces = [one.value("nonce") for one in offered if is_aka(one)]
        if digest is not None and digest.value("nonce") in nonces and _is_empty(digest):
            hop = next((h for h in reversed(attempt.hops) if h.response is not None), None)
            if hop is None or hop.response is None:
                return inconclusive(expected, "the answer to the refusal was not captured")
            cited = (*digest.cite("response"), cite_status(hop.response))
            status = hop.response.sip.status or 0
            if 200 <= status < 300:
                return failed(expected, f"{status}", *cited)
            citations += cited
        offered += [one for h in attempt.hops if (one := challenge(h.response)) is not None]
    if not citations:
        return not_applicable(expected, "no terminal refused a challenge")
    return passed(expected, "not registered", *citations)


def _is_empty(digest: Digest) -> bool:
    # What cannot be read to its end may have had a response.
    return not digest.value("response") and not digest.value("auts") and not digest.credentials.problems
