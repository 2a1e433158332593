"""One RTP session of a terminal: a tone or pictures that are sent, and what is received (RFC 3550, RFC 3551).

Everything here runs in one event loop. Packets leave by the loop's timer at times that are counted from the first one,
so that a late packet does not make the next ones late.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from conformance.protocols import rtcp
from conformance.protocols.rtp import MalformedRtp, RtpPacket
from conformance.protocols.rtp_reception import Reception
from conformance.stack.rtp_content import Content, decoded
from conformance.stack.udp_port import Address
from conformance.vocabulary.errors import HarnessFault

REPORT_S: Final = 2.5
"""Mean interval of RTCP. With two participants and 64 kbit/s the bandwidth of RTCP would allow more; 6.2 permits less
than its five seconds in small sessions."""
_HEARD_S: Final = 1.0
_LONGEST_HEARD: Final = 1500
"""Octets of a payload that are kept."""
_MOST_SOURCES: Final = 16
_MOST_BEHIND_S: Final = 0.5
"""When packets are so late they are not made up for: the process was stopped, and a burst would tell nothing."""
_NTP_MIDDLE: Final = 16

Receive = Callable[[bytes, Address], None]


class DatagramPort(Protocol):
    """What the session sends through: a socket (`UdpPort`), or one port inside a tunnel."""

    def send(self, data: bytes, destination: Address) -> OSError | None:
        """Send one datagram; return why it cannot be sent."""
        ...

    def close(self) -> None:
        """Close; nothing is received any more."""
        ...


OpenPort = Callable[[int, Receive], DatagramPort]
"""Opens a port by its number on the session's address; raises what `UdpPort` raises."""


class RtpSession:
    """One session. To be made in a running event loop.

    Args:
        address: of the session, for its canonical name.
        ports: even port of RTP; the next one is that of RTCP (RFC 3550 11).
        open_port: opens them.
        content: what is sent, and by which the receiver knows whom it hears or sees.
    """

    def __init__(self, address: str, port: int, open_port: OpenPort, content: Content) -> None:
        if port % 2:
            raise HarnessFault(f"RTP port {port}: expected an even one (RFC 3550 11)")
        self.ssrc = secrets.randbits(32)
        self.sent_packets = 0
        self.sent_octets = 0
        self.malformed = 0
        self.receptions: dict[int, Reception] = {}
        """By SSRC, in the order of first packets."""
        self.told: dict[int, rtcp.ReportBlock] = {}
        """By the SSRC of who reported: the newest report about what was sent here."""
        self.content = content
        self._packet_s = content.ticks / content.clock_hz
        self._number = 0
        self._name = f"{secrets.token_hex(6)}@{address}"
        self._loop = asyncio.get_running_loop()
        self._random = random.Random(self.ssrc)  # noqa: S311  spreads reports in time, hides nothing
        self._sequence = secrets.randbits(16)
        self._timestamp = secrets.randbits(32)
        self._heard: dict[int, deque[tuple[bytes, int]]] = {}
        self._last_heard: int | None = None
        self._sender_reports: dict[int, tuple[int, float]] = {}
        self._remote: Address = (address, port)
        self._is_first = True
        self._reported = 0
        self._next: asyncio.TimerHandle | None = None
        self._next_report: asyncio.TimerHandle | None = None
        self._rtp = open_port(port, self._receive)
        try:
            self._rtcp = open_port(port + 1, self._receive_report)
        except BaseException:
            self._rtp.close()
            raise

    @property
    def is_sending(self) -> bool:
        """Whether the tone, or pictures, are on their way."""
        return self._next is not None

    def start(self, remote: Address, payload_type: int, seconds: float | None) -> None:
        """Begin to send; what is on its way already goes on to the new address.

        Args:
            remote: where the other end receives RTP; its RTCP is on the next port.
            payload_type: what the other end listed; of G.711 it says how the tone is encoded.
            seconds: how long; until `stop` where it is None.
        """
        self._cancel()
        payloads, begin = self.content.payloads(payload_type), self._loop.time()
        end = None if seconds is None else begin + seconds - self._packet_s / 2
        self._remote, self._is_first = remote, True
        self._send_next(begin, end, payloads, payload_type)
        self._next_report = self._loop.call_later(self._report_interval() / 2, self._report)

    def stop(self) -> None:
        """Send no more; the other end is told so by BYE. What is received is counted on. A second call does nothing."""
        if self._next_report is not None:
            self._send_report(rtcp.Bye((self.ssrc,)))
        self._cancel()

    def close(self) -> None:
        """Stop and give the ports back; a second call does nothing."""
        self.stop()
        self._rtp.close()
        self._rtcp.close()

    def last_second(self) -> list[int]:
        """Return the decoded last second of the source that was heard last; what was lost is not filled in."""
        return decoded(self.kept())

    def kept(self) -> list[tuple[bytes, int]]:
        """Return the packets of that second, or the last pictures: payloads with their types, the oldest first."""
        return list(self._heard.get(self._last_heard, ())) if self._last_heard is not None else []

    def _cancel(self) -> None:
        for timer in (self._next, self._next_report):
            if timer is not None:
                timer.cancel()
        self._next = self._next_report = None

    def _send_next(self, due: float, end: float | None, payloads: Callable[[int], bytes], payload_type: int) -> None:
        if end is not None and due >= end:
            self._next = None
            return
        missed = int((self._loop.time() - due) / self._packet_s)
        if missed * self._packet_s > _MOST_BEHIND_S:
            due += missed * self._packet_s
            self._timestamp += missed * self.content.ticks
        payload, is_marked = payloads(self._number), self.content.all_marked or self._is_first
        self._number += 1
        packet = RtpPacket(payload_type, self._sequence, self._timestamp & 0xFFFFFFFF, self.ssrc, payload, is_marked)
        if self._rtp.send(packet.encode(), self._remote) is None:
            self.sent_packets += 1
            self.sent_octets += len(payload)
        self._is_first = False
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp += self.content.ticks
        following = due + self._packet_s
        self._next = self._loop.call_at(following, self._send_next, following, end, payloads, payload_type)

    def _receive(self, data: bytes, _: Address) -> None:
        try:
            packet = RtpPacket.decode(data)
        except MalformedRtp:
            self.malformed += 1
            return
        reception = self.receptions.get(packet.ssrc)
        if reception is None:
            if len(self.receptions) >= _MOST_SOURCES:
                self.malformed += 1
                return
            reception = self.receptions[packet.ssrc] = Reception(packet, self.content.clock_hz)
            self._heard[packet.ssrc] = deque(maxlen=round(_HEARD_S / self._packet_s))
        reception.take(packet, self._loop.time())
        understood = self.content.payload_types
        if understood is None or packet.payload_type in understood:
            self._heard[packet.ssrc].append((packet.payload[:_LONGEST_HEARD], packet.payload_type))
            self._last_heard = packet.ssrc

    def _receive_report(self, data: bytes, _: Address) -> None:
        try:
            packets = rtcp.decode(data)
        except MalformedRtp:
            self.malformed += 1
            return
        for packet in packets:
            if not isinstance(packet, rtcp.Report):
                continue
            if packet.sent is not None and packet.ssrc in self.receptions:
                middle = packet.sent.ntp >> _NTP_MIDDLE & 0xFFFFFFFF
                self._sender_reports[packet.ssrc] = (middle, self._loop.time())
            for block in packet.blocks:
                if block.ssrc == self.ssrc and (packet.ssrc in self.told or len(self.told) < _MOST_SOURCES):
                    self.told[packet.ssrc] = block

    def _report_interval(self) -> float:
        return REPORT_S * self._random.uniform(0.5, 1.5)  # 6.3.1: so that reports of many do not meet

    def _report(self) -> None:
        self._send_report()
        self._next_report = self._loop.call_later(self._report_interval(), self._report)

    def _send_report(self, *more: rtcp.RtcpPacket) -> None:
        blocks = []
        for ssrc, reception in self.receptions.items():
            middle, came = self._sender_reports.get(ssrc, (0, self._loop.time()))
            blocks.append(reception.report(middle, self._loop.time() - came))
        sent = None
        if self.sent_packets > self._reported:  # else it is a receiver alone (6.4)
            sent = rtcp.SenderInfo(rtcp.ntp_time(time.time_ns()), self._timestamp, self.sent_packets, self.sent_octets)
            self._reported = self.sent_packets
        report = rtcp.Report(self.ssrc, tuple(blocks), sent)
        compound = rtcp.encode([report, rtcp.SourceDescription({self.ssrc: self._name}), *more])
        self._rtcp.send(compound, (self._remote[0], self._remote[1] + 1))
