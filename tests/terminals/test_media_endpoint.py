"""Two endpoints on addresses of the loopback interface hear each other's tone."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from conformance.protocols.rtcp import Bye, Report, decode
from conformance.protocols.rtp import RtpPacket
from conformance.stack.rtp_session import Receive
from conformance.terminals.loop import TerminalLoop
from conformance.terminals.media_endpoint import MediaEndpoint
from conformance.vocabulary.errors import HarnessFault, TestbedDown

ALICE, BOB = "127.35.0.21", "127.35.0.22"


@pytest.fixture
def endpoints(loop: TerminalLoop) -> Iterator[tuple[MediaEndpoint, MediaEndpoint]]:
    alice, bob = MediaEndpoint(ALICE, loop), MediaEndpoint(BOB, loop)
    with closing(alice), closing(bob):
        alice.open()
        bob.open()
        yield alice, bob


def eventually(condition: Callable[[], bool], deadline_s: float = 10) -> None:
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "not within the deadline"
        time.sleep(0.01)


def test_each_hears_the_tone_of_the_other(endpoints: tuple[MediaEndpoint, MediaEndpoint]) -> None:
    alice, bob = endpoints
    alice.start(BOB, bob.port, seconds=1)
    bob.start(ALICE, alice.port, payload_type=0, seconds=1)
    eventually(lambda: alice.statistics().packets == bob.statistics().packets == 50)
    assert alice.identity != bob.identity
    assert (alice.heard(), bob.heard()) == (bob.identity, alice.identity)
    found = bob.statistics()
    assert (found.ssrcs, found.payload_types, found.lost, found.octets) == ((alice.ssrc,), (8,), 0, 8000)
    assert alice.statistics().payload_types == (0,)
    assert found.jitter_ms < 20
    alice.stop()
    bob.stop()
    eventually(lambda: len(alice.statistics().told) == len(bob.statistics().told) == 1)
    assert alice.statistics().told[0].ssrc == alice.ssrc
    assert alice.statistics().told[0].lost == 0
    assert alice.statistics().malformed == bob.statistics().malformed == 0


def test_one_way_media_are_told(endpoints: tuple[MediaEndpoint, MediaEndpoint]) -> None:
    alice, bob = endpoints
    alice.start(BOB, bob.port)
    eventually(lambda: bob.statistics().packets >= 10)
    assert bob.heard() == alice.identity
    assert alice.heard() is None
    assert alice.statistics().is_silent
    assert not bob.statistics().is_silent


def test_packets_leave_every_20_ms_with_one_ssrc_and_the_mark_of_voice(loop: TerminalLoop) -> None:
    alice = MediaEndpoint(ALICE, loop)
    with (
        closing(alice),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bob,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bob_rtcp,
    ):
        bob.bind((BOB, 40_000))
        bob_rtcp.bind((BOB, 40_001))
        bob.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        bob.settimeout(10)
        bob_rtcp.settimeout(10)
        alice.open()
        alice.start(BOB, 40_000)
        packets, marks, begin = [], set(), time.monotonic()
        for _ in range(40):
            data, beside, _, source = bob.recvmsg(2048, 64)
            packets.append(RtpPacket.decode(data))
            marks.add(beside[0][2][0] >> 2)
            assert source == (ALICE, alice.port)
        took = time.monotonic() - begin
        alice.stop()
        while len(told := decode(bob_rtcp.recv(2048))) < 3:
            pass  # a report of its own that came before
        report, _, bye = told
    assert marks == {46}
    assert {packet.ssrc for packet in packets} == {alice.ssrc}
    assert [packet.marker for packet in packets] == [True] + 39 * [False]
    assert {len(packet.payload) for packet in packets} == {160}
    assert {(b.sequence - a.sequence) & 0xFFFF for a, b in itertools.pairwise(packets)} == {1}
    assert {(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in itertools.pairwise(packets)} == {160}
    assert took == pytest.approx(39 * 0.02, abs=0.3)
    assert isinstance(report, Report)
    assert report.sent is not None
    assert report.sent.packets >= 40
    assert bye == Bye((alice.ssrc,))


def test_ports_are_a_pair_and_one_that_is_taken_is_passed_over(loop: TerminalLoop) -> None:
    first, second = MediaEndpoint(ALICE, loop), MediaEndpoint(ALICE, loop)
    with closing(first), closing(second):
        port = first.open()
        assert port % 2 == 0
        with pytest.raises(TestbedDown, match="is in use"):
            second.open(port)
        assert second.open() != port
        with pytest.raises(HarnessFault, match="expected an even one"):
            MediaEndpoint(ALICE, loop).open(40_101)


def test_an_odd_port_that_is_taken_gives_the_even_one_back(loop: TerminalLoop) -> None:
    endpoint = MediaEndpoint(ALICE, loop)
    with closing(endpoint), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((ALICE, 47_001))
        with pytest.raises(TestbedDown, match="47001"):
            endpoint.open(47_000)
        other.close()
        assert endpoint.open(47_000) == 47_000


def test_what_is_no_rtp_is_counted_and_harms_nothing(endpoints: tuple[MediaEndpoint, MediaEndpoint]) -> None:
    alice, _ = endpoints
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"\x40nonsense", (ALICE, alice.port))
        stranger.sendto(b"\x81\xc8\0\1nons", (ALICE, alice.port + 1))
        for ssrc in range(20):
            stranger.sendto(RtpPacket(8, 1, 1, ssrc, b"\xd5").encode(), (ALICE, alice.port))
        eventually(lambda: alice.statistics().malformed == 6)
    assert len(alice.statistics().ssrcs) == 16
    assert alice.heard() is None


def test_packets_may_leave_through_something_else_than_a_socket(loop: TerminalLoop) -> None:
    ends: dict[int, Receive] = {}

    class Carried:
        def send(self, data: bytes, destination: tuple[str, int]) -> None:
            ends[destination[1]](data, (ALICE, 1))

        def close(self) -> None:
            pass

    def carry(port: int, receive: Receive) -> Carried:
        ends[port] = receive
        return Carried()

    alice = MediaEndpoint(ALICE, loop, tone_hz=700, open_port=carry)
    with closing(alice):
        alice.open(50_000)
        alice.start(ALICE, 50_000, seconds=0.2)
        eventually(lambda: alice.statistics().packets == 10)
        assert alice.heard() == pytest.approx(700, abs=2)


def test_what_is_not_open_or_not_g711_is_refused(loop: TerminalLoop) -> None:
    endpoint = MediaEndpoint(ALICE, loop)
    with pytest.raises(HarnessFault, match="not open"):
        endpoint.statistics()
    with closing(endpoint):
        endpoint.open()
        with pytest.raises(HarnessFault, match="expected 8 or 0"):
            endpoint.start(BOB, 40_000, payload_type=96)
