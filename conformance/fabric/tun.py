"""A tun interface that is there already, opened by the one who reads its packets."""

from __future__ import annotations

import fcntl
import os
import struct

from conformance.fabric.netns import inside
from conformance.vocabulary.errors import TestbedDown

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000


def open_tun(namespace: str, name: str) -> int:
    """Open a tun interface and return the descriptor, whose packets are IP packets and nothing more.

    Whoever opens it gives it a carrier: without one, nothing that is sent there is seen by who captures.

    Args:
        namespace: where it is.
        name: of the interface.

    Raises:
        TestbedDown: there is no such interface, it is no tun, or somebody else has opened it.
    """
    with inside(namespace):
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
        except OSError as error:
            os.close(descriptor)
            raise TestbedDown(f"{namespace}: tun interface {name}: {error.strerror}") from None
    return descriptor
