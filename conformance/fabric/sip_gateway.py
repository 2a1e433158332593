"""What a NAT with a "SIP gateway" did to messages that passed it: the reason why D2.2 2.8 has a VPN.

It knows two headers and no dialogs. On the way out it writes its own address into the topmost Via and into Contact, so
that answers come back to it. On the way in it puts the topmost Via right, and forgets Contact: whoever registered finds
a stranger's contact in the answer, and nobody can reach the one that was registered.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from conformance.vocabulary.identifiers import Endpoint

_START = re.compile(rb"(?:[A-Z]+ \S+ SIP/2\.0|SIP/2\.0 \d{3}[^\r\n]*)\r\n")
_VIA = re.compile(rb"(?<=\r\n)(?:Via|v)[ \t]*:[^\r\n]*", re.IGNORECASE)
_CONTACT = re.compile(rb"(?<=\r\n)(?:Contact|m)[ \t]*:[^\r\n]*", re.IGNORECASE)
_HOST = re.compile(rb"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?![\d.])")


def outwards(datagram: bytes, inside: Endpoint, outside: Endpoint) -> bytes:
    """Return a datagram as it leaves the gateway.

    Args:
        datagram: as it came from the inside; anything but SIP stays as it is.
        inside: who sent it.
        outside: the address and port that the gateway has for this sender.
    """
    own = f"{outside.address}:{outside.port}".encode()
    return _in_header(datagram, lambda head: _CONTACT.sub(lambda line: _HOST.sub(own, line[0]), _via(head, own)))


def inwards(datagram: bytes, inside: Endpoint, outside: Endpoint) -> bytes:
    """Return a datagram as it reaches the inside; see `outwards`."""
    own, theirs = f"{outside.address}:{outside.port}".encode(), f"{inside.address}:{inside.port}".encode()

    def put_right(head: bytes) -> bytes:
        return _VIA.sub(lambda line: line[0].replace(own, theirs), head, count=1)

    return _in_header(datagram, put_right) if datagram.startswith(b"SIP/2.0 ") else datagram


def _via(head: bytes, own: bytes) -> bytes:
    """Write the gateway's address into the topmost Via of a request."""
    return head if head.startswith(b"SIP/2.0 ") else _VIA.sub(lambda line: _HOST.sub(own, line[0], 1), head, count=1)


def _in_header(datagram: bytes, change: Callable[[bytes], bytes]) -> bytes:
    if _START.match(datagram) is None:
        return datagram
    head, separator, body = datagram.partition(b"\r\n\r\n")
    return change(head) + separator + body
