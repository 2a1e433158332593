"""What a receiver counts of one source (RFC 3550 6.4.1, A.1, A.3, A.8). No sockets, no clocks."""

from __future__ import annotations

from conformance.protocols.rtcp import ReportBlock
from conformance.protocols.rtp import RtpPacket

_DROPOUT = 3000
"""A jump ahead beyond which it is a new beginning (A.1, MAX_DROPOUT)."""
_MISORDER = 100
"""How far behind a late packet may be (A.1, MAX_MISORDER)."""


class Reception:
    """Counts one source.

    Args:
        packet: the first one.
        rate_hz: clock of the timestamps.
    """

    def __init__(self, packet: RtpPacket, rate_hz: int) -> None:
        self.ssrc = packet.ssrc
        self.packets = 0
        self.octets = 0
        """Of payload."""
        self.jitter = 0.0
        """In units of the timestamp."""
        self.payload_types: set[int] = set()
        self._rate_hz = rate_hz
        self._base = self._highest = packet.sequence
        self._transit: float | None = None
        self._expected_before = self._received_before = self._earlier = 0

    @property
    def expected(self) -> int:
        """Packets that were sent, as far as sequence numbers tell."""
        return self._earlier + self._highest - self._base + 1

    @property
    def lost(self) -> int:
        """Expected and not received; negative where duplicates came (6.4.1)."""
        return self.expected - self.packets

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter, milliseconds."""
        return self.jitter * 1000 / self._rate_hz

    def take(self, packet: RtpPacket, arrival_s: float) -> None:
        """Count a packet.

        Args:
            packet: of this source.
            arrival_s: by a clock that never goes back.
        """
        ahead = (packet.sequence - self._highest) & 0xFFFF
        if ahead < _DROPOUT:
            self._highest += ahead
        elif ahead <= 0x10000 - _MISORDER:
            self._earlier = self.expected
            self._base = self._highest = packet.sequence
            self._transit = None
        self.packets += 1
        self.octets += len(packet.payload)
        self.payload_types.add(packet.payload_type)
        transit = arrival_s * self._rate_hz - packet.timestamp
        if self._transit is not None:
            # Timestamps wrap around at 2^32.
            change = (transit - self._transit + 2**31) % 2**32 - 2**31
            self.jitter += (abs(change) - self.jitter) / 16
        self._transit = transit

    def report(self, last_report: int = 0, delay_s: float = 0.0) -> ReportBlock:
        """Return the block for the next report; the fraction is of what came since the one before (A.3)."""
        expected = self.expected - self._expected_before
        lost = expected - (self.packets - self._received_before)
        self._expected_before, self._received_before = self.expected, self.packets
        fraction = min(255, (lost << 8) // expected) if expected and lost > 0 else 0
        highest = self._highest & 0xFFFFFFFF
        return ReportBlock(
            self.ssrc, fraction, self.lost, highest, int(self.jitter), last_report, int(delay_s * 65536) & 0xFFFFFFFF
        )
