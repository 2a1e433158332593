"""What a receiver counts, by the examples that RFC 3550 gives in words."""

from __future__ import annotations

import pytest

from conformance.protocols.rtp import RtpPacket
from conformance.protocols.rtp_reception import Reception


def received(*packets: tuple[int, float], first_timestamp: int = 0) -> Reception:
    """Count packets of 20 ms: sequence number and arrival in milliseconds."""
    reception = None
    for sequence, arrival_ms in packets:
        timestamp = (first_timestamp + 160 * (sequence - packets[0][0])) & 0xFFFFFFFF
        packet = RtpPacket(8, sequence & 0xFFFF, timestamp, 5, bytes(160))
        reception = reception or Reception(packet, 8000)
        reception.take(packet, arrival_ms / 1000)
    assert reception is not None
    return reception


def test_what_is_missing_is_lost_and_reported_once() -> None:
    reception = received(*((number, 20 * number) for number in range(100) if number % 4 != 1))
    assert (reception.packets, reception.expected, reception.lost) == (75, 100, 25)
    block = reception.report()
    assert (block.fraction_lost, block.lost, block.highest) == (64, 25, 99)
    assert reception.report().fraction_lost == 0


def test_numbers_wrap_around_and_late_packets_are_not_lost() -> None:
    reception = received(*((65530 + number, 20 * number) for number in (0, 1, 2, 4, 3, 5, 6, 7, 8, 9)))
    assert (reception.lost, reception.report().highest) == (0, 65539)


def test_duplicates_make_the_loss_negative() -> None:
    assert received((1, 0), (2, 20), (2, 21), (3, 40)).lost == -1


def test_another_beginning_is_no_loss() -> None:
    assert received((1, 0), (2, 20), (30_000, 40), (30_001, 60)).lost == 0


def test_jitter_is_a_sixteenth_of_each_change_of_transit() -> None:
    steady = received(*((number, 20 * number) for number in range(50)), first_timestamp=2**32 - 320)
    assert steady.jitter_ms == pytest.approx(0, abs=1e-6)
    assert received((1, 0), (2, 36)).jitter_ms == pytest.approx(1)
    assert received((1, 0), (2, 36), (3, 40)).jitter_ms == pytest.approx(1 + (16 - 1) / 16)
