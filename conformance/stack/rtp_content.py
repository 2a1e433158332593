"""What an RTP session of a terminal carries: a tone, or pictures. Each tells the receiver whose it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from conformance.protocols import g711, h263
from conformance.protocols.tone import PACKET_SAMPLES, dominant, tone

Packets = Sequence[tuple[bytes, int]]
"""Payloads with their payload types, the oldest first."""


class Content(Protocol):
    """One kind of media."""

    @property
    def clock_hz(self) -> int:
        """Of the timestamps."""
        ...

    @property
    def ticks(self) -> int:
        """What the timestamp goes on by from packet to packet."""
        ...

    @property
    def identity(self) -> int:
        """What the receiver knows the sender by."""
        ...

    @property
    def all_marked(self) -> bool:
        """Each packet ends a frame (video); else the first one behind a silence is marked."""
        ...

    @property
    def payload_types(self) -> frozenset[int] | None:
        """Those that can be sent; None for any."""
        ...

    def payloads(self, payload_type: int) -> Callable[[int], bytes]:
        """Return what makes the payload of each packet, by its number."""
        ...

    def recognised(self, packets: Packets) -> int | None:
        """Return the identity of who sent these; None where it cannot be told."""
        ...


class Tone:
    """A sine in G.711, 20 ms a packet (RFC 3551 4.5.14).

    Args:
        hz: a multiple of 50 from 400 to 3000.
    """

    clock_hz = g711.RATE_HZ
    ticks = PACKET_SAMPLES
    all_marked = False
    payload_types: Final = frozenset(map(int, g711.Law))

    def __init__(self, hz: int) -> None:
        self.identity = hz
        self._samples = tone(hz)

    def payloads(self, payload_type: int) -> Callable[[int], bytes]:
        """Return what makes the payloads: all are the same."""
        payload = g711.encode(self._samples, g711.Law(payload_type))
        return lambda number: payload

    def recognised(self, packets: Packets) -> int | None:
        """Return the frequency that these consist of, Hz; None for silence, and what is no tone."""
        return dominant(decoded(packets))


def decoded(packets: Packets) -> list[int]:
    """Return the samples of G.711 packets; others are passed over."""
    laws = frozenset(map(int, g711.Law))
    return [sample for payload, law in packets if law in laws for sample in g711.decode(payload, g711.Law(law))]


class Pictures:
    """Pictures of one shade in H.263, ten a second, each in a packet of its own (RFC 2190).

    Args:
        shade: brightness, as `h263.picture` takes it.
    """

    clock_hz = h263.CLOCK_HZ
    ticks = 3 * h263.REFERENCE_TICKS
    all_marked = True
    payload_types = None

    def __init__(self, shade: int) -> None:
        self.identity = shade

    def payloads(self, payload_type: int) -> Callable[[int], bytes]:
        """Return what makes the payloads: pictures that differ in their number."""
        return lambda number: h263.picture(self.identity, 3 * number)

    def recognised(self, packets: Packets) -> int | None:
        """Return the shade of the newest picture, where the one before has the same."""
        shades = {h263.shade_of(payload) for payload, _ in packets[-2:]}
        return shades.pop() if len(shades) == 1 and len(packets) > 1 else None
