"""UDP in ESP transport mode without encryption, with HMAC-SHA-1-96: what protects Gm with `ealg=null`.

RFC 4303 (ESP), RFC 2410 (NULL encryption), RFC 2404 (HMAC-SHA-1-96), 3GPP TS 33.203 (use on Gm).
"""

from __future__ import annotations

import hmac
import struct

from conformance.faults.frames import Frame, join_frame, split_frame

_ESP = 50
_UDP = 17
_CHECK_OCTETS = 12


def protect(frame: Frame, ports: tuple[int, int], spi: int, sequence: int, key: bytes) -> Frame:
    """Put the UDP datagram of a frame into ESP.

    Args:
        frame: an IPv4 frame with UDP.
        ports: source and destination port of the protected datagram.
        spi: Security Parameters Index of the receiver.
        sequence: ESP sequence number.
        key: authentication key, 20 octets.

    Returns:
        The frame with IP protocol 50; its `transport` is SPI and sequence number, its `payload` everything behind.
    """
    transport = struct.pack("!HH", *ports) + frame.transport[4:]
    plain = split_frame(join_frame(Frame(frame.ethernet, frame.ip, transport, frame.payload)))
    data = plain.transport + plain.payload
    padding = -(len(data) + 2) % 4
    # RFC 4303 section 2.4: padding octets count 1, 2, 3
    data += bytes(range(1, padding + 1)) + bytes([padding, _UDP])
    head = struct.pack("!II", spi, sequence)
    check = hmac.new(key, head + data, "sha1").digest()[:_CHECK_OCTETS]
    return Frame(frame.ethernet, frame.ip[:9] + bytes([_ESP]) + frame.ip[10:], head, data + check)
