"""Signs in the answer to a digest challenge: qop, the form of the response, and what comes with AUTS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import md5

from conformance.criteria.digest import response
from conformance.criteria.model import Citation
from conformance.criteria.values import Digest
from conformance.identification.sign import Signs, cite
from conformance.identification.terminals import Terminal, first_credentials

SIGNS = Signs()

AUTH_INT = "auth-int"


@SIGNS.of("Q10")
def prefers_auth_int(terminal: Terminal) -> Iterator[Citation]:
    """The challenge offers auth and auth-int, and the terminal takes auth-int."""
    for turn in terminal.turns:
        offered = _offered(turn.challenge)
        digest = first_credentials(turn)
        qop = None if digest is None else digest.credentials.get("qop")
        if qop is not None and qop.value.lower() == AUTH_INT and {"auth", AUTH_INT} <= offered:
            yield cite(turn.request, "Authorization: qop", qop.span)


@SIGNS.of("Q11")
def auth_int_unasked(terminal: Terminal) -> Iterator[Citation]:
    """The challenge has no qop, and the terminal answers as if it had auth-int.

    It says so with qop, or its response verifies so and not in the form of RFC 2069, where H(A1) is known.
    """
    for turn in terminal.turns:
        digest = first_credentials(turn)
        if turn.challenge is None or digest is None or _offered(turn.challenge):
            continue
        qop, answer = digest.credentials.get("qop"), digest.credentials.get("response")
        if qop is not None and qop.value.lower() == AUTH_INT:
            yield cite(turn.request, "Authorization: qop", qop.span)
        elif qop is None and answer is not None and answer.value:
            secret = terminal.secret(turn.challenge, digest)
            if secret is not None and _verifies_as_auth_int(digest, secret):
                yield cite(turn.request, "Authorization: response", answer.span)


@SIGNS.of("Q15")
def empty_with_auts(terminal: Terminal) -> Iterator[Citation]:
    """AUTS without a response (RFC 3310 3.4: the response is made with an empty password)."""
    for turn in terminal.turns:
        for digest in turn.credentials:
            auts, answer = digest.credentials.get("auts"), digest.credentials.get("response")
            if auts is not None and auts.value and answer is not None and not answer.value:
                yield cite(turn.request, "Authorization: response", answer.span)


def _offered(challenge: Digest | None) -> set[str]:
    """Return the values of qop that a challenge offers."""
    text = "" if challenge is None else challenge.value("qop") or ""
    return {word.lower() for word in re.split(r"[\s,]+", text) if word}


def _verifies_as_auth_int(digest: Digest, secret: str) -> bool:
    """Tell whether a response without qop has H(entity-body) in its A2 and verifies so alone (RFC 2617 3.2.2.3)."""
    answer, method = (digest.value("response") or "").lower(), digest.message.sip.method
    nonce, uri, body = digest.value("nonce") or "", digest.value("uri") or "", digest.message.sip.body
    hashed = md5(body, usedforsecurity=False).hexdigest()
    forms = [response(secret, nonce=nonce, method=method, uri=form) for form in (uri, f"{uri}:{hashed}")]
    nc, cnonce = digest.value("nc") or "", digest.value("cnonce") or ""
    forms.append(response(secret, nonce=nonce, method=method, uri=uri, qop=AUTH_INT, nc=nc, cnonce=cnonce, body=body))
    return answer != forms[0] and answer in forms[1:]
