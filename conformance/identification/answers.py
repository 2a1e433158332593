"""Signs in the answer to a digest challenge: which qop, what the response is made of, and what comes with AUTS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import md5

from conformance.criteria.digest import response
from conformance.criteria.model import Citation
from conformance.criteria.values import Digest
from conformance.identification.sign import Signs, cite_param
from conformance.identification.terminals import Terminal

SIGNS = Signs()

AUTH_INT = "auth-int"


def _choice(terminal: Terminal) -> bool:
    return any({"auth", AUTH_INT} <= _offered(asked) for _, asked, _ in terminal.answers)


def _some(terminal: Terminal) -> bool:
    return any(_offered(asked) for _, asked, _ in terminal.answers)


def _none(terminal: Terminal) -> bool:
    return any(not _offered(asked) for _, asked, _ in terminal.answers)


def _resynchronises(terminal: Terminal) -> bool:
    return any(digest.value("auts") for _, digest in terminal.credentials)


@SIGNS.of("Q10", occasion=_choice)
def prefers_auth_int(terminal: Terminal) -> Iterator[Citation]:
    """The challenge offers auth and auth-int, and the terminal takes auth-int."""
    for turn, asked, given in terminal.answers:
        qop = given.credentials.get("qop")
        if qop is not None and qop.value.lower() == AUTH_INT and {"auth", AUTH_INT} <= _offered(asked):
            yield cite_param(turn.request, qop)


@SIGNS.of("Q11", occasion=_none)
def auth_int_unasked(terminal: Terminal) -> Iterator[Citation]:
    """The challenge has no qop, and the response is made as if it had auth-int.

    The bytes alone do not tell: only where H(A1) is known is it seen that the response verifies so and not in the form
    of RFC 2069. Where qop says so itself it is seen in any case.
    """
    for turn, asked, given in terminal.answers:
        if _offered(asked):
            continue
        qop, answer = given.credentials.get("qop"), given.credentials.get("response")
        if qop is not None and qop.value.lower() == AUTH_INT:
            yield cite_param(turn.request, qop)
        elif qop is None and answer is not None and answer.value:
            secret = terminal.secret(asked, given)
            if secret is not None and _verifies_as_auth_int(given, secret):
                yield cite_param(turn.request, answer)


@SIGNS.of("U2", occasion=_some)
def no_qop(terminal: Terminal) -> Iterator[Citation]:
    """The challenge offers qop, and the response is made without (RFC 2617 3.2.2: it should be used)."""
    for turn, asked, given in terminal.answers:
        answer = given.credentials.get("response")
        if given.credentials.problems or given.credentials.get("qop") is not None or not _offered(asked):
            continue
        if answer is not None and answer.value:
            yield cite_param(turn.request, answer)


@SIGNS.of("Q15", occasion=_resynchronises)
def empty_with_auts(terminal: Terminal) -> Iterator[Citation]:
    """AUTS without a response (RFC 3310 3.4: the response is made with an empty password)."""
    for turn, digest in terminal.credentials:
        answer = digest.credentials.get("response")
        if digest.value("auts") and answer is not None and not answer.value:
            yield cite_param(turn.request, answer)


def _offered(challenge: Digest) -> frozenset[str]:
    """Return the values of qop that a challenge offers."""
    text = challenge.value("qop")
    return frozenset(word.lower() for word in re.split(r"[\s,]+", text) if word) if text else frozenset()


def _verifies_as_auth_int(digest: Digest, secret: str) -> bool:
    """Tell whether a response without qop has H(entity-body) in its A2 and verifies so alone (RFC 2617 3.2.2.3)."""
    answer, method = (digest.value("response") or "").lower(), digest.message.sip.method
    nonce, uri, body = digest.value("nonce") or "", digest.value("uri") or "", digest.message.sip.body
    hashed = md5(body, usedforsecurity=False).hexdigest()
    forms = [response(secret, nonce=nonce, method=method, uri=form) for form in (uri, f"{uri}:{hashed}")]
    nc, cnonce = digest.value("nc") or "", digest.value("cnonce") or ""
    forms.append(response(secret, nonce=nonce, method=method, uri=uri, qop=AUTH_INT, nc=nc, cnonce=cnonce, body=body))
    return answer != forms[0] and answer in forms[1:]
