"""Views of SIP header values: URIs, name-addr, Via, parameters and credentials (RFC 3261 25.1).

Each parser takes what the lossless reader found and returns None where the value cannot be read; none raises.
Parameter names and schemes are in lower case, hosts too; everything else stays as it was written. Of a
parameter that is repeated the first is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from conformance.trace.sip import Header, Problem, Span, Value, text_of, unfold

REMEMBERED = 4096
"""So many URIs are remembered: those of one procedure are asked for again and again."""
REMEMBERED_TEXT = 256
"""Longest text, in characters, that is remembered: hostile ones must not fill the memory."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?:\s*:\s*([0-9]{1,5}))?")
_SENT_PROTOCOL = re.compile(r"([^\s/]+)\s*/\s*([^\s/]+)\s*/\s*([^\s/]+)\s+([^\s;][^;]*)")
_PLAIN_VIA = re.compile(r"SIP/2\.0/(UDP|TCP) ([A-Za-z0-9._-]+)(?::([0-9]{1,5}))?(?:;([!#-~]*))?\Z")
_BLANK = b" \t\r\n"
_AUTH_NAME = re.compile(rb"[^\s,=\"]+")
_AUTH_TOKEN = re.compile(rb"[^\s,\"]*")
_SPACE = re.compile(rb"[ \t\r\n]*")
_SEPARATOR = re.compile(rb"[ \t\r\n,]*")
_QUOTE_OR_BRACKET = re.compile(rb"[\"<]")
_QUOTED_PART = re.compile(rb"[\"\\]")
_PLAIN_ADDR = re.compile(rb"<([!#-;=?-~]+)>((?:;[!#-;=?-~]+)?)\Z")
"""`<uri>;params` without display name, quotes, blanks, and anything beyond ASCII."""
_PLAIN_PARAM = re.compile(rb'([A-Za-z0-9_-]+)=(?:"([ !#-\[\]-~]*)"|([A-Za-z0-9._+-]+))[ \t]*(,[ \t]*(?=[A-Za-z])|\Z)')
"""One parameter as nearly everybody writes it: no escapes, no folds, nothing beyond ASCII."""


@dataclass(frozen=True, slots=True)
class SipUri:
    """A URI as SIP uses it (RFC 3261 19.1, RFC 3966)."""

    scheme: str
    user: str
    """Userinfo as written, with a password if there is one; of a `tel` URI the number."""
    host: str
    """Empty for `tel` and other schemes without a host; an IPv6 address without its brackets."""
    port: int | None
    params: dict[str, str | None]
    headers: str
    """What follows the question mark."""


@dataclass(frozen=True, slots=True)
class NameAddr:
    """`name-addr` or `addr-spec` with the parameters of the header."""

    display: str
    """Display name without quotes."""
    uri: str
    uri_span: Span
    """Bytes of the URI in the message, without the angle brackets."""
    params: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Via:
    """One Via element (RFC 3261 20.42)."""

    protocol: str
    """`SIP/2.0`."""
    transport: str
    """Upper case: `UDP`, `TCP`, `TLS`, `SCTP`."""
    host: str
    port: int | None
    params: dict[str, str | None]


class AuthParam(NamedTuple):
    """One parameter of credentials or of a challenge."""

    name: str
    """Lower case."""
    value: str
    """Without quotes; quoted pairs resolved."""
    quoted: bool
    span: Span
    """From the first byte of the name to the last byte of the value."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Credentials or a challenge (RFC 3261 22, RFC 2617 3.2)."""

    scheme: str
    """As written: `Digest`; empty in Authentication-Info."""
    params: tuple[AuthParam, ...]
    problems: tuple[Problem, ...]

    def get(self, name: str) -> AuthParam | None:
        """Return the first parameter of that name (any case), None where there is none."""
        wanted = name.lower()
        for param in self.params:
            if param.name == wanted:
                return param
        return None


def parse_uri(text: str) -> SipUri | None:
    """Read a URI.

    Args:
        text: The URI without angle brackets.

    Returns:
        Its parts, or None where it has no scheme, or a `sip` or `sips` URI has no readable host or port.
    """
    return _remembered_uri(text) if len(text) <= REMEMBERED_TEXT else _parse_uri(text)


def _parse_uri(text: str) -> SipUri | None:
    scheme, colon, rest = text.strip().partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        return None
    scheme = scheme.lower()
    if scheme not in ("sip", "sips"):
        number, _, tail = rest.partition(";")
        return SipUri(scheme, number, "", None, _params(tail), "") if number else None
    # RFC 3261 25.1: an "@" can stand nowhere but behind the userinfo, which itself may hold ";" and "?".
    user, _, place = rest.rpartition("@")
    place, _, headers = place.partition("?")
    where, _, tail = place.partition(";")
    host_port = _host_port(where)
    if host_port is None:
        return None
    return SipUri(scheme, user, *host_port, _params(tail), headers)


_remembered_uri = lru_cache(REMEMBERED)(_parse_uri)


def parse_name_addr(value: Value) -> NameAddr | None:
    """Read a value of From, To, Contact, Route, Path, Service-Route, P-Associated-URI and their like.

    Args:
        value: One element, from `SipText.values`.

    Returns:
        Its parts, or None where there is no URI. A Contact of `*` has the URI `*`.
    """
    raw = value.raw or value.text.encode()
    plain = _PLAIN_ADDR.match(raw)
    if plain is not None:
        span = Span(value.span.offset + 1, plain.end(1) - 1)
        tail = plain[2]
        return NameAddr("", plain[1].decode(), span, _params(tail.decode()[1:]) if tail else {})
    opening = _opening_bracket(raw)
    if opening < 0:
        # RFC 3261 20.10: without brackets, parameters belong to the header and not to the URI.
        uri, _, tail = raw.partition(b";")
        begin, display = 0, b""
    else:
        closing = raw.find(b">", opening)
        if closing < 0:
            return None
        begin, display = opening + 1, raw[:opening]
        uri, tail = raw[begin:closing], raw[closing + 1 :].lstrip(_BLANK).removeprefix(b";")
    begin += len(uri) - len(uri.lstrip(_BLANK))
    uri = uri.strip(_BLANK)
    if not uri:
        return None
    span = Span(value.span.offset + begin, len(uri))
    return NameAddr(_unquote(unfold(display)), unfold(uri), span, _params(unfold(tail)))


def parse_via(value: Value) -> Via | None:
    """Read one Via element; None where protocol, transport or sent-by cannot be read."""
    plain = _PLAIN_VIA.match(value.text)
    if plain is not None:
        port = int(plain[3]) if plain[3] else None
        if port is None or port <= 65535:
            return Via("SIP/2.0", plain[1], plain[2].lower(), port, _params(plain[4] or ""))
    match = _SENT_PROTOCOL.match(value.text)
    if match is None:
        return None
    host_port = _host_port(match.group(4).strip())
    if host_port is None:
        return None
    params = _params(value.text[match.end() :].removeprefix(";"))
    protocol = f"{match.group(1)}/{match.group(2)}"
    return Via(protocol, match.group(3).upper(), *host_port, params)


def parse_parameters(value: Value) -> tuple[str, dict[str, str | None]]:
    """Read a value of the form `word;name=value;...`: Security-Client, Event, P-Access-Network-Info, ...

    Args:
        value: One element, from `SipText.values`.

    Returns:
        The word (without quotes; empty where the value begins with a parameter) and the parameters.
    """
    head, *rest = _pieces(value.text, ";")
    if "=" in head and not head.lstrip().startswith('"'):
        return "", _params(value.text)
    return _unquote(head.strip()), _params(";".join(rest))


def parse_credentials(header: Header, raw: bytes) -> Credentials | None:
    """Read Authorization, WWW-Authenticate, their Proxy- forms or Authentication-Info.

    Args:
        header: The header, from `SipText.all`.
        raw: The message that it stands in.

    Returns:
        Scheme and parameters with their byte ranges, what is malformed among the problems; None where the
        header has no scheme.
    """
    position, stop = header.value_span.offset, header.value_span.end
    scheme = ""
    if not header.name.endswith("Authentication-Info"):
        words = raw[position:stop].split(None, 1)
        if not words or not re.fullmatch(rb"[A-Za-z0-9_-]+", words[0]):
            return None
        scheme = text_of(words[0])
        position += len(words[0])
    plain = _plain_params(raw, _skip(raw, position, stop), stop)
    if plain is not None:
        return Credentials(scheme, plain, ())
    params, problems = _auth_params(raw, position, stop)
    return Credentials(scheme, tuple(params), tuple(problems))


def _plain_params(raw: bytes, position: int, stop: int) -> tuple[AuthParam, ...] | None:
    """Read parameters that have nothing unusual, as `_auth_params` would; None where one has."""
    params: dict[str, AuthParam] = {}
    while position < stop:
        match = _PLAIN_PARAM.match(raw, position, stop)
        if match is None:
            return None
        name, quoted, token, _ = match.groups()
        key = name.decode().lower()
        if key in params:
            return None
        value = token if quoted is None else quoted
        end = match.end(3) if quoted is None else match.end(2) + 1
        params[key] = AuthParam(key, value.decode(), quoted is not None, Span(position, end - position))
        position = match.end()
    return tuple(params.values())


def _auth_params(raw: bytes, position: int, stop: int) -> tuple[list[AuthParam], list[Problem]]:
    params: list[AuthParam] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    while True:
        separator = _SEPARATOR.match(raw, position, stop)
        assert separator is not None  # the pattern matches nothing, too
        commas = separator.group().count(b",")
        if separator.end() >= stop:
            if commas:
                problems.append(Problem("a comma behind the last parameter", Span(position, stop - position)))
            return params, problems
        if commas != (1 if params else 0):
            what = "no comma between parameters" if not commas else "a comma that separates nothing"
            problems.append(Problem(what, Span(position, separator.end() - position)))
        position = separator.end()
        param, position, found = _auth_param(raw, position, stop)
        problems.extend(found)
        if param is None:
            continue
        if param.name in seen:
            problems.append(Problem(f"{param.name} appears more than once", param.span))
        seen.add(param.name)
        params.append(param)


def _auth_param(raw: bytes, start: int, stop: int) -> tuple[AuthParam | None, int, list[Problem]]:
    """Read one `name=value`; return it, where reading goes on, and what was wrong."""
    name = _AUTH_NAME.match(raw, start, stop)
    if name is None:  # a quote or an equals sign where a name should stand
        end = raw.find(b",", start, stop)
        end = stop if end < 0 else end
        return None, end, [Problem("no name before the value", Span(start, end - start))]
    position = _skip(raw, name.end(), stop)
    key = text_of(name.group()).lower()
    if position >= stop or raw[position : position + 1] != b"=":
        return None, name.end(), [Problem(f"{key} has no value", Span(start, name.end() - start))]
    position = _skip(raw, position + 1, stop)
    if position < stop and raw[position : position + 1] == b'"':
        content, end, closed = _quoted(raw, position + 1, stop)
        span = Span(start, end - start)
        wrong = [] if closed else [Problem(f"the quoted string of {key} is not closed", span)]
        # Blanks inside of quotation marks are part of the value: nonce=" " is not empty (RFC 2617 3.2.1).
        folded = b"\n" in content or b"\r" in content
        return AuthParam(key, unfold(content) if folded else text_of(content), True, span), end, wrong
    token = _AUTH_TOKEN.match(raw, position, stop)
    assert token is not None  # the pattern matches nothing, too
    span = Span(start, token.end() - start)
    wrong = [] if token.group() else [Problem(f"{key} has no value", span)]
    return AuthParam(key, text_of(token.group()), False, span), token.end(), wrong


def _quoted(raw: bytes, position: int, stop: int) -> tuple[bytes, int, bool]:
    """Read a quoted string behind its opening quote; return content, end, and whether it was closed."""
    content: list[bytes] = []
    while match := _QUOTED_PART.search(raw, position, stop):
        content.append(raw[position : match.start()])
        if match.group() == b'"':
            return b"".join(content), match.end(), True
        content.append(raw[match.end() : min(match.end() + 1, stop)])
        position = min(match.end() + 1, stop)
    content.append(raw[position:stop])
    return b"".join(content), stop, False


def _skip(raw: bytes, position: int, stop: int) -> int:
    match = _SPACE.match(raw, position, stop)
    return match.end() if match else position


def _opening_bracket(raw: bytes) -> int:
    """Return where `<` stands first outside a quoted string, -1 where it does not."""
    position = 0
    while match := _QUOTE_OR_BRACKET.search(raw, position):
        if match.group() == b"<":
            return match.start()
        _, position, _ = _quoted(raw, match.end(), len(raw))
    return -1


def _host_port(text: str) -> tuple[str, int | None] | None:
    match = _HOST_PORT.fullmatch(text.strip())
    if match is None:
        return None
    port = int(match.group(2)) if match.group(2) else None
    if port is not None and port > 65535:
        return None
    return match.group(1).strip("[]").lower(), port


def _pieces(text: str, separator: str) -> list[str]:
    """Split at a separator that does not stand in a quoted string."""
    if '"' not in text:
        return text.split(separator)
    pieces: list[str] = []
    begin = 0
    quoted = skip = False
    for index, character in enumerate(text):
        if skip:
            skip = False
        elif quoted and character == "\\":
            skip = True
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            pieces.append(text[begin:index])
            begin = index + 1
    pieces.append(text[begin:])
    return pieces


def _params(text: str) -> dict[str, str | None]:
    params: dict[str, str | None] = {}
    for piece in _pieces(text, ";"):
        name, equals, content = piece.partition("=")
        name = name.strip().lower()
        if name and name not in params:
            params[name] = _unquote(content.strip()) if equals else None
    return params


def _unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    return text.strip()
