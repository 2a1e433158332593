from __future__ import annotations

import asyncio

import pytest

from conformance.cores.kamailio.dns_relay import Place, dns_relay, free_port
from conformance.vocabulary.errors import TestbedDown

OWN = "127.35.1.77"
QUERY = bytes.fromhex("abcd01000001000000000000")
LATE = b"\x00\x00"


class Server(asyncio.DatagramProtocol):
    """Answers with the query turned round, after an answer to another query; remembers who asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked.append(addr[0])
        self.transport.sendto(LATE + data[2:], addr)
        self.transport.sendto(data[:2] + data[:1:-1], addr)


class Client(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.answer.set_result(data)


def test_a_query_comes_from_the_node_and_its_own_answer_goes_back() -> None:
    async def scene() -> None:
        loop = asyncio.get_running_loop()
        port, entry = free_port(), Place(OWN, free_port())
        serving, server = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", port))
        async with dns_relay(entry, OWN, Place("127.0.0.1", port)):
            asking, client = await loop.create_datagram_endpoint(Client, remote_addr=entry)
            asking.sendto(QUERY)
            assert await asyncio.wait_for(client.answer, 5) == QUERY[:2] + QUERY[:1:-1]
            assert server.asked == [OWN]
            asking.close()
        serving.close()

    asyncio.run(scene())


def test_tcp_is_passed_on_octet_by_octet() -> None:
    async def scene() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write((await reader.read())[::-1])
            writer.close()

        entry = Place(OWN, free_port())
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        inside = Place("127.0.0.1", server.sockets[0].getsockname()[1])
        async with dns_relay(entry, OWN, inside):
            reader, writer = await asyncio.open_connection(*entry)
            writer.write(QUERY)
            writer.write_eof()
            assert await asyncio.wait_for(reader.read(), 5) == QUERY[::-1]
            writer.close()
        server.close()

    asyncio.run(scene())


def test_a_port_that_is_taken_is_named() -> None:
    async def scene() -> None:
        entry = Place(OWN, free_port())
        async with dns_relay(entry, OWN, entry), dns_relay(entry, OWN, entry):
            pass

    with pytest.raises(TestbedDown, match=rf"{OWN}:\d+/udp is in use"):
        asyncio.run(scene())
