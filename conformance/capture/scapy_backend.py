"""Capture with scapy's listening socket, read raw: octets and time stamp go to the spool, nothing is dissected.

scapy's sniffers dissect while they read and lose more than half at 2,000 packets a second, silently. Reading its
socket raw with a large buffer loses none (`benchmarks/RESULTS.md`), and the kernel counts what did not fit.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
import struct
import threading
import time
from typing import BinaryIO

# Not scapy.all, which costs a second more. The l2 module makes the link types known.
import scapy.layers.l2  # noqa: F401
from scapy.arch.linux import L2ListenSocket
from scapy.data import ARPHRD_TO_DLT
from scapy.error import Scapy_Exception

from conformance.capture.points import ObservationPoint
from conformance.capture.sniffer import Counts
from conformance.fabric.netns import inside
from conformance.pcapng.writer import SNAP_LENGTH, PcapngWriter
from conformance.vocabulary.errors import BadInput, NetlabError, NotPermitted, TestbedDown

_BUFFER_OCTETS = 64 << 20
_SO_RCVBUFFORCE = 33
_SOL_PACKET = 263
_PACKET_STATISTICS = 6
_PACKET_AUXDATA = 8
_PACKET_IGNORE_OUTGOING = 23
_SCM_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@qq")
_STATISTICS = struct.Struct("@II")
_CONTROL_OCTETS = socket.CMSG_SPACE(_TIMESPEC.size)
_BATCH = 512
"""Packets read from one point before the others get their turn."""
_STOP_S = 10.0
_DLT_RAW, _LINKTYPE_RAW = 12, 101
"""Packets without a link header: what libpcap calls it here, and what is written into files."""

# Of a tun interface scapy says on every start that it cannot dissect it; nothing is dissected here.
logging.getLogger("scapy.runtime").setLevel(logging.ERROR)


class ScapySniffer:
    """Packet sockets of scapy, one a point, read by one thread.

    Args:
        points: Where to capture.
    """

    def __init__(self, points: tuple[ObservationPoint, ...]) -> None:
        self._points = points
        self._sockets: list[L2ListenSocket] = []
        self._selector: selectors.BaseSelector | None = None
        self._thread: threading.Thread | None = None
        self._wake = (-1, -1)
        self._lock = threading.Lock()  # guards the writer against the reading thread
        self._spool: BinaryIO | None = None
        self._writer: PcapngWriter | None = None
        self._failure: NetlabError | None = None
        self._buffer = bytearray(SNAP_LENGTH)

    def open(self) -> None:
        """Open the sockets and start the thread; see `Sniffer.open`."""
        for point in self._points:
            self._sockets.append(_listen(point))
        self._selector = selectors.DefaultSelector()
        for index, listener in enumerate(self._sockets):
            self._selector.register(listener.ins, selectors.EVENT_READ, index)
        self._wake = os.pipe()
        self._selector.register(self._wake[0], selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, args=(self._selector,), name="capture", daemon=True)
        self._thread.start()

    def begin(self, spool: BinaryIO) -> None:
        """Write into the spool from now on; see `Sniffer.begin`."""
        writer = PcapngWriter(spool)
        for point, listener in zip(self._points, self._sockets, strict=True):
            writer.interface(point.point, _link_type(listener), point.filter_with_marker, point.place)
        spool.flush()
        with self._lock:
            for listener in self._sockets:
                _drops(listener)  # reading sets the counters to zero
            self._spool, self._writer = spool, writer

    def check(self) -> None:
        """Raise what made the reading thread stop; see `Sniffer.check`."""
        if self._failure is not None:
            raise self._failure

    def end(self) -> tuple[Counts, ...]:
        """Stop writing and return the losses; see `Sniffer.end`."""
        with self._lock:
            self._spool = self._writer = None
            return tuple(Counts(_drops(listener)) for listener in self._sockets)

    def close(self) -> None:
        """Stop the thread and close the sockets; see `Sniffer.close`."""
        if self._thread is not None:
            os.write(self._wake[1], b"x")
            self._thread.join(_STOP_S)
            self._thread = None
        if self._selector is not None:
            self._selector.close()
            self._selector = None
            os.close(self._wake[0])
            os.close(self._wake[1])
        for listener in self._sockets:
            listener.close()
        self._sockets = []

    def _run(self, selector: selectors.BaseSelector) -> None:
        try:
            while True:
                for key, _ in selector.select():
                    if key.data is None:
                        return
                    self._drain(key.data, self._sockets[key.data].ins)
        except OSError as error:
            self._failure = TestbedDown(f"capture with scapy: {error.strerror}; look at the disk and the interface")

    def _drain(self, index: int, listener: socket.socket) -> None:
        """Write what one socket has, until it is empty or the others must have their turn."""
        view = memoryview(self._buffer)
        with self._lock:
            for _ in range(_BATCH):
                try:
                    length, control, _, address = listener.recvmsg_into(
                        [view], _CONTROL_OCTETS, socket.MSG_DONTWAIT | socket.MSG_TRUNC
                    )
                except BlockingIOError:
                    break
                # On `lo` every packet passes twice; without PACKET_IGNORE_OUTGOING the kernel shows both.
                twice = self._points[index].is_loopback and address[2] == socket.PACKET_OUTGOING
                if self._writer is not None and not twice:
                    self._writer.packet(index, _time_ns(control), view[:length], length)
            if self._spool is not None:
                self._spool.flush()


def _listen(point: ObservationPoint) -> L2ListenSocket:
    """Open the listening socket of a point."""
    where = f"capture at {point} on {point.interface}"
    try:
        with inside(point.namespace):
            # A bridge shows what it passes on to its other ports only to who asks for packets of others.
            listener = L2ListenSocket(
                iface=point.interface, filter=point.filter_with_marker, promisc=not point.is_loopback
            )
    except PermissionError as error:
        raise NotPermitted(
            f"{where}: no permission to open a packet socket (CAP_NET_RAW); run it as root, or let dumpcap capture "
            "(backend pyshark), once allowed by `setcap cap_net_raw,cap_net_admin+eip /usr/bin/dumpcap` as root"
        ) from error
    except Scapy_Exception as error:
        reason = " ".join(str(error).split())
        if "libpcap is not available" in reason:
            raise TestbedDown(f"{where}: libpcap is missing; run `apt-get install libpcap0.8` as root") from error
        raise BadInput(f"{where}: filter {point.filter!r} does not compile: {reason}") from error
    except (ValueError, OSError) as error:
        raise TestbedDown(f"{where}: {error}; expected an interface that exists and is up, see `ip link`") from error
    packets = listener.ins
    packets.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 0)  # scapy asks for it; only VLAN tags would need it
    with contextlib.suppress(OSError):  # before Linux 4.20: `_drain` leaves them out, only drops are counted twice
        packets.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, int(point.is_loopback))
    try:
        packets.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_OCTETS)
    except PermissionError:  # needs CAP_NET_ADMIN
        packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_OCTETS)
    return listener


def _link_type(listener: L2ListenSocket) -> int:
    """Return the LINKTYPE of the socket's packets, -1 becoming 65535 for a device that libpcap does not know."""
    found = int(ARPHRD_TO_DLT.get(listener.ins.getsockname()[3], 0xFFFF))
    return _LINKTYPE_RAW if found == _DLT_RAW else found


def _drops(listener: L2ListenSocket) -> int:
    """Return how many packets did not fit since the last call (packet(7), PACKET_STATISTICS)."""
    _, dropped = _STATISTICS.unpack(listener.ins.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size))
    return int(dropped)


def _time_ns(control: list[tuple[int, int, bytes]]) -> int:
    """Return the kernel's time of arrival; our own clock where the kernel gave none."""
    for level, kind, value in control:
        if level == socket.SOL_SOCKET and kind == _SCM_TIMESTAMPNS and len(value) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(value)
            return int(seconds * 1_000_000_000 + nanoseconds)
    return time.time_ns()
