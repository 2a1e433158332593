"""How a SIP element chooses, opens, uses and loses sockets and connections, and what hostile peers send."""

import asyncio
import contextlib
import logging
import random
import socket

import pytest
from sipmessage import Request

from conformance.protocols.sip.message import make_response, read_message, top_via, write_message
from conformance.stack.errors import TransportFailed
from conformance.stack.hop import Hop
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.vocabulary.errors import TestbedDown
from tests.stack.sip_pair import CLIENT, FAST, QUICK, SERVER, Answerer, pair, request, run


def test_a_large_request_goes_over_tcp_and_says_so() -> None:
    """RFC 3261 18.1.1."""
    answer = Answerer(200)

    async def test() -> None:
        async with pair(answer) as (client, hop):
            response = await client.send_request(request(body=b"x" * 1400), hop)
            assert top_via(response).transport == "TCP"

    run(test())
    assert answer.seen[0].source.transport == "tcp"


def test_a_large_request_comes_back_to_udp_where_tcp_is_refused() -> None:
    async def test() -> None:
        client = SipStack(CLIENT, 0, FAST)
        await client.start()
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind((SERVER, 0))
            peer.setblocking(False)
            pending = asyncio.ensure_future(
                client.send_request(request(body=b"x" * 1400), Hop(SERVER, peer.getsockname()[1], "udp"))
            )
            data, source = await loop.sock_recvfrom(peer, 65535)
            received = read_message(data)
            assert isinstance(received, Request)
            assert top_via(received).transport == "UDP"
            await loop.sock_sendto(peer, write_message(make_response(received, 200)), source)
            assert (await pending).code == 200
        await client.stop()

    run(test())


def test_connections_are_used_again_from_the_elements_own_address() -> None:
    answer = Answerer(200)

    async def test() -> None:
        async with pair(answer) as (client, hop):
            over_tcp = hop._replace(transport="tcp")
            await asyncio.gather(*(client.send_request(request(call_id=str(n)), over_tcp) for n in range(20)))

    run(test())
    assert {transaction.source.address for transaction in answer.seen} == {CLIENT}
    assert len({transaction.source.port for transaction in answer.seen}) == 1


def test_a_response_whose_connection_is_gone_goes_to_sent_by() -> None:
    """RFC 3261 18.2.2."""
    asked, closed = asyncio.Event(), asyncio.Event()

    async def late(transaction: ServerTransaction) -> None:
        asked.set()
        await closed.wait()
        await transaction.respond(make_response(transaction.request, 200))

    async def test() -> None:
        arrived: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            arrived.set_result(await reader.readuntil(b"\r\n\r\n"))
            writer.close()

        server = SipStack(SERVER, 0, QUICK, on_request=late)
        await server.start()
        listener = await asyncio.start_server(listen, CLIENT, 0)
        port = listener.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection(SERVER, server.port, local_addr=(CLIENT, 0))
        message = request()
        message.headers.set("Via", f"SIP/2.0/TCP {CLIENT}:{port};branch=z9hG4bKlate")
        writer.write(write_message(message))
        await asked.wait()
        writer.transport.abort()
        while server._transport.connections:  # until the server has seen the end of it
            await asyncio.sleep(0)
        closed.set()
        assert (await arrived).startswith(b"SIP/2.0 200 OK\r\n")
        listener.close()
        await server.stop()

    run(test())


def test_a_refused_connection_fails_at_once() -> None:
    async def test() -> None:
        client = SipStack(CLIENT, 0, FAST)
        await client.start()
        with pytest.raises(TransportFailed, match="refused"):
            await client.send_request(request(), Hop("127.34.11.9", 9, "tcp"))
        with pytest.raises(TransportFailed, match="numeric"):
            await client.send_request(request(), Hop("scscf.test", 5060, "udp"))
        await client.stop()

    run(test())


def test_a_connection_that_closes_fails_what_waits_for_it() -> None:
    async def test() -> None:
        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.close()

        listener = await asyncio.start_server(hang_up, SERVER, 0)
        client = SipStack(CLIENT, 0, FAST)
        await client.start()
        with pytest.raises(TransportFailed, match="closed before the response"):
            await client.send_request(request(), Hop(SERVER, listener.sockets[0].getsockname()[1], "tcp"))
        await client.stop()
        listener.close()

    run(test())


def test_stopping_fails_what_is_waited_for() -> None:
    async def test() -> None:
        client = SipStack(CLIENT, 0, FAST)
        await client.start()
        pending = asyncio.ensure_future(client.send_request(request(), Hop("127.34.11.9", 9, "udp")))
        await asyncio.sleep(0)
        await client.stop()
        with pytest.raises(TransportFailed, match="stopped"):
            await pending

    run(test())


def test_stopping_fails_what_waits_for_a_connection() -> None:
    async def test() -> None:
        client = SipStack(CLIENT, 0, FAST)
        await client.start()
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as full:
            # Nobody accepts: when its queue is full, a connection stays half open.
            full.bind((SERVER, 0))
            full.listen(0)
            with socket.create_connection(full.getsockname()):
                hop = Hop(*full.getsockname(), "tcp")
                pending = [asyncio.ensure_future(client.send_request(request(), hop)) for _ in range(2)]
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                await client.stop()
                for one in pending:
                    with pytest.raises(TransportFailed, match="stopped"):
                        await one

    run(test())


def test_a_port_in_use_is_one_line_with_its_holder() -> None:
    async def test() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
            holder.bind((SERVER, 0))
            holder.listen()
            port = holder.getsockname()[1]
            with pytest.raises(TestbedDown) as refusal:
                await SipStack(SERVER, port, FAST).start()
        assert str(refusal.value).startswith(f"{SERVER}:{port}/tcp is in use (held by ")
        assert "(pid " in str(refusal.value)
        assert "\n" not in str(refusal.value)
        # nothing was left bound by the attempt
        stack = SipStack(SERVER, port, FAST)
        await stack.start()
        await stack.stop()

    run(test())


def test_hostile_datagrams_are_told_in_bounded_lines_and_hurt_nobody(caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(5060)
    good = request()
    good.headers.set("Via", f"SIP/2.0/UDP {CLIENT}:5060;branch=z9hG4bKx;self=1;rport")
    template = write_message(good)
    datagrams = [bytes(chance.randbytes(chance.randrange(1, 2000))) for _ in range(100)]
    for _ in range(300):
        broken = bytearray(template)
        for _ in range(chance.randrange(1, 12)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        datagrams.append(bytes(broken[: chance.randrange(1, len(broken) + 1)]))
    datagrams += [template[:size] for size in range(1, len(template), 3)]
    datagrams += [b"\r\n\r\n", b"\0", b"SIP/2.0 999999999999 X\r\n\r\n", b"\n" * 60000, b"OPTIONS" * 9000]

    async def test() -> None:
        async with pair(Answerer(200)) as (client, hop):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hostile:
                hostile.bind(("127.34.11.66", 0))
                for datagram in datagrams:
                    hostile.sendto(datagram, (hop.address, hop.port))
                    await asyncio.sleep(0)
            assert (await client.send_request(request(), hop)).code == 200

    with caplog.at_level(logging.INFO):
        run(test())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    lines = [record.getMessage() for record in caplog.records]
    assert any("sent no SIP message" in line for line in lines)
    assert [line for line in lines if "\n" in line or len(line) > 500] == []


async def answer_to(octets: bytes, hop: Hop, size: int) -> bytes:
    """Send octets over a connection; return what came back, nothing where the connection was closed."""
    reader, writer = await asyncio.open_connection(hop.address, hop.port, local_addr=(CLIENT, 0))
    try:
        writer.write(octets)
        return await reader.readexactly(size)
    except (ConnectionError, asyncio.IncompleteReadError):
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def test_hostile_streams_are_closed_and_hurt_nobody() -> None:
    async def test() -> None:
        async with pair(Answerer(200)) as (client, hop):
            for octets in (b"x" * 70000, b"OPTIONS sip:x SIP/2.0\r\n\r\n", b"A\r\nl: 99999\r\n\r\n"):
                assert await answer_to(octets, hop, 1) == b""
            assert await answer_to(b"\r\n\r\n", hop, 2) == b"\r\n"  # RFC 5626: a ping is answered
            assert (await client.send_request(request(), hop._replace(transport="tcp"))).code == 200

    run(test())
