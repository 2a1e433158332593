"""Form of digest credentials: RFC 2617 3.2.2 with the changes of RFC 3261 22.4 and 25.1."""

from __future__ import annotations

import re

from conformance.criteria.digest import ha1
from conformance.criteria.digest_forms import recompute, valid_only
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
from conformance.criteria.values import Digest, authorization, challenge, clip, digests, inner, text
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
    citations: list[Citation] = []
    found: list[str] = []
    offered: Digest | None = None
    seen = False
    for attempt in registration.attempts:
        request = None if attempt.gm is None else attempt.gm.request
        seen |= request is not None
        digest = authorization(request, None if offered is None else offered.value("realm"))
        if digest is not None:
            there = [name for name in ("nc", "cnonce") if digest.credentials.get(name) is not None]
            qop = digest.value("qop")
            if qop is not None:
                if offered is not None and offered.credentials.get("qop") is None:
                    words = " and ".join([f"qop={clip(qop)}", *there])
                    return failed(expected, f"{words}, but the challenge has no qop", *digest.cite("qop", *there))
                missing = [name for name in ("nc", "cnonce") if name not in there]
                if missing:
                    return failed(expected, f"qop without {' and '.join(missing)}", *digest.cite("qop"))
                found.append("qop, nc and cnonce")
                citations += digest.cite("qop", "nc", "cnonce")
            elif there and offered is not None and offered.credentials.get("qop") is None:
                return failed(expected, f"{' and '.join(there)}, but the challenge has no qop", *digest.cite(*there))
            elif digest.value("response"):
                found.append("no qop")
                citations += digest.cite("response")
        offered = next((c for hop in attempt.hops if (c := challenge(hop.response)) is not None), None)
    if not seen:
        return inconclusive(expected, NO_REGISTER)
    if not citations:
        return not_applicable(expected, "no REGISTER answers a challenge")
    return passed(expected, "; ".join(found), *citations)


def _answers(digest: Digest, offered: Digest) -> bool:
    """Tell whether credentials answer a challenge: with a response, for its nonce."""
    return bool(digest.value("response")) and digest.value("nonce") == offered.value("nonce")


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
    offered: Digest | None = None
    for attempt in registration.attempts:
        request = None if attempt.gm is None else attempt.gm.request
        digest = authorization(request, None if offered is None else offered.value("realm"))
        # With an empty response the terminal refuses the network, and answers nothing (RFC 3310 3.4).
        if digest is not None and offered is not None and _answers(digest, offered) and offered.credentials.get("qop"):
            if digest.credentials.get("qop") is None:
                return failed(expected, "no qop", *digest.cite("response"), *offered.cite("qop"))
            citations += digest.cite("qop")
        offered = next((c for hop in attempt.hops if (c := challenge(hop.response)) is not None), None)
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
    attempt, asked = registration.answered, _asked(registration)
    realm = None if asked is None else asked.value("realm")
    digest = None if attempt is None or attempt.gm is None else authorization(attempt.gm.request, realm)
    if digest is None or not digest.value("response"):
        return unreached(expected, "no answer to the challenge was seen")
    secret = _ha1(registration, digest)
    if secret is None:
        return inconclusive(expected, "MD5 challenge; neither HA1 nor the password is known")
    cited = digest.cite("response")
    if recompute(digest, secret) != (digest.value("response") or "").lower():
        why = valid_only(digest, secret, asked) or "the response does not verify"
        return failed(expected, f"MD5; {why}", *cited)
    return passed(expected, "MD5 instead of AKA; the response verifies", *cited)


def _asked(registration: Registration) -> Digest | None:
    """Return the first challenge, as the terminal got it where that was captured."""
    attempt = registration.challenged
    hops = [] if attempt is None else attempt.hops
    return next((asked for hop in hops if (asked := challenge(hop.response)) is not None), None)


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
