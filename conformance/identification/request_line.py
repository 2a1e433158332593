"""Signs in the request line of a REGISTER, and in the digest uri that should be the same URI."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.criteria.model import Citation
from conformance.criteria.values import same_host
from conformance.identification.sign import Signs, cite
from conformance.identification.terminals import Terminal
from conformance.trace.sip import Span
from conformance.trace.sip_values import parse_uri

SIGNS = Signs()

_BEYOND_HOST = re.compile(r"sips?:(?:[^@]*@)?(?:\[[^\]]*\]|[^:;?\[]*)(.*)", re.IGNORECASE | re.DOTALL)


def beyond_host(uri: str) -> tuple[int, int]:
    """Return where port, parameters and headers of a SIP URI begin and how long they are; 0 characters: none."""
    found = _BEYOND_HOST.fullmatch(uri)
    return (len(uri), 0) if found is None else (found.start(1), len(found.group(1)))


@SIGNS.of("Q1")
def port_and_parameters(terminal: Terminal) -> Iterator[Citation]:
    """The Request-URI goes on behind the domain: 3GPP TS 24.229 5.1.1.2.1 has the domain name alone."""
    for request in terminal.requests:
        uri, span = request.sip.request_uri, request.sip.request_uri_span
        begin, length = beyond_host(uri)
        if length and uri.isascii():
            yield cite(request, "Request-URI", Span(span.offset + begin, length))


@SIGNS.of("Q2")
def other_digest_uri(terminal: Terminal) -> Iterator[Citation]:
    """The digest uri has port or parameters and the Request-URI has others (RFC 2617 3.2.2.5: they are one)."""
    for turn in terminal.turns:
        asked = turn.request.sip.request_uri
        for digest in turn.credentials:
            param = digest.credentials.get("uri")
            if param is None or param.value == asked or not beyond_host(param.value)[1]:
                continue
            ours, theirs = parse_uri(param.value), parse_uri(asked)
            if ours is not None and theirs is not None and same_host(ours.host, theirs.host):
                yield cite(turn.request, "Authorization: uri", param.span)
