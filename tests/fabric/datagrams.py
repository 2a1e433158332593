"""Datagrams between namespaces, as any program would send them."""

from __future__ import annotations

import errno
import socket

from conformance.fabric.netns import inside
from conformance.stack.ports import family_of
from conformance.vocabulary.identifiers import IpAddress

PATIENCE_S = 5.0
_IP_RECVERR = 11
"""ip(7); the module socket does not have it."""


def open_udp(namespace: str, address: IpAddress | str, port: int = 0) -> socket.socket:
    """Return a bound socket of a namespace."""
    with inside(namespace):
        made = socket.socket(family_of(str(address)), socket.SOCK_DGRAM)
    made.settimeout(PATIENCE_S)
    try:
        made.bind((str(address), port))
    except OSError:
        made.close()
        raise
    return made


def carried(text: bytes, sender: socket.socket, receiver: socket.socket) -> str:
    """Send a datagram; return from which address it came."""
    sender.sendto(text, receiver.getsockname())
    received, (address, *_) = receiver.recvfrom(2048)
    assert received == text
    return str(address)


def told_unreachable(sender: socket.socket, address: str) -> bool:
    """Send a datagram; return whether a router says at once that there is no way."""
    sender.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)  # else a program is not told
    sender.connect((address, 9))
    try:
        sender.send(b"hello")
        sender.recv(1)
    except TimeoutError:
        return False
    except OSError as error:
        return error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH)
    return False
