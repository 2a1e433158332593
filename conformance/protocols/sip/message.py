"""What transactions and proxies do to messages: read, write, copy, answer, forward.

`sipmessage` is the codec; here are the bounds that it lacks and the few operations that every node needs.
"""

from __future__ import annotations

import dataclasses
import re
import secrets
from typing import TypeVar
from urllib.parse import quote

from sipmessage import CSeq, Request, Response, Via
from sipmessage.message import Message

MAX_MESSAGE = 65_535
"""Largest message that is accepted, in octets: what fits into a UDP datagram (RFC 3261 18.1.1)."""

MAX_HEADER_LINES = 512

MAX_LINE = 2048
"""Longest start line or header field, in octets: the codec needs time with the cube of the length of some."""

MAGIC_COOKIE = "z9hG4bK"
"""Every branch of an RFC 3261 element begins with it (RFC 3261 8.1.1.7)."""

PHRASES = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    412: "Conditional Request Failed",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    494: "Security Agreement Required",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    580: "Precondition Failure",
    606: "Not Acceptable",
}
"""Default reason phrases."""

_MANDATORY = ("Via", "From", "To", "Call-ID", "CSeq")
_FOLD = re.compile(rb"\r\n[ \t]+")
_SPACE_BEFORE_COLON = re.compile(rb"^([A-Za-z0-9.!%*_+`'~-]+)[ \t]+:", re.MULTILINE)
_IPV6 = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*")
_RECEIVED_IPV6 = re.compile(rf"(;\s*received\s*=\s*)({_IPV6.pattern})", re.IGNORECASE)
_TAG = re.compile(r";\s*tag\s*=\s*([^;,\s>]+)", re.IGNORECASE)

_M = TypeVar("_M", bound=Request | Response)


class MalformedMessage(ValueError):
    """Bytes that are not a SIP message which a transaction could be made of. The text is one bounded line."""


def read_message(data: bytes) -> Request | Response:
    """Read one message that came as one datagram or one frame of a stream.

    Args:
        data: the message; octets beyond Content-Length are discarded (RFC 3261 18.3).

    Returns:
        The message. It has a top Via and a CSeq that can be read, From, To and Call-ID.

    Raises:
        MalformedMessage: whatever is wrong, in one line.
    """
    if len(data) > MAX_MESSAGE:
        raise MalformedMessage(f"{len(data)} octets, expected {MAX_MESSAGE} at most")
    head, blank, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not blank:
        raise MalformedMessage("no empty line after the header fields")
    head = _SPACE_BEFORE_COLON.sub(rb"\1:", _FOLD.sub(b" ", head))
    lines = head.split(b"\r\n")
    if len(lines) > MAX_HEADER_LINES:
        raise MalformedMessage(f"more than {MAX_HEADER_LINES} header lines")
    if max(map(len, lines)) > MAX_LINE:
        raise MalformedMessage(f"a line of more than {MAX_LINE} octets")
    try:
        message = Message.parse(head + b"\r\n\r\n" + body)
        for name in _MANDATORY:
            if not message.headers.getlist(name):
                raise MalformedMessage(f"{name} is missing")
        _ = top_via(message), message.cseq
        length = message.content_length
    except MalformedMessage:
        raise
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        # The codec answers some hostile parameters with TypeError; it raises the same ValueError objects again and
        # again, which would collect the frames of every refusal.
        error.__traceback__ = None
        raise MalformedMessage(str(error)[:120]) from None
    if length is not None:
        if not 0 <= length <= len(message.body):
            raise MalformedMessage(f"Content-Length {str(length)[:20]}, but the body has {len(message.body)} octets")
        message.body = message.body[:length]
    return message


def write_message(message: Request | Response) -> bytes:
    """Return the bytes of a message, with the Content-Length that its body has (RFC 3261 20.14)."""
    written = copy_message(message)
    written.headers.set("Content-Length", str(len(message.body)))
    return bytes(written)


def copy_message(message: _M) -> _M:
    """Return a copy whose header fields can be changed without touching the original."""
    copy: Request | Response
    if isinstance(message, Request):
        copy = Request(message.method, message.uri, message.body)
    else:
        copy = Response(message.code, message.phrase, message.body)
    for name in message.headers.keys():  # noqa: SIM118  (Headers is no mapping)
        copy.headers.setlist(name, list(message.headers.getlist(name)))
    return copy  # type: ignore[return-value]


def new_branch() -> str:
    """Return a branch parameter that no other transaction has (RFC 3261 8.1.1.7)."""
    return MAGIC_COOKIE + secrets.token_hex(12)


def new_tag() -> str:
    """Return a tag for From or To (RFC 3261 19.3)."""
    return secrets.token_hex(6)


def tag_of(value: str) -> str | None:
    """Return the tag of a raw From or To value, None where it has none."""
    found = _TAG.search(value.rpartition(">")[2] if ">" in value else value)
    return found.group(1) if found else None


def _vias(message: Message) -> list[str]:
    """Return the Via values one by one as they were written."""
    return [value for line in message.headers.getlist("Via") for value in split_vias(line)]


def split_vias(line: str) -> list[str]:
    """Return the Via values of one line as they were written; commas in quotes part nothing (RFC 3261 7.3.1)."""
    values, start, quoted, escaped = [], 0, False, False
    for index, character in enumerate(line):
        if escaped:
            escaped = False
        elif character == '"':
            quoted = not quoted
        elif character == "\\":
            escaped = quoted
        elif character == "," and not quoted:
            values.append(line[start:index])
            start = index + 1
    values.append(line[start:])
    return [value.strip() for value in values if value.strip()]


def top_via(message: Message) -> Via:
    """Return the topmost Via.

    Raises:
        ValueError: there is none, or it cannot be read.
    """
    values = _vias(message)
    if not values:
        raise ValueError("no Via")
    return _read_via(values[0])


def second_via(message: Message) -> Via | None:
    """Return the Via below the topmost one: that of the hop before the previous one; None where there is none.

    Raises:
        ValueError: it cannot be read.
    """
    values = _vias(message)
    return _read_via(values[1]) if len(values) > 1 else None


def _read_via(text: str) -> Via:
    """Read a Via; the address of `received` may be IPv6 with brackets and without (RFC 5118 4.5), which it then is."""
    via = Via.parse(_RECEIVED_IPV6.sub(r"\1[\2]", text))
    received = via.parameters.get("received")
    if received is None or not received.startswith("["):
        return via
    return dataclasses.replace(via, parameters=via.parameters.replace(received=received.strip("[]")))


def _write_via(via: Via) -> str:
    """Write a Via. The codec escapes colons, which `received` of IPv6 has as they are (RFC 3261 25.1)."""
    text, received = str(via), via.parameters.get("received") or ""
    return text.replace(f"={quote(received)}", f"={received}") if _IPV6.fullmatch(received) else text


def push_via(message: Message, via: Via) -> None:
    """Put a Via on top of the others, which stay as they were written, one a line."""
    message.headers.setlist("Via", [_write_via(via), *_vias(message)])


def pop_via(message: Message) -> None:
    """Take the topmost Via away; the others stay as they were written, one a line."""
    message.headers.setlist("Via", _vias(message)[1:])


def replace_top_via(message: Message, via: Via) -> None:
    """Put another Via in the place of the topmost."""
    pop_via(message)
    push_via(message, via)


def make_response(
    request: Request, code: int, phrase: str | None = None, *, to_tag: str | None = None, body: bytes = b""
) -> Response:
    """Answer a request (RFC 3261 8.2.6).

    Args:
        request: what was received; its Via, From, Call-ID, CSeq and To are copied as they were written.
        code: status code, 100 to 699.
        phrase: reason phrase; the usual one where it is None.
        to_tag: tag for To where the request has none; random where it is None. A 100 gets no tag.
        body: message body; set Content-Type yourself.

    Returns:
        The response, ready for `ServerTransaction.respond`.
    """
    response = Response(code, PHRASES.get(code, "Unknown") if phrase is None else phrase, body)
    response.headers.setlist("Via", list(request.headers.getlist("Via")))
    response.headers.set("From", request.headers["From"])
    to = request.headers["To"]
    if code > 100 and tag_of(to) is None:
        to += f";tag={to_tag or new_tag()}"
    response.headers.set("To", to)
    response.headers.set("Call-ID", request.headers["Call-ID"])
    response.headers.set("CSeq", request.headers["CSeq"])
    if code == 100 and (stamp := request.headers.get("Timestamp")) is not None:
        response.headers.set("Timestamp", stamp)
    return response


def forwarded_request(request: Request) -> Request:
    """Return a copy for the next hop with Max-Forwards counted down (RFC 3261 16.6 item 3).

    The caller has already refused a request whose Max-Forwards is 0 with 483.
    """
    copy = copy_message(request)
    try:
        left = request.max_forwards
    except ValueError:
        left = None
    copy.headers.set("Max-Forwards", str(70 if left is None else max(0, left - 1)))
    return copy


def forwarded_response(response: Response) -> Response:
    """Return a copy for the previous hop: without the topmost Via, which is ours (RFC 3261 16.7 item 3)."""
    copy = copy_message(response)
    pop_via(copy)
    return copy


def make_ack(request: Request, response: Response) -> Request:
    """Return the ACK that the transaction itself sends for a 300 to 699 answer (RFC 3261 17.1.1.3).

    Args:
        request: the INVITE as it was sent, with its top Via.
        response: the final answer, whose To is used.
    """
    ack = _companion(request, "ACK")
    ack.headers.set("To", response.headers["To"])
    return ack


def make_cancel(request: Request) -> Request:
    """Return the CANCEL of an INVITE (RFC 3261 9.1): everything that names the request, and its top Via alone.

    Args:
        request: the INVITE as it was sent, with its top Via.
    """
    return _companion(request, "CANCEL")


def _companion(request: Request, method: str) -> Request:
    """Return a request that belongs to the transaction of another one: same top Via, same CSeq number."""
    companion = Request(method, request.uri)
    companion.headers.set("Via", _write_via(top_via(request)))
    for name in ("Route", "Max-Forwards", "From", "To", "Call-ID"):
        if values := request.headers.getlist(name):
            companion.headers.setlist(name, list(values))
    companion.cseq = CSeq(request.cseq.sequence, method)
    return companion
