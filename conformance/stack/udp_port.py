"""One UDP socket that is read without waiting; sending never blocks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from conformance.stack.ports import bind_failure, family_of

_LONGEST = 65_535
_TURN = 64
"""So many datagrams are read before the loop may do something else."""
_RECEIVE_BUFFER = 1024 * 1024

Address = tuple[str, int]


class UdpPort:
    """A bound UDP socket.

    Args:
        address: numeric address.
        port: port; 0 lets the system choose.
        on_datagram: called with each datagram and where it came from.
        dscp: differentiated services codepoint of what is sent (RFC 2474).

    Raises:
        TestbedDown: the port is in use, in one line with its holder.
        NotPermitted: the port may not be bound.
    """

    def __init__(
        self, address: str, port: int, on_datagram: Callable[[bytes, Address], None], *, dscp: int = 0
    ) -> None:
        self._on_datagram = on_datagram
        self._socket = socket.socket(family_of(address), socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            if dscp:
                if self._socket.family is socket.AF_INET6:
                    self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, dscp << 2)
                else:
                    self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
            self._socket.bind((address, port))
        except OSError as error:
            self._socket.close()
            raise bind_failure(error, address, port, "udp") from None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._read)

    def send(self, data: bytes, destination: Address) -> OSError | None:
        """Send one datagram; return why the system refuses it, None where it does not."""
        try:
            self._socket.sendto(data, destination)
        except OSError as error:
            return error
        return None

    def close(self) -> None:
        """Close the socket; a second call does nothing."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def _read(self) -> None:
        for _ in range(_TURN):
            try:
                data, source = self._socket.recvfrom(_LONGEST)
            except OSError:  # nothing is there, or an earlier datagram found nobody
                return
            self._on_datagram(data, source[:2])  # IPv6 adds flow and scope
            if self._socket.fileno() < 0:  # closed by what was received
                return
