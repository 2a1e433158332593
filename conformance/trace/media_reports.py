"""Reads what RTCP receivers tell of streams (RFC 3550 6.4): the newest of each, a bounded number."""

from __future__ import annotations

import struct
from typing import Final

from conformance.trace.media_model import RtcpReport
from conformance.vocabulary.identifiers import Endpoint

_MOST_REPORTS: Final = 2_000
_SENDER, _RECEIVER = 200, 201
_HEAD: Final = struct.Struct("!BBHI").unpack_from
_BLOCK: Final = struct.Struct("!IIIIII").unpack_from


class ReportReader:
    """Collects the reports of one file.

    Args:
        capture: Index of the file in the trace.
    """

    def __init__(self, capture: int) -> None:
        self._capture = capture
        self._reports: dict[tuple[int, int, Endpoint], RtcpReport] = {}

    @property
    def reports(self) -> tuple[RtcpReport, ...]:
        """What receivers told, the newest of each."""
        return tuple(self._reports.values())

    def read(self, payload: bytes, source: Endpoint, frame: int) -> None:
        """Read what a datagram says of streams; what does not fit is passed over (RFC 3550 6.4)."""
        position = 0
        while position + 8 <= len(payload):
            first, kind, words, reporter = _HEAD(payload, position)
            end = position + 4 * words + 4
            if first >> 6 != 2 or end > len(payload):
                return
            if kind in (_SENDER, _RECEIVER):
                block = position + (28 if kind == _SENDER else 8)
                for _ in range(first & 0x1F):
                    if block + 24 > end:
                        return
                    self._told(reporter, source, frame, *_BLOCK(payload, block)[:4])
                    block += 24
            position = end

    def _told(
        self, reporter: int, source: Endpoint, frame: int, ssrc: int, lost: int, _highest: int, jitter: int
    ) -> None:
        before = self._reports.get((reporter, ssrc, source))
        if before is None and len(self._reports) >= _MOST_REPORTS:
            return
        cumulative = (lost & 0xFFFFFF) - ((lost & 0x800000) << 1)
        self._reports[reporter, ssrc, source] = RtcpReport(
            reporter,
            ssrc,
            source,
            self._capture,
            frame,
            (lost >> 24) / 256,
            cumulative,
            jitter,
            1 + (before.reports if before else 0),
        )
