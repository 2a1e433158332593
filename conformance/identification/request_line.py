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
_PORT = re.compile(r":[0-9]+")


def beyond_host(uri: str) -> str:
    """Return port, parameters and headers of a SIP URI as they are written; empty: there are none."""
    found = _BEYOND_HOST.fullmatch(uri)
    return "" if found is None else found.group(1)


def _is_bare(terminal: Terminal) -> bool:
    return not any(beyond_host(request.sip.request_uri) for request in terminal.requests)


@SIGNS.of("Q1")
def port_and_parameters(terminal: Terminal) -> Iterator[Citation]:
    """Parameters behind the domain, and a port mostly: 3GPP TS 24.229 5.1.1.2.1 has the domain name alone."""
    yield from _beyond(terminal, port_alone=False)


@SIGNS.of("J2")
def port(terminal: Terminal) -> Iterator[Citation]:
    """A port behind the domain and nothing else."""
    yield from _beyond(terminal, port_alone=True)


def _beyond(terminal: Terminal, *, port_alone: bool) -> Iterator[Citation]:
    for request in terminal.requests:
        added, span = beyond_host(request.sip.request_uri), request.sip.request_uri_span
        # What is not ASCII has more bytes than characters: the bytes are counted from the end.
        length = len(added.encode())
        if added and (_PORT.fullmatch(added) is not None) is port_alone and length <= span.length:
            yield cite(request, "Request-URI", Span(span.end - length, length))


@SIGNS.of("Q2", occasion=_is_bare)
def other_digest_uri(terminal: Terminal) -> Iterator[Citation]:
    """The digest uri has port or parameters and the Request-URI has others (RFC 2617 3.2.2.5: they are one)."""
    for turn in terminal.turns:
        asked = turn.request.sip.request_uri
        for digest in turn.credentials:
            param = digest.credentials.get("uri")
            if param is None or param.value == asked or not beyond_host(param.value):
                continue
            ours, theirs = parse_uri(param.value), parse_uri(asked)
            if ours is not None and theirs is not None and same_host(ours.host, theirs.host):
                yield cite(turn.request, "Authorization: uri", param.span)
