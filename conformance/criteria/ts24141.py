"""Who may do what at an XDMS (3GPP TS 24.141): users authenticate, and write their own documents alone."""

from __future__ import annotations

import re

from conformance.criteria.model import Catalogue, Finding, failed, not_applicable, passed
from conformance.criteria.passwords import is_right
from conformance.criteria.presence import Documents
from conformance.criteria.presence_citations import cite_line, cite_no_line, cite_start
from conformance.criteria.procedure import Kind
from conformance.criteria.ts24229_event import worst_of
from conformance.criteria.values import clip, same_identity
from conformance.trace.model import HttpMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
KINDS = (Kind.DOCUMENTS,)
TS24141 = "3GPP TS 24.141"
_USERNAME = re.compile(r'(?:^|[\s,])username="([^"\\]{1,256})"', re.IGNORECASE)
_PARAM = re.compile(r'([A-Za-z]{1,32})[ \t]*=[ \t]*(?:"([^"]{0,2048})"|([^\s,"]{1,256}))')
_QUOTED = re.compile(r'"([^"]{1,256})"')


@CATALOGUE.add(
    "PRES-11",
    "The XDMS serves the documents of a user only to who has authenticated.",
    source=(TS24141, None),
    node=Role.XDMS,
    points=(Point.UT,),
    condition="a client asks for a document of a user",
    kinds=KINDS,
)
def authenticated(seen: Documents) -> Finding:
    """3GPP TS 24.141: digest credentials, or the identity that an authentication proxy asserts."""
    expected = "Authorization: Digest, or X-3GPP-Asserted-Identity; else 401"
    if seen.client is Role.PRESENCE:
        return not_applicable(expected, "the presence server of the same network asks")
    parts = []
    for one in seen.requests:
        request, answer = one.request, one.answer
        if request is None or answer is None or one.name is None or not one.name.user:
            continue
        credentials = request.http.first("Authorization")
        asserted = request.http.first("X-3GPP-Asserted-Identity")
        if asserted is not None or (credentials is not None and credentials.value.lower().startswith("digest ")):
            shown = asserted or credentials
            if one.accepted and shown is not None:
                parts.append(passed(expected, shown.name, cite_line(request, shown)))
        elif one.accepted:
            cited = (cite_start(answer), cite_no_line(request, "Authorization"))
            parts.append(failed(expected, f"{one.status} without credentials", *cited))
        elif one.status == 401:
            parts.append(passed(expected, "401", cite_start(answer)))
    return worst_of(parts) or not_applicable(expected, "no document of a user was asked for and served")


@CATALOGUE.add(
    "PRES-21",
    "The XDMS accepts only the response that follows from the password of the user.",
    source=("RFC 2617", "3.2.2.1"),
    node=Role.XDMS,
    points=(Point.UT,),
    condition="a request has digest credentials (MD5) of a user whose password the federation knows",
    kinds=KINDS,
)
def proven(seen: Documents) -> Finding:
    """RFC 2617 3.2.2.1: request digest of MD5, without qop or with auth; what is wrong is not served."""
    expected = "a request digest from the password of the user, else 401"
    parts = []
    for one in seen.requests:
        request, answer = one.request, one.answer
        header = None if request is None else request.http.first("Authorization")
        right = None if request is None else _is_right(seen, request)
        if request is None or answer is None or header is None or right is None:
            continue
        cited = (cite_start(answer), cite_line(request, header))
        if not right and one.accepted:
            parts.append(failed(expected, f"{one.status} to a wrong response", *cited))
        elif right and one.accepted:
            parts.append(passed(expected, f"{one.status} to the right response", *cited))
        elif not right and one.status == 401:
            parts.append(passed(expected, "401 to a wrong response", *cited))
    return worst_of(parts) or not_applicable(expected, "no credentials that can be verified")


def _is_right(seen: Documents, request: HttpMessage) -> bool | None:
    """Tell whether digest credentials follow from the password that the federation knows; None where it knows none."""
    value = request.http.value("Authorization")
    params = {name.lower(): quoted or bare for name, quoted, bare in _PARAM.findall(value)}
    if not value.lower().startswith("digest ") or "\\" in value:
        return None
    return is_right(seen.facts, params, request.http.method)


@CATALOGUE.add(
    "PRES-20",
    "Nobody writes a document of another user.",
    source=("RFC 4825", "5.7"),
    node=Role.XDMS,
    points=(Point.UT,),
    condition="who writes is known by X-3GPP-Asserted-Identity, or by a user name that the federation knows",
    kinds=KINDS,
)
def own(seen: Documents) -> Finding:
    """RFC 4825: by default a user alone has privileges for his own documents; others get 403."""
    expected = "403 for the document of another user"
    parts = []
    for one in seen.requests:
        request, answer = one.request, one.answer
        if request is None or answer is None or one.name is None or one.method not in ("PUT", "DELETE"):
            continue
        identities = _identities(seen, request)
        if not identities or not one.name.user:
            continue
        is_own = any(_same(identity, one.name.user) for identity in identities)
        shown = request.http.first("X-3GPP-Asserted-Identity") or request.http.first("Authorization")
        cited = [cite_start(answer), cite_start(request), *([] if shown is None else [cite_line(request, shown)])]
        if not is_own and one.accepted:
            parts.append(failed(expected, f"{one.status} to {clip(identities[0], 60)}", *cited))
        elif is_own and one.accepted:
            parts.append(passed(expected, clip(identities[0], 60), *cited))
        elif not is_own and one.status == 403:
            parts.append(passed(expected, "403", *cited))
    return worst_of(parts) or not_applicable(expected, "no document was written by a user who is known")


def _identities(seen: Documents, request: HttpMessage) -> list[str]:
    """Return the public identities of who asks, none where that is not known."""
    asserted = request.http.value("X-3GPP-Asserted-Identity")
    if asserted:
        return _QUOTED.findall(asserted) or [part.strip() for part in asserted.split(",")]
    found = _USERNAME.search(request.http.value("Authorization"))
    if found is None:
        return []
    for testbed in seen.facts.testbeds:
        for subscriber in testbed.subscribers:
            if subscriber.impi == found.group(1) or f"sip:{found.group(1)}" in subscriber.impus:
                # Several devices of one user may share his public identities.
                return [*subscriber.impus]
    return []


def _same(one: str, other: str) -> bool:
    return same_identity(_uri(one), _uri(other))


def _uri(text: str) -> str:
    return text if text.lower().startswith(("sip:", "sips:", "tel:")) else f"sip:{text}"
