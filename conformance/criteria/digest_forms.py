"""Digest responses of terminals: as their parameters say, and the other forms that terminals are known to compute.

A response that does not verify as it should may verify in another form. Then the password is right, and what is wrong
can be named: old Symbian stacks computed `auth-int` where the challenge has no qop, and hash the Request-URI or the
`uri` of the header, whichever they had first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from conformance.criteria.digest import response, session_ha1
from conformance.criteria.values import Digest, clip

_SESSION = "MD5-SESS"


class Form(NamedTuple):
    """How a response is computed (RFC 2617 3.2.2.1 to 3.2.2.3)."""

    qop: str | None
    """Hashed with nonce count and cnonce; None: the form of RFC 2069, without them."""
    integrity: bool
    """The body is a part of A2."""
    uri: str
    """That of A2."""

    @property
    def words(self) -> str:
        """What the form is called."""
        if self.integrity:
            return "auth-int"
        if self.qop == "auth-int":
            return "auth-int without the body"
        return "the form without qop" if self.qop is None else "auth"


def is_computed(digest: Digest) -> bool:
    """Tell whether the algorithm of credentials is one that is computed here: MD5, and MD5-sess."""
    return (digest.value("algorithm") or "MD5").upper() in ("MD5", _SESSION)


def recompute(digest: Digest, secret: str) -> str:
    """Return the request digest that the credentials should carry.

    Args:
        digest: Credentials of a request; all values are taken as they were sent, the uri too, which need not be the
            Request-URI that arrives (RFC 2617 3.2.2.5).
        secret: H(A1), 32 hexadecimal digits.
    """
    return _computed(digest, secret, _named(digest))


def valid_only(digest: Digest, secret: str, asked: Digest | None) -> str | None:
    """Say in which other form a response verifies that does not verify as its parameters say.

    Args:
        digest: Credentials of a request.
        secret: H(A1), 32 hexadecimal digits.
        asked: The challenge that they answer, if it was seen.

    Returns:
        A sentence; None where the response verifies in no form, so that the password is another.
    """
    sent, named = (digest.value("response") or "").lower(), _named(digest)
    for form in _others(digest, named):
        if _computed(digest, secret, form) != sent:
            continue
        if form.uri != named.uri:
            return f'the response is valid only with uri="{clip(form.uri)}", the Request-URI'
        return f"the response is valid only as {form.words}: {_said(digest, asked)}"
    return None


def _named(digest: Digest) -> Form:
    """Return the form that the parameters name."""
    qop = digest.value("qop")
    return Form(qop, qop is not None and qop.lower() == "auth-int", digest.value("uri") or "")


def _others(digest: Digest, named: Form) -> Iterator[Form]:
    """Yield the forms that the parameters do not name, the nearest ones first."""
    for uri in (named.uri, digest.message.sip.request_uri):
        for qop in dict.fromkeys((named.qop, "auth-int", "auth", None)):
            for integrity in (True, False):
                if qop == "auth" and integrity and named.qop != "auth":
                    continue  # nobody is known to do that
                form = Form(qop, integrity, uri)
                if form != named:
                    yield form


def _computed(digest: Digest, secret: str, form: Form) -> str:
    if (digest.value("algorithm") or "").upper() == _SESSION:
        secret = session_ha1(secret, nonce=digest.value("nonce") or "", cnonce=digest.value("cnonce") or "")
    return response(
        secret,
        nonce=digest.value("nonce") or "",
        method=digest.message.sip.method,
        uri=form.uri,
        qop=form.qop,
        nc=digest.value("nc") or "",
        cnonce=digest.value("cnonce") or "",
        body=digest.message.sip.body,
        integrity=form.integrity,
    )


def _said(digest: Digest, asked: Digest | None) -> str:
    qop = digest.value("qop")
    credentials = "the credentials have no qop" if qop is None else f"the credentials have qop={clip(qop)}"
    if asked is None:
        return credentials
    offered = asked.value("qop")
    return f"the challenge has {'no qop' if offered is None else f'qop={clip(offered)}'}, {credentials}"
