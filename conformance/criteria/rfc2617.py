"""Form of digest credentials: RFC 2617 3.2.2 with the changes of RFC 3261 22.4 and 25.1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from conformance.criteria.digest import ha1
from conformance.criteria.digest_forms import is_computed, recompute, valid_only
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
from conformance.criteria.registration import Registration
from conformance.criteria.rfc3261 import NO_REGISTER, from_terminal
from conformance.criteria.scheme import uses_aka, vectors
from conformance.criteria.values import Digest, challenge, clip, digests, inner, text
from conformance.trace.sip_values import AuthParam
from conformance.vocabulary.numbers import Avp
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Severity

CATALOGUE = Catalogue()

QUOTED = frozenset({"username", "realm", "nonce", "uri", "response", "cnonce", "opaque", "auts"})
BARE = frozenset({"algorithm", "qop", "nc"})
_FORMS = {"nc": re.compile(r"[0-9a-f]{8}"), "response": re.compile(r"([0-9a-f]{32})?")}
_FORM_WORDS = {"nc": "8 lower-case hexadecimal digits", "response": "32 lower-case hexadecimal digits"}


@CATALOGUE.add(
    "REG-09",
    "Credentials are written in their grammar: what must be quoted is, what must not is not, and nc and "
    "response have their hexadecimal form.",
    source=("RFC 2617", "3.2.2"),
    node=Role.UE,
    points=(Point.GM,),
    severity=Severity.DEGRADED,
    condition="the REGISTER has digest credentials",
)
def grammar(registration: Registration) -> Finding:
    """RFC 2617 3.2.2 (digest-response), RFC 3261 22.4 item 2 (uri quoted), RFC 3310 (auts quoted)."""
    expected = "username, realm, nonce, uri, response, cnonce, opaque, auts quoted; algorithm, qop, nc bare"
    requests = from_terminal(registration)
    if not requests:
        return inconclusive(expected, NO_REGISTER)
    every = [digest for request in requests for digest in digests(request, "Authorization")]
    if not every:
        return not_applicable(expected, "no REGISTER has digest credentials")
    for digest in every:
        for problem in digest.credentials.problems:
            cited = Citation(digest.message, "Authorization", *problem.span)
            return failed(expected, problem.what, cited)
        for param in digest.credentials.params:
            fault = _fault(param, digest.value("algorithm") or "")
            if fault:
                return failed(f"{param.name} {fault}", _written(param), digest.cite_param(param))
    return passed(expected, f"{len(every)} Authorization headers in that form", *(d.cite()[0] for d in every))


def _fault(param: AuthParam, algorithm: str) -> str:
    if param.name in QUOTED and not param.quoted:
        return "in quotes"
    if param.name in BARE and param.quoted:
        return "without quotes"
    form = _FORMS.get(param.name)
    if param.name == "response" and "SHA" in algorithm.upper():
        return ""  # RFC 8760: as long as that hash
    if form is not None and not form.fullmatch(param.value):
        return f"of {_FORM_WORDS[param.name]}"
    return ""


def _written(param: AuthParam) -> str:
    return f'{param.name}="{clip(param.value)}"' if param.quoted else f"{param.name}={clip(param.value)}"


@CATALOGUE.add(
    "REG-10",
    "Credentials with qop have nc and cnonce; where the challenge offers no qop they have neither.",
    source=("RFC 2617", "3.2.2"),
    node=Role.UE,
    points=(Point.GM,),
    condition="the REGISTER answers a challenge",
)
def nonce_count(registration: Registration) -> Finding:
    """RFC 2617 3.2.2: cnonce and nonce-count go with qop, and only where the server sent qop."""
    expected = "nc and cnonce with qop, neither without"
    if not from_terminal(registration):
        return inconclusive(expected, NO_REGISTER)
    citations: list[Citation] = []
    found: list[str] = []
    for digest, asked in _credentials(registration):
        there = [name for name in ("nc", "cnonce") if digest.credentials.get(name) is not None]
        qop = digest.value("qop")
        unasked = asked is not None and asked.credentials.get("qop") is None
        if qop is not None and unasked:
            words = " and ".join([f"qop={clip(qop)}", *there])
            return failed(expected, f"{words}, but the challenge has no qop", *digest.cite("qop", *there))
        if qop is not None:
            missing = [name for name in ("nc", "cnonce") if name not in there]
            if missing:
                return failed(expected, f"qop without {' and '.join(missing)}", *digest.cite("qop"))
            found.append("qop, nc and cnonce")
            citations += digest.cite("qop", "nc", "cnonce")
        elif there and unasked:
            return failed(expected, f"{' and '.join(there)}, but the challenge has no qop", *digest.cite(*there))
        elif digest.value("response"):
            found.append("no qop")
            citations += digest.cite("response")
    if not citations:
        return not_applicable(expected, "no REGISTER answers a challenge")
    return passed(expected, "; ".join(found), *citations)


def _credentials(registration: Registration) -> Iterator[tuple[Digest, Digest | None]]:
    """Yield the credentials of the terminal's REGISTERs, each with the challenge that it answers, None where unknown.

    A 401 may have several challenges, a REGISTER several credentials, and what was answered may be older than the last
    401: the nonce tells. It may have been given for what the registration refreshes.
    """
    before = () if registration.before is None else registration.before.attempts
    offered: dict[tuple[str | None, str | None], Digest] = {}
    for place, attempt in enumerate((*before, *registration.attempts)):
        request = None if attempt.gm is None or place < len(before) else attempt.gm.request
        if request is not None:
            for digest in digests(request, "Authorization"):
                yield digest, offered.get((digest.value("nonce"), digest.value("realm")))
        response = next((hop.response for hop in attempt.hops if challenge(hop.response) is not None), None)
        for asked in () if response is None else digests(response, "WWW-Authenticate"):
            offered[asked.value("nonce"), asked.value("realm")] = asked


@CATALOGUE.add(
    "REG-91",
    "Credentials that answer a challenge with qop have qop.",
    source=("RFC 3261", "22.4"),
    node=Role.UE,
    points=(Point.GM,),
    severity=Severity.DEGRADED,
    condition="the REGISTER answers a challenge that offers qop",
)
def qop_answered(registration: Registration) -> Finding:
    """RFC 3261 22.4 item 8: who receives qop in a challenge sends it in the credentials, which RFC 2617 left open."""
    expected = "qop in credentials that answer a challenge with qop"
    citations: list[Citation] = []
    for digest, asked in _credentials(registration):
        # With an empty response the terminal refuses the network, and answers nothing (RFC 3310 3.4).
        if asked is None or not asked.credentials.get("qop") or not digest.value("response"):
            continue
        if digest.credentials.get("qop") is None:
            return failed(expected, "no qop", *digest.cite("response"), *asked.cite("qop"))
        citations += digest.cite("qop")
    if not citations:
        return not_applicable(expected, "no REGISTER answers a challenge with qop")
    return passed(expected, "qop", *citations)


@CATALOGUE.add(
    "REG-35",
    "A password core (MD5) accepts a response that verifies; a deviation from AKA that is recorded.",
    source=("RFC 2617", "3.2.2.1"),
    node=Role.UE,
    points=(Point.GM,),
    level=Level.INFORMATION,
    severity=Severity.COSMETIC,
    condition="the network challenges with MD5",
)
def password(registration: Registration) -> Finding:
    """RFC 2617 3.2.2.1 with HA1 of the MAA (3GPP TS 29.229, RFC 4740) or the provisioned password."""
    expected = "response that verifies with HA1"
    if uses_aka(registration) is not False:
        return not_applicable(expected, "the network does not challenge with MD5")
    attempt = registration.answered
    request = None if attempt is None or attempt.gm is None else attempt.gm.request
    answers = [] if request is None else [one for one in digests(request, "Authorization") if one.value("response")]
    if not answers:
        return unreached(expected, "no answer to the challenge was seen")
    offered = _offered(registration)
    verified = [(one, _verified(registration, one)) for one in answers]
    right = next((one for one, good in verified if good), None)
    if right is not None:
        return passed(expected, "MD5 instead of AKA; the response verifies", *right.cite("response"))
    digest, good = (
        verified[0]
        if len(verified) == 1
        else next((pair for pair in verified if pair[0].value("realm") == registration.facts.home), (None, None))
    )
    if digest is None or good is None:
        return inconclusive(expected, "MD5 challenge; neither HA1 nor the password is known for what was answered")
    asked = next((one for one in offered if one.value("nonce") == digest.value("nonce")), next(iter(offered), None))
    secret = _ha1(registration, digest) or ""
    why = valid_only(digest, secret, asked) or "the response does not verify"
    return failed(expected, f"MD5; {why}", *digest.cite("response"))


def _offered(registration: Registration) -> Sequence[Digest]:
    """Return the challenges of the first 401, as the terminal got them where that was captured."""
    attempt = registration.challenged
    hops = () if attempt is None else attempt.hops
    response = next((hop.response for hop in hops if challenge(hop.response) is not None), None)
    return () if response is None else digests(response, "WWW-Authenticate")


def _verified(registration: Registration, digest: Digest) -> bool | None:
    """Tell whether a response follows from HA1; None where nobody knows it, or computes such a hash."""
    secret = _ha1(registration, digest)
    if secret is None or not is_computed(digest):
        return None
    return recompute(digest, secret) == (digest.value("response") or "").lower()


def _ha1(registration: Registration, digest: Digest) -> str | None:
    for attempt in registration.attempts:
        for _, item in vectors(attempt):
            holder = inner(item, Avp.SIP_DIGEST_AUTHENTICATE)
            found = text(inner(holder, Avp.DIGEST_HA1)) or text(inner(item, Avp.DIGEST_HA1))
            if found and re.fullmatch(r"[0-9A-Fa-f]{32}", found):
                return found.lower()
    if registration.facts.password is None:
        return None
    return ha1(digest.value("username") or "", digest.value("realm") or "", registration.facts.password)
