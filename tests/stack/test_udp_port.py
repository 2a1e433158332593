"""Addresses: 250 of `Block.TUNNELS`."""

from __future__ import annotations

import asyncio
import errno

import pytest

from conformance.stack.udp_port import Address, UdpPort
from conformance.vocabulary.errors import TestbedDown
from tests.blocks import WORKER, Block
from tests.stack.ipv6 import needs_ipv6

NUMBER = WORKER % 100
HERE, THERE = (f"{Block.TUNNELS.prefix}250.{first + NUMBER}" for first in (1, 101))


async def first(received: asyncio.Queue[tuple[bytes, Address]]) -> tuple[bytes, Address]:
    async with asyncio.timeout(5):
        return await received.get()


def test_datagrams_come_with_their_source_and_go_from_the_address() -> None:
    async def story() -> None:
        received: asyncio.Queue[tuple[bytes, Address]] = asyncio.Queue()
        one = UdpPort(HERE, 30_001, lambda data, source: received.put_nowait((data, source)))
        other = UdpPort(THERE, 30_001, lambda data, source: other.send(data + b"!", source) and None)
        try:
            assert one.send(b"hello", (THERE, 30_001)) is None
            assert await first(received) == (b"hello!", (THERE, 30_001))
        finally:
            one.close()
            one.close()
            other.close()

    asyncio.run(story())


def test_a_refusal_is_returned() -> None:
    async def story() -> None:
        port = UdpPort(HERE, 0, lambda data, source: None)
        problem = port.send(b"x" * 65_508, (THERE, 9))
        assert problem is not None
        assert problem.errno == errno.EMSGSIZE
        port.close()

    asyncio.run(story())


def test_a_port_in_use_is_one_line() -> None:
    async def story() -> None:
        port = UdpPort(HERE, 30_003, lambda data, source: None)
        try:
            with pytest.raises(TestbedDown, match=rf"{HERE}:30003/udp is in use \(held by .*pid"):
                UdpPort(HERE, 30_003, lambda data, source: None)
        finally:
            port.close()

    asyncio.run(story())


def test_it_may_be_closed_by_what_it_receives() -> None:
    async def story() -> None:
        taken = asyncio.Event()

        def end(data: bytes, source: Address) -> None:
            port.close()
            taken.set()

        port = UdpPort(HERE, 30_004, end)
        sender = UdpPort(THERE, 0, lambda data, source: None)
        sender.send(b"1", (HERE, 30_004))
        sender.send(b"2", (HERE, 30_004))
        async with asyncio.timeout(5):
            await taken.wait()
        sender.close()

    asyncio.run(story())


@needs_ipv6
def test_a_source_of_ipv6_is_address_and_port_alone() -> None:
    async def story() -> None:
        received: asyncio.Queue[tuple[bytes, Address]] = asyncio.Queue()
        one = UdpPort("::1", 30_005 + NUMBER, lambda data, source: received.put_nowait((data, source)))
        try:
            assert one.send(b"hello", ("::1", 30_005 + NUMBER)) is None
            assert await first(received) == (b"hello", ("::1", 30_005 + NUMBER))
        finally:
            one.close()

    asyncio.run(story())
