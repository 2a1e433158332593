"""ICMP echo (RFC 792, RFC 4443 4) from inside a namespace: whether packets pass between two hosts of a lab."""

from __future__ import annotations

import secrets
import socket
import struct
import time

from conformance.fabric.netns import inside
from conformance.protocols.ip_udp import checksum
from conformance.stack.ports import family_of
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.identifiers import IpAddress

_REQUEST, _REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}
"""Message types by the version of IP."""
_AGAIN_S = 0.1
"""A request that was lost is sent again after that time."""


def await_echo(namespace: str, source: IpAddress, target: IpAddress, deadline: float) -> None:
    """Wait until a host answers.

    Args:
        namespace: where the requests leave.
        source: their address, one of the hosts of that namespace.
        target: who shall answer.
        deadline: monotonic clock, seconds.

    Raises:
        TestbedDown: no answer in time.
    """
    identifier = secrets.randbits(16)
    with inside(namespace):
        protocol = socket.IPPROTO_ICMPV6 if target.version == 6 else socket.IPPROTO_ICMP
        asking = socket.socket(family_of(str(target)), socket.SOCK_RAW, protocol)
    failure = "no answer"
    with asking:
        asking.bind((str(source), 0))
        number = 0
        while (left := deadline - time.monotonic()) > 0:
            number += 1
            try:
                asking.sendto(_echo(_REQUEST[target.version], identifier, number), (str(target), 0))
                failure = "no answer"
            except OSError as error:  # no way there, at the moment
                failure = error.strerror or str(error)
            if _answered(asking, target, identifier, min(left, _AGAIN_S)):
                return
    raise TestbedDown(f"{source} (namespace {namespace}): expected an ICMP echo reply of {target}, found: {failure}")


def _answered(asking: socket.socket, target: IpAddress, identifier: int, patience_s: float) -> bool:
    until = time.monotonic() + patience_s
    while (left := until - time.monotonic()) > 0:
        asking.settimeout(left)
        try:
            packet, (sender, *_) = asking.recvfrom(2048)
        except TimeoutError:
            return False
        except OSError:  # an ICMP error about a request: the next one may fare better
            continue
        header = (packet[0] & 0x0F) * 4 if target.version == 4 else 0  # without its own header (RFC 3542 3)
        kind, whose = packet[header : header + 1], packet[header + 4 : header + 6]
        if sender == str(target) and kind == bytes([_REPLY[target.version]]) and whose == identifier.to_bytes(2):
            return True
    return False


def _echo(kind: int, identifier: int, number: int) -> bytes:
    # The checksum of ICMPv6 is written by the kernel, whatever stands there (RFC 3542 3.1).
    head = struct.pack("!BBHHH", kind, 0, 0, identifier, number & 0xFFFF)
    return head[:2] + checksum(head).to_bytes(2) + head[4:]
