"""Faults that change the bytes of a SIP message as it leaves a node or a terminal.

Names and words are in `catalogue.toml`; here is what each does. An alteration sees one message at a time, knows no
state and no criterion, and leaves every message alone that it does not speak of.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping

Alteration = Callable[[bytes], bytes]
"""Takes a whole message, returns what is sent instead."""


def alteration_of(faults: Iterable[str], table: Mapping[str, Alteration]) -> Alteration | None:
    """Return the alterations of the named faults, one after the other in the order of their names.

    Args:
        faults: fault names; those that the table does not have are left to the node.
        table: what each does: `EMITTED` for SIP, `EMITTED_CX`, `EMITTED_DNS`.

    Returns:
        One function, or None where no name stands for an alteration: nothing is in the way then.
    """
    chosen = [table[name] for name in sorted(faults) if name in table]
    if not chosen:
        return None

    def apply(message: bytes) -> bytes:
        for alteration in chosen:
            message = alteration(message)
        return message

    return apply


def _line(name: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?im)^" + name.encode() + rb"[ \t]*:[^\r\n]*\r\n")


def _without(name: str) -> Alteration:
    pattern = _line(name)
    return lambda message: pattern.sub(b"", message)


def _with_line(line: bytes) -> Alteration:
    """Add a header field behind CSeq."""
    return _replacing(rb"^(CSeq[ \t]*:[^\r\n]*\r\n)", rb"\1" + line + b"\r\n")


def _replacing(pattern: bytes, replacement: bytes | Callable[[re.Match[bytes]], bytes]) -> Alteration:
    compiled = re.compile(rb"(?im)" + pattern)
    return lambda message: compiled.sub(replacement, message)


def _answers(status: int, alteration: Alteration, to: str = "REGISTER") -> Alteration:
    """Alter responses of that status to a method."""
    start, method = b"SIP/2.0 %d " % status, re.compile(rb"(?im)^CSeq[ \t]*:[ \t]*\d+[ \t]+" + to.encode())
    return lambda m: alteration(m) if m.startswith(start) and method.search(m) else m


def _requests(method: str, alteration: Alteration, *, own: bool = False) -> Alteration:
    """Alter requests of that method; `own`: only those that begin here, which have one Via."""
    start, via = f"{method} ".encode(), re.compile(rb"(?im)^(?:Via|v)[ \t]*:")
    return lambda m: alteration(m) if m.startswith(start) and not (own and len(via.findall(m)) > 1) else m


def _registers(alteration: Alteration, *, with_response: bool = False) -> Alteration:
    """Alter REGISTER requests; `with_response`: only those that answer a challenge."""
    answered = re.compile(rb'(?im)^Authorization[ \t]*:.*[ ,]nonce="[^"]')
    return lambda m: alteration(m) if m.startswith(b"REGISTER ") and (not with_response or answered.search(m)) else m


def _asserted_as_watched(message: bytes) -> bytes:
    """Put the URI of To into P-Asserted-Identity."""
    watched = re.search(rb"(?im)^To[ \t]*:[^\r\n<]*<([^\r\n>]+)>", message)
    if watched is None:
        return message
    return re.sub(rb"(?im)^(P-Asserted-Identity[ \t]*:)[^\r\n]*", rb"\1 <" + watched[1] + b">", message)


def _from_as_to(message: bytes) -> bytes:
    """Put the URI of To into From, whose tag stays."""
    to = re.search(rb"(?im)^To[ \t]*:[^\r\n<]*<([^\r\n>]+)>", message)
    return message if to is None else re.sub(rb"(?im)^(From[ \t]*:[^\r\n<]*<)[^\r\n>]+", rb"\1" + to[1], message)


def _other_digit(match: re.Match[bytes]) -> bytes:
    """Change the last hexadecimal digit of a digest."""
    return match[1] + match[2][:-1] + (b"0" if match[2][-1:] != b"0" else b"1")


def _other_bit(match: re.Match[bytes]) -> bytes:
    """Flip the lowest bit of the last octet of AUTN: its MAC is wrong then, its sequence number is not."""
    try:
        octets = bytearray(base64.b64decode(match[2], validate=True))
    except binascii.Error:
        return match[0]
    if len(octets) < 32:
        return match[0]
    octets[31] ^= 1
    return match[1] + base64.b64encode(octets)


def _with_port(message: bytes) -> bytes:
    """Put the default port into the Request-URI."""
    return re.sub(rb"\A(\S+ sip:[^ :]+) ", rb"\1:5060 ", message)


def _with_user(message: bytes) -> bytes:
    """Put a user part into the Request-URI."""
    return re.sub(rb"\A(\S+ sip:)([^ @]+) ", rb"\1registrar@\2 ", message)


def _to_home_domain(message: bytes) -> bytes:
    """Put the domain of To into the Request-URI."""
    domain = re.search(rb"(?im)^To[ \t]*:[^\r\n]*@([\w.-]+)", message)
    return message if domain is None else re.sub(rb"\A(\S+) \S+", rb"\1 sip:" + domain[1], message)


def _from_watched(message: bytes) -> bytes:
    """Put the URI of To into From, whose tag stays."""
    watched = re.search(rb"(?im)^To[ \t]*:[^\r\n<]*<([^\r\n>]+)>", message)
    if watched is None:
        return message
    return re.sub(rb"(?im)^(From[ \t]*:[^\r\n<]*<)[^\r\n>]+", rb"\1" + watched[1], message)


def _body(pattern: bytes, replacement: bytes) -> Alteration:
    """Alter the body, and Content-Length with it."""
    compiled = re.compile(pattern)

    def apply(message: bytes) -> bytes:
        head, empty, body = message.partition(b"\r\n\r\n")
        changed = compiled.sub(replacement, body)
        length = re.compile(rb"(?im)^((?:Content-Length|l)[ \t]*:[ \t]*)\d+")
        return length.sub(rb"\g<1>%d" % len(changed), head) + empty + changed

    return apply


EMITTED: Mapping[str, Alteration] = {
    # S-CSCF
    "no-service-route": _answers(200, _without("Service-Route")),
    "wrong-nonce": _answers(401, _replacing(rb'(\bnonce=")([^"]+)', _other_bit)),
    "no-associated-uri": _answers(200, _without("P-Associated-URI")),
    "no-path-echo": _answers(200, _without("Path")),
    "quoted-algorithm": _answers(401, _replacing(rb"\balgorithm=([A-Za-z0-9-]+)", rb'algorithm="\1"')),
    "expires-too-long": _answers(200, _replacing(rb"^(Contact[ \t]*:.*;expires=)\d+", rb"\g<1>4000000")),
    "wrong-event": _requests("NOTIFY", _replacing(rb"^(Event[ \t]*:[ \t]*)reg\b", rb"\1presence")),
    "unknown-contact-event": _requests("NOTIFY", _body(rb'\bevent="registered"', b'event="registring"')),
    "version-one-first": _requests("NOTIFY", _body(rb'(<reginfo[^>]* version=)"0"', rb'\1"1"')),
    "partial-first": _requests("NOTIFY", _body(rb'(<reginfo[^>]* version="0" state=)"full"', rb'\1"partial"')),
    "other-contact": _requests("NOTIFY", _body(rb"<uri>sip:", b"<uri>sip:x")),
    "event-expired": _requests("NOTIFY", _body(rb'\bevent="unregistered"', b'event="expired"')),
    "event-unregistered": _requests(
        "NOTIFY", _body(rb'\bevent="(?:rejected|deactivated|probation)"', b'event="unregistered"')
    ),
    "subscription-goes-on": _requests(
        "NOTIFY", _replacing(rb"^(Subscription-State[ \t]*:[ \t]*)terminated[^\r\n]*", rb"\1active;expires=60")
    ),
    "foreign-service-route": _answers(
        200, _replacing(rb"^(Service-Route[ \t]*:[^\r\n]*<sip:[^>\r\n:]*\.)\w+\.\w+\.test", rb"\1elsewhere.test")
    ),
    "no-remaining-time": _requests("NOTIFY", _replacing(rb"^(Subscription-State[ \t]*:[ \t]*active);[^\r\n]*", rb"\1")),
    "no-termination-reason": _requests(
        "NOTIFY", _replacing(rb"^(Subscription-State[ \t]*:[ \t]*terminated);[^\r\n]*", rb"\1")
    ),
    "grants-longer": _answers(200, _replacing(rb"^(Expires[ \t]*:[ \t]*)\d+", rb"\g<1>4000000"), "SUBSCRIBE"),
    "third-party-ends-at-once": _requests("REGISTER", _replacing(rb"^(Expires[ \t]*:[ \t]*)\d+", rb"\g<1>0"), own=True),
    "third-party-from-user": _requests("REGISTER", _from_as_to, own=True),
    "no-way-back": _requests(
        "INVITE", _replacing(rb"^Route[ \t]*:[ \t]*<sip:odi\.[^\r\n]*\r\n|, *<sip:odi\.[^>\r\n]*>", b"")
    ),
    # P-CSCF
    "no-received": _registers(_replacing(rb"^(Via[ \t]*:[^\r\n]*?);received=[^;\r\n]+", rb"\1")),
    "rport-unanswered": _registers(
        _replacing(rb"^Via[ \t]*:[^\r\n]*", lambda m: re.sub(rb";received=[^;]+|(?<=;rport)=\d+", b"", m[0]))
    ),
    "private-path": _registers(
        _replacing(rb"^(Path[ \t]*:[^\r\n<]*<sip:(?:[^@>\r\n]*@)?)[^@;>\r\n]+", rb"\g<1>10.255.0.11")
    ),
    "no-path": _registers(_without("Path")),
    "no-require-path": _registers(_without("Require")),
    "no-charging-vector": _registers(_without("P-Charging-Vector")),
    "no-visited-network-id": _registers(_without("P-Visited-Network-ID")),
    "asserts-the-user": _requests("SUBSCRIBE", _asserted_as_watched, own=True),
    "subscribes-briefly": _requests("SUBSCRIBE", _replacing(rb"^(Expires[ \t]*:[ \t]*)\d+", rb"\g<1>60"), own=True),
    "subscribes-as-the-user": _requests("SUBSCRIBE", _from_watched, own=True),
    "rewrites-request-uri": _registers(_replacing(rb"\A(REGISTER sip:)\S+", rb"\1elsewhere.test")),
    # I-CSCF
    "keeps-request-uri": _registers(_to_home_domain),
    # any CSCF
    "keeps-max-forwards": _registers(
        _replacing(rb"^(Max-Forwards[ \t]*:[ \t]*)(\d+)", lambda m: m[1] + b"%d" % (int(m[2]) + 1))
    ),
    # terminal
    "user-in-request-uri": _registers(_with_user),
    "port-in-request-uri": _registers(_with_port),
    "other-from": _registers(_replacing(rb"^(From[ \t]*:[^\r\n<]*<sip:)", rb"\1somebody.")),
    "no-empty-nonce": _registers(_replacing(rb',[ \t]*(?:nonce|response)=""', b"")),
    "asks-for-an-hour": _registers(_replacing(rb"^(Expires[ \t]*:[ \t]*)\d{5,}", rb"\g<1>3600")),
    "bad-access-network-info": _registers(_with_line(b"P-Access-Network-Info: ;access"), with_response=True),
    "place-in-the-clear": _registers(
        _with_line(b"P-Access-Network-Info: 3GPP-UTRAN-TDD; utran-cell-id-3gpp=234151D0FCE11")
    ),
    "refuses-notify": _answers(200, _replacing(rb"\ASIP/2\.0 200 OK", b"SIP/2.0 500 Server Internal Error"), "NOTIFY"),
    "no-preloaded-route": _requests("SUBSCRIBE", _without("Route")),
    "asks-briefly": _requests("SUBSCRIBE", _replacing(rb"^(Expires[ \t]*:[ \t]*)\d+", rb"\g<1>3600")),
    "wrong-accept": _requests("SUBSCRIBE", _replacing(rb"^(Accept[ \t]*:)[^\r\n]*", rb"\1 application/pidf+xml")),
    "no-supported-path": _registers(_without("Supported")),
    "no-max-forwards": _registers(_without("Max-Forwards")),
    "quoted-qop": _registers(_replacing(rb"\bqop=([a-z-]+)", rb'qop="\1"')),
    "requires-unknown-extension": _registers(_with_line(b"Require: netlab-probe")),
    "wrong-response": _registers(_replacing(rb'(\bresponse=")([0-9a-f]{32})', _other_digit), with_response=True),
    "new-call-id": _registers(_replacing(rb"^(Call-ID[ \t]*:[ \t]*)", rb"\1again-"), with_response=True),
}
