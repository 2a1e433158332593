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
"""Takes a whole SIP message, returns what is sent instead."""


def alteration_of(faults: Iterable[str]) -> Alteration | None:
    """Return the alterations of the named faults, one after the other in the order of their names.

    Args:
        faults: fault names; those that are no alteration of bytes are left to the node.

    Returns:
        One function, or None where no name stands for an alteration: nothing is in the way then.
    """
    chosen = [EMITTED[name] for name in sorted(faults) if name in EMITTED]
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


EMITTED: Mapping[str, Alteration] = {
    # S-CSCF
    "no-service-route": _answers(200, _without("Service-Route")),
    "wrong-nonce": _answers(401, _replacing(rb'(\bnonce=")([^"]+)', _other_bit)),
    "no-associated-uri": _answers(200, _without("P-Associated-URI")),
    "no-path-echo": _answers(200, _without("Path")),
    "quoted-algorithm": _answers(401, _replacing(rb"\balgorithm=([A-Za-z0-9-]+)", rb'algorithm="\1"')),
    "expires-too-long": _answers(200, _replacing(rb"^(Contact[ \t]*:.*;expires=)\d+", rb"\g<1>4000000")),
    "wrong-event": _requests("NOTIFY", _replacing(rb"^(Event[ \t]*:[ \t]*)reg\b", rb"\1presence")),
    "unknown-contact-event": _requests("NOTIFY", _replacing(rb'\bevent="registered"', b'event="registring"')),
    "no-remaining-time": _requests("NOTIFY", _replacing(rb"^(Subscription-State[ \t]*:[ \t]*active);[^\r\n]*", rb"\1")),
    "no-termination-reason": _requests(
        "NOTIFY", _replacing(rb"^(Subscription-State[ \t]*:[ \t]*terminated);[^\r\n]*", rb"\1")
    ),
    "grants-longer": _answers(200, _replacing(rb"^(Expires[ \t]*:[ \t]*)\d+", rb"\g<1>4000000"), "SUBSCRIBE"),
    # P-CSCF
    "no-path": _registers(_without("Path")),
    "no-require-path": _registers(_without("Require")),
    "no-charging-vector": _registers(_without("P-Charging-Vector")),
    "no-visited-network-id": _registers(_without("P-Visited-Network-ID")),
    "asserts-the-user": _requests("SUBSCRIBE", _asserted_as_watched, own=True),
    "subscribes-briefly": _requests("SUBSCRIBE", _replacing(rb"^(Expires[ \t]*:[ \t]*)\d+", rb"\g<1>60"), own=True),
    # any CSCF
    "keeps-max-forwards": _registers(
        _replacing(rb"^(Max-Forwards[ \t]*:[ \t]*)(\d+)", lambda m: m[1] + b"%d" % (int(m[2]) + 1))
    ),
    # terminal
    "no-preloaded-route": _requests("SUBSCRIBE", _without("Route")),
    "asks-briefly": _requests("SUBSCRIBE", _replacing(rb"^(Expires[ \t]*:[ \t]*)\d+", rb"\g<1>3600")),
    "wrong-accept": _requests("SUBSCRIBE", _replacing(rb"^(Accept[ \t]*:)[^\r\n]*", rb"\1 application/pidf+xml")),
    "no-supported-path": _registers(_without("Supported")),
    "no-max-forwards": _registers(_without("Max-Forwards")),
    "quoted-qop": _registers(_replacing(rb"\bqop=([a-z-]+)", rb'qop="\1"')),
    "requires-unknown-extension": _registers(
        _replacing(rb"^(CSeq[ \t]*:[^\r\n]*\r\n)", rb"\1Require: netlab-probe\r\n")
    ),
    "wrong-response": _registers(_replacing(rb'(\bresponse=")([0-9a-f]{32})', _other_digit), with_response=True),
    "new-call-id": _registers(_replacing(rb"^(Call-ID[ \t]*:[ \t]*)", rb"\1again-"), with_response=True),
}
