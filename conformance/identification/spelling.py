"""Signs in how an Authorization is written: quotation marks, blanks, folds, what is twice and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.criteria.model import Citation
from conformance.criteria.values import Digest
from conformance.identification.sign import Signs, cite, cite_absent, cite_param, has_credentials, introduces
from conformance.identification.terminals import Terminal, Turn
from conformance.trace.sip_values import AuthParam

SIGNS = Signs()

_ORDER = ("username", "realm", "nonce", "uri", "response")
"""In which the stack of Symbian writes them."""
_AFTER_COMMA = re.compile(rb",[ \t]")
_FOLD = re.compile(rb"(?:\r\n|\n|\r)[ \t]+")
_SWALLOWED = re.compile(r",[ \t]*[A-Za-z]+=\Z")
"""What a quoted string ends with that lacks its end: the name and the sign of what comes behind it."""
_BARE = ("algorithm", "qop", "nc")


@SIGNS.of("Q3", occasion=introduces)
def no_blanks(terminal: Terminal) -> Iterator[Citation]:
    """Credentials that answer no challenge: in one fixed order, no blank behind a comma, and no algorithm."""
    for turn, digest in terminal.credentials:
        if turn.challenge is not None:
            continue
        names = [param.name for param in digest.credentials.params]
        places = [_ORDER.index(name) for name in names if name in _ORDER]
        if not len(names) == len(places) > 2 or places != sorted(places):
            continue
        if not _AFTER_COMMA.search(_FOLD.sub(b"", _raw(turn, digest))):
            yield cite(turn.request, "Authorization", digest.header.value_span)


@SIGNS.of("Q4c", occasion=has_credentials)
def unterminated(terminal: Terminal) -> Iterator[Citation]:
    """A quoted string lacks its end (RFC 3261 25.1) and takes in the name of what comes behind it."""
    for turn, digest in terminal.credentials:
        for param in digest.credentials.params if digest.credentials.problems else ():
            if _is_open(param, digest):
                yield cite_param(turn.request, param)


@SIGNS.of("Q4d", occasion=has_credentials)
def bare_username(terminal: Terminal) -> Iterator[Citation]:
    """The username is a token (RFC 2617 3.2.2: it is a quoted string)."""
    for turn, digest in terminal.credentials:
        param = digest.credentials.get("username")
        if param is not None and not param.quoted:
            yield cite_param(turn.request, param)


@SIGNS.of("Q4e", occasion=has_credentials)
def quoted_tokens(terminal: Terminal) -> Iterator[Citation]:
    """algorithm, qop or nc is a quoted string (RFC 2617 3.2.2: they are tokens)."""
    for turn, digest in terminal.credentials:
        for param in digest.credentials.params:
            if param.name in _BARE and param.quoted:
                yield cite_param(turn.request, param)


@SIGNS.of("Q4f", occasion=has_credentials)
def no_uri(terminal: Terminal) -> Iterator[Citation]:
    """There is no uri, and no string that may have swallowed it."""
    for turn, digest in terminal.credentials:
        if digest.credentials.get("uri") is not None or turn.request.truncated:
            continue
        if not any(_is_open(param, digest) for param in digest.credentials.params):
            yield cite_absent(turn.request, "Authorization: uri")


@SIGNS.of("Q4g", occasion=has_credentials)
def twice(terminal: Terminal) -> Iterator[Citation]:
    """The same header field again, equal to the last octet."""
    for turn in terminal.turns:
        if len(turn.credentials) < 2:
            continue
        seen: set[bytes] = set()
        for digest in turn.credentials:
            raw = _raw(turn, digest)
            if raw in seen:
                yield cite(turn.request, "Authorization", digest.header.span)
            seen.add(raw)


@SIGNS.of("Q4h", occasion=has_credentials)
def folded(terminal: Terminal) -> Iterator[Citation]:
    """The header field goes on in another line, which RFC 3261 7.3.1 allows."""
    for turn, digest in terminal.credentials:
        span = digest.header.value_span
        if _FOLD.search(turn.request.raw, span.offset, span.end):
            yield cite(turn.request, "Authorization", span)


def _is_open(param: AuthParam, digest: Digest) -> bool:
    if not param.quoted:
        return False
    told = any(problem.span == param.span and "not closed" in problem.what for problem in digest.credentials.problems)
    return told or _SWALLOWED.search(param.value) is not None


def _raw(turn: Turn, digest: Digest) -> bytes:
    span = digest.header.value_span
    return turn.request.raw[span.offset : span.end]
