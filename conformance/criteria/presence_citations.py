"""Citations of HTTP messages and of the bodies of presence, and what Wireshark shows of them."""

from __future__ import annotations

from conformance.criteria.event_citations import plain
from conformance.criteria.model import Citation, Claim
from conformance.trace.http import HttpHeader
from conformance.trace.model import HttpMessage, SipMessage


def cite_line(message: HttpMessage, header: HttpHeader) -> Citation:
    """Cite a header field of an HTTP message."""
    claim = Claim(f"http.{_kind(message)}.line", (plain(f"{header.name}: {header.value}"),))
    return Citation(message, header.name, header.offset, header.length, (claim,))


def cite_no_line(message: HttpMessage, name: str) -> Citation:
    """Cite that an HTTP message lacks a header field."""
    return Citation(message, name, claims=(Claim(f"http.{_kind(message)}.line", absent=f"{name}: "),))


def cite_start(message: HttpMessage) -> Citation:
    """Cite the request line or the status line."""
    http = message.http
    if http.is_request:
        claim = Claim("http.request.method", (http.method,))
        return Citation(message, "Request-Line", 0, http.start_length, (claim,))
    claim = Claim("http.response.code", (str(http.status),))
    return Citation(message, "Status-Line", 0, http.start_length, (claim,))


def cite_content(message: HttpMessage) -> Citation:
    """Cite the beginning of the body; Wireshark has to see the same message."""
    start = cite_start(message)
    length = max(0, min(80, len(message.raw) - message.http.body_offset))
    return Citation(message, "body", message.http.body_offset, length, start.claims)


def cite_document(request: SipMessage, offset: int = 0) -> Citation:
    """Cite a place in the body of a PUBLISH or NOTIFY; Wireshark has to see the same message."""
    body = request.sip.body_span
    length = max(0, min(80, body.length - offset))
    claim = Claim("sip.Call-ID", (plain(request.sip.call_id),))
    return Citation(request, "body", body.offset + min(offset, body.length), length, (claim,))


def _kind(message: HttpMessage) -> str:
    return "request" if message.http.is_request else "response"
