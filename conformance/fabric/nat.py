"""A NAT in user space: it takes the packets of a tun interface and sends their datagrams from an address of its own.

The kernel needs nothing for it but tun. UDP alone passes; each sender of the inside has a port of its own outside, the
same one where it is free (RFC 4787: address and port preservation, endpoint-independent mapping).
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
from collections.abc import Callable
from ipaddress import IPv4Address

from conformance.fabric.netns import inside
from conformance.fabric.tun import open_tun
from conformance.protocols.ip_udp import MalformedPacket, UdpPacket
from conformance.vocabulary.identifiers import Endpoint

Rewriting = Callable[[bytes, Endpoint, Endpoint], bytes]
"""Datagram, endpoint inside, endpoint outside to what is passed on."""

_PACKET = 65_536
_MOST_SENDERS = 1024


class Nat:
    """A NAT that runs in a thread of its own until `close`.

    Args:
        namespace: where it is.
        tun: tun interface of that namespace: what is routed there leaves through the NAT.
        outside: its own address.
        interface: where it sends from, and where answers come in.
        outwards: what it makes of datagrams on the way out.
        inwards: what it makes of those that come back.

    Raises:
        TestbedDown: there is no such interface, or it is in use.
    """

    def __init__(
        self,
        namespace: str,
        tun: str,
        outside: IPv4Address,
        interface: str,
        outwards: Rewriting,
        inwards: Rewriting,
    ) -> None:
        self._namespace, self._outside, self._interface = namespace, outside, interface
        self._outwards, self._inwards = outwards, inwards
        self._selector = selectors.DefaultSelector()
        self._senders: dict[Endpoint, socket.socket] = {}
        self._tun = open_tun(namespace, tun)
        self._wake, self._waker = socket.socketpair()
        self._selector.register(self._tun, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, name=f"nat-{tun}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and close all sockets; a second call does nothing."""
        if self._thread.is_alive():
            self._waker.send(b".")
            self._thread.join()
            os.close(self._tun)
            for one in (self._wake, self._waker, *self._senders.values()):
                one.close()
            self._selector.close()

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._wake:
                    return
                with contextlib.suppress(OSError, MalformedPacket):  # no UDP, or no way there: a NAT says nothing
                    if key.fileobj == self._tun:
                        self._send(UdpPacket.decode(os.read(self._tun, _PACKET)))
                    else:
                        self._receive(key.data)

    def _send(self, packet: UdpPacket) -> None:
        sender = self._senders.get(packet.source) or self._new(packet.source)
        datagram = self._outwards(packet.payload, packet.source, _endpoint(sender))
        sender.sendto(datagram, (packet.destination.address, packet.destination.port))

    def _receive(self, owner: Endpoint) -> None:
        sender = self._senders[owner]
        datagram, (address, port) = sender.recvfrom(_PACKET)
        datagram = self._inwards(datagram, owner, _endpoint(sender))
        os.write(self._tun, UdpPacket(Endpoint(address, port, "udp"), owner, datagram).encode())

    def _new(self, owner: Endpoint) -> socket.socket:
        if len(self._senders) >= _MOST_SENDERS:
            oldest = self._senders.pop(next(iter(self._senders)))
            self._selector.unregister(oldest)
            oldest.close()
        with inside(self._namespace):
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._interface.encode())
        try:
            made.bind((str(self._outside), owner.port))
        except OSError:
            made.bind((str(self._outside), 0))
        self._senders[owner] = made
        self._selector.register(made, selectors.EVENT_READ, owner)
        return made


def _endpoint(bound: socket.socket) -> Endpoint:
    address, port = bound.getsockname()
    return Endpoint(address, port, "udp")
