"""Which authentication a registration uses: AKA (RFC 3310) or a password (RFC 2617)."""

from __future__ import annotations

from conformance.criteria.registration import Attempt, Registration, once
from conformance.criteria.values import authorization, challenge, every, inner, is_aka, result, text
from conformance.trace.model import DiameterAvp, DiameterMessage
from conformance.vocabulary.numbers import Avp, DiameterResult


@once
def uses_aka(registration: Registration) -> bool | None:
    """Tell whether the network authenticates with AKA; None where nothing seen says it.

    The HSS decides; a challenge and credentials are asked where Cx was not captured.
    """
    items = [item for attempt in registration.attempts for _, item in vectors(attempt)]
    if items:
        return any(_is_aka_item(item) for item in items)
    challenges = [
        digest
        for attempt in registration.attempts
        for hop in attempt.hops
        if (digest := challenge(hop.response)) is not None
    ]
    requests = [hop.request for attempt in registration.attempts for hop in attempt.hops]
    if any(is_aka(digest) for digest in challenges) or any(is_aka(authorization(r)) for r in requests):
        return True
    return False if challenges else None


def vectors(attempt: Attempt) -> list[tuple[DiameterMessage, DiameterAvp]]:
    """Return the SIP-Auth-Data-Item AVPs of the MAAs of an attempt with their messages, in order."""
    return [
        (exchange.answer, item)
        for exchange in attempt.all("MAR")
        if exchange.answer is not None
        for item in every(exchange.answer, Avp.SIP_AUTH_DATA_ITEM)
    ]


def _is_aka_item(item: DiameterAvp) -> bool:
    scheme = (text(inner(item, Avp.SIP_AUTHENTICATION_SCHEME)) or "").upper()
    if scheme:
        return "AKA" in scheme
    # Without a scheme the shape tells: only AKA has an XRES and keys.
    return inner(item, Avp.SIP_AUTHORIZATION) is not None


@once
def may_be_refresh(registration: Registration) -> bool:
    """Tell whether the first REGISTER that was captured may refresh a registration begun before the capture.

    It then answers a challenge that was not captured; only an UAA that calls it the first registration
    says otherwise. Where its request was not captured nothing tells.
    """
    request = next((hop.request for hop in registration.first.hops if hop.request is not None), None)
    if request is None:
        return True
    digest = authorization(request)
    given = () if digest is None else (digest.value("nonce"), digest.value("response"))
    if not any(value and not value.isspace() for value in given):  # a blank answers no challenge
        return False
    query = registration.first.first("UAR")
    return query is None or result(query.answer)[0] != DiameterResult.FIRST_REGISTRATION
