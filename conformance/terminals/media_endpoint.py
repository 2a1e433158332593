"""The media of a terminal, for test cases: it sends a tone, or pictures, and says what it heard or saw.

Each endpoint has a tone of its own, or a shade, so that the other end can tell whose it hears or sees.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from conformance.protocols.g711 import Law
from conformance.protocols.h263 import BRIGHTEST, DARKEST
from conformance.protocols.rtcp import ReportBlock
from conformance.protocols.tone import SPACING_HZ
from conformance.stack.rtp_content import Content, Pictures, Tone
from conformance.stack.rtp_session import DatagramPort, OpenPort, Receive, RtpSession
from conformance.stack.tunnel import TunnelPort
from conformance.stack.udp_port import UdpPort
from conformance.terminals.loop import TerminalLoop
from conformance.vocabulary.errors import HarnessFault, TestbedDown

EXPEDITED_FORWARDING: Final = 46
"""DSCP of voice (RFC 3246; D2.2 and 3GPP TS 29.207 leave the value to the operator, RFC 4594 4.1 recommends it)."""
FIRST_PORT: Final = 40_000
LAST_PORT: Final = 48_000
_PAIRS_TRIED: Final = 200
_DEADLINE_S: Final = 5.0

T = TypeVar("T")
_TONES = itertools.cycle(range(500, 2000, SPACING_HZ))
_SHADES = itertools.cycle(range(DARKEST + 4, BRIGHTEST, 9))
"""128 is not among them."""
_PORTS = itertools.cycle(range(FIRST_PORT, LAST_PORT, 2))


def next_tone() -> int:
    """Return a frequency that no other of the last 30 ends of a call has, Hz."""
    return next(_TONES)


@dataclass(frozen=True, slots=True)
class MediaStatistics:
    """What an endpoint sent and received so far."""

    sent_packets: int
    sent_octets: int
    packets: int
    """Received, of all sources."""
    octets: int
    """Of their payload."""
    lost: int
    """By sequence numbers; negative where duplicates came."""
    jitter_ms: float
    """RFC 3550 6.4.1, the largest of all sources."""
    ssrcs: tuple[int, ...]
    """Sources that were heard, in the order of their first packets."""
    payload_types: tuple[int, ...]
    malformed: int
    """Datagrams that were no RTP or RTCP, and those of sources beyond the first 16."""
    told: tuple[ReportBlock, ...]
    """What receivers said of the tone by RTCP, the newest report of each."""

    @property
    def is_silent(self) -> bool:
        """Nothing came at all: the media are one-way, or none."""
        return self.packets == 0


def in_tunnel(tunnel: TunnelPort) -> OpenPort:
    """Return what opens the ports of an endpoint inside a terminal's tunnel: `MediaEndpoint(..., open_port=...)`."""
    return lambda port, receive: tunnel.open_port(port, receive, dscp=EXPEDITED_FORWARDING)


class MediaEndpoint:
    """One RTP session of a terminal. Its methods may be called from any thread, that of the loop included.

    Args:
        address: numeric IPv4 address of the terminal.
        loop: event loop of the terminal; its sockets are in the loop's network namespace.
        tone_hz: a multiple of 50 Hz from 400 to 3000; None for one that no other of the last 30 endpoints has.
        kind: `audio`; or `video`, with pictures of a shade that no other of the last 24 endpoints has.
        open_port: opens a port where it is no socket on `address`: `in_tunnel(tunnel_port)`.
    """

    def __init__(
        self,
        address: str,
        loop: TerminalLoop,
        *,
        tone_hz: int | None = None,
        kind: str = "audio",
        open_port: OpenPort | None = None,
    ) -> None:
        self.address = address
        self.content: Content = (
            Pictures(next(_SHADES)) if kind == "video" else Tone(next_tone() if tone_hz is None else tone_hz)
        )
        self._loop = loop
        self._open_port: OpenPort = self._socket if open_port is None else open_port
        self._session: RtpSession | None = None
        self._port = 0

    @property
    def port(self) -> int:
        """Port of RTP, for the session description; RTCP is on the next one."""
        self._opened()
        return self._port

    @property
    def identity(self) -> int:
        """What the other end knows this one by: frequency of the tone, or shade of the pictures."""
        return self.content.identity

    @property
    def sends(self) -> bool:
        """Whether the tone, or pictures, are on their way."""
        return self._session is not None and self._session.is_sending

    @property
    def ssrc(self) -> int:
        """Source identifier of what this endpoint sends."""
        return self._opened().ssrc

    def open(self, port: int | None = None) -> int:
        """Bind an even port for RTP and the next one for RTCP.

        Args:
            port: the even one; None for any that is free.

        Returns:
            The port of RTP.

        Raises:
            TestbedDown: the port is in use, or no pair is free.
        """
        if self._session is not None:
            raise HarnessFault(f"media of {self.address}: open already, expected one `open`")
        self._session = self._inside(lambda: self._bind(port), "open")
        return self._port

    def start(
        self, remote_address: str, remote_port: int, payload_type: int = Law.A, seconds: float | None = None
    ) -> None:
        """Begin to send the tone, 20 ms a packet, or pictures, 100 ms each.

        Called again it goes on with the new address or payload type.

        Args:
            remote_address: numeric IPv4 address of the other end.
            remote_port: where it receives RTP; RTCP goes to the next one.
            payload_type: 8 for A-law, 0 for mu-law; of video any that the other end listed.
            seconds: how long; until `stop` where it is None.

        Raises:
            HarnessFault: another payload type, or not open.
        """
        able = self.content.payload_types
        if able is not None and payload_type not in able:
            raise HarnessFault(f"media of {self.address}: payload type {payload_type}, expected 8 or 0 (G.711)")
        session = self._opened()
        self._inside(lambda: session.start((remote_address, remote_port), payload_type, seconds), "start")

    def stop(self) -> None:
        """Send no more; what comes is still received. A second call does nothing."""
        self._inside(self._opened().stop, "stop")

    def close(self) -> None:
        """Stop and give the ports back; a second call does nothing. What was counted can still be asked for."""
        if self._session is not None:
            self._inside(self._session.close, "close")

    def statistics(self) -> MediaStatistics:
        """Return what was sent and received so far."""
        session = self._opened()

        def collect() -> MediaStatistics:
            heard = session.receptions.values()
            return MediaStatistics(
                sent_packets=session.sent_packets,
                sent_octets=session.sent_octets,
                packets=sum(one.packets for one in heard),
                octets=sum(one.octets for one in heard),
                lost=sum(one.lost for one in heard),
                jitter_ms=max((one.jitter_ms for one in heard), default=0.0),
                ssrcs=tuple(session.receptions),
                payload_types=tuple(sorted(set().union(*(one.payload_types for one in heard)))),
                malformed=session.malformed,
                told=tuple(session.told.values()),
            )

        return self._inside(collect, "statistics")

    def heard(self) -> int | None:
        """Return whose the last second of what came is.

        Returns:
            The tone's frequency in Hz, exactly that of the sender where nothing was lost; None where nothing came,
            where it is silence, and where no single frequency has half of the power. Of video the shade of the last
            pictures.
        """
        kept = self._inside(self._opened().kept, "the last second")
        return self.content.recognised(kept)

    def _opened(self) -> RtpSession:
        if self._session is None:
            raise HarnessFault(f"media of {self.address}: not open, expected `open` first")
        return self._session

    def _bind(self, wanted: int | None) -> RtpSession:
        candidates = itertools.islice(_PORTS, _PAIRS_TRIED) if wanted is None else [wanted]
        refused: TestbedDown | None = None
        for port in candidates:
            try:
                session = RtpSession(self.address, port, self._open_port, self.content)
            except TestbedDown as error:
                refused = refused or error
                if "is in use" not in str(error):
                    break
            else:
                self._port = port
                return session
        assert refused is not None
        raise refused

    def _socket(self, port: int, receive: Receive) -> DatagramPort:
        return UdpPort(self.address, port, receive, dscp=EXPEDITED_FORWARDING)

    def _inside(self, work: Callable[[], T], what: str) -> T:
        """Do the work in the loop's thread."""
        if self._loop.is_here:
            return work()

        async def done() -> T:
            return work()

        return self._loop.run(done, _DEADLINE_S, f"media of {self.address}: {what}")
