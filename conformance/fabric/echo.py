"""ICMP echo (RFC 792) from inside a namespace: whether packets pass between two hosts of a lab."""

from __future__ import annotations

import secrets
import socket
import struct
import time
from ipaddress import IPv4Address

from conformance.fabric.netns import inside
from conformance.protocols.ip_udp import checksum
from conformance.vocabulary.errors import TestbedDown

_REQUEST, _REPLY = 8, 0
_AGAIN_S = 0.1
"""A request that was lost is sent again after that time."""


def await_echo(namespace: str, source: IPv4Address, target: IPv4Address, deadline: float) -> None:
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
        asking = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    failure = "no answer"
    with asking:
        asking.bind((str(source), 0))
        number = 0
        while (left := deadline - time.monotonic()) > 0:
            number += 1
            try:
                asking.sendto(_echo(_REQUEST, identifier, number), (str(target), 0))
                failure = "no answer"
            except OSError as error:  # no way there, at the moment
                failure = error.strerror or str(error)
            if _answered(asking, str(target), identifier, min(left, _AGAIN_S)):
                return
    raise TestbedDown(f"{source} (namespace {namespace}): expected an ICMP echo reply of {target}, found: {failure}")


def _answered(asking: socket.socket, target: str, identifier: int, patience_s: float) -> bool:
    until = time.monotonic() + patience_s
    while (left := until - time.monotonic()) > 0:
        asking.settimeout(left)
        try:
            packet, (sender, _) = asking.recvfrom(2048)
        except TimeoutError:
            return False
        except OSError:  # an ICMP error about a request: the next one may fare better
            continue
        header = (packet[0] & 0x0F) * 4
        kind, whose = packet[header : header + 1], packet[header + 4 : header + 6]
        if sender == target and kind == bytes([_REPLY]) and whose == identifier.to_bytes(2):
            return True
    return False


def _echo(kind: int, identifier: int, number: int) -> bytes:
    head = struct.pack("!BBHHH", kind, 0, 0, identifier, number & 0xFFFF)
    return head[:2] + checksum(head).to_bytes(2) + head[4:]
