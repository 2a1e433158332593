from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from conformance.protocols.cx import Envelope, LocationInfoAnswer, LocationInfoRequest
from conformance.protocols.diameter_base import Identity, capabilities_exchange_request, device_watchdog_request
from conformance.protocols.diameter_codec import DiameterMessage
from conformance.stack.diameter import DiameterClient, DiameterClosed, DiameterServer, DiameterTimeout
from conformance.stack.diameter_connection import read_message
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.numbers import Avp, DiameterCommand, DiameterResult

PORT = 3868
LIR = LocationInfoRequest("sip:alice@a.test").encode(Envelope("s;1;1", "icscf.a.test", "a.test", "a.test"))
DEADLINE_S = 5.0


async def found(message: DiameterMessage) -> DiameterMessage:
    return LocationInfoAnswer(2001, False, "sip:scscf.a.test").encode(message, "hss.a.test", "a.test")


async def never(message: DiameterMessage) -> DiameterMessage:
    await asyncio.Event().wait()
    raise AssertionError(message)


async def until(condition: Callable[[], bool], what: str) -> None:
    async def turn() -> None:
        while not condition():
            await asyncio.sleep(0)

    try:
        await asyncio.wait_for(turn(), DEADLINE_S)
    except TimeoutError:
        pytest.fail(f"expected within {DEADLINE_S} s: {what}")


def client_of(address: str, **more: Any) -> DiameterClient:
    settings: dict[str, Any] = {
        "origin_host": "icscf.a.test",
        "origin_realm": "a.test",
        "local_address": "127.33.1.2",
        "peer_address": address,
        "peer_port": PORT,
        "answer_timeout_s": DEADLINE_S,
        "watchdog_s": 30.0,
        "retry_s": 0.02,
    }
    return DiameterClient(**settings | more)


def server_at(
    address: str, on_request: Callable[[DiameterMessage], Awaitable[DiameterMessage]] = found, **more: Any
) -> DiameterServer:
    settings: dict[str, Any] = {
        "origin_host": "hss.a.test",
        "origin_realm": "a.test",
        "address": address,
        "port": PORT,
        "answer_timeout_s": DEADLINE_S,
        "watchdog_s": 30.0,
        "on_request": on_request,
    }
    return DiameterServer(**settings | more)


@asynccontextmanager
async def running(*parts: DiameterClient | DiameterServer) -> Any:
    try:
        for part in parts:
            await part.start()
            if isinstance(part, DiameterClient):
                await part.wait_open(DEADLINE_S)
        yield
    finally:
        for part in reversed(parts):
            await part.stop()


async def raw(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(address, PORT, local_addr=("127.33.1.9", 0))


async def next_message(reader: asyncio.StreamReader) -> DiameterMessage:
    message = await asyncio.wait_for(read_message(reader), DEADLINE_S)
    assert message is not None, "expected a message, found the end of the connection"
    return message


def test_capabilities_are_exchanged_and_requests_answered() -> None:
    async def scenario() -> None:
        server, client = server_at("127.33.2.1"), client_of("127.33.2.1")
        async with running(server, client):
            assert client.is_open
            assert client.peer_host == "hss.a.test"
            assert server.peers == {"icscf.a.test"}
            answer = LocationInfoAnswer.decode(await client.send(LIR))
            assert answer.server_name == "sip:scscf.a.test"
        assert not client.is_open

    asyncio.run(scenario())


def test_peers_are_waited_for_and_who_is_missing_is_told() -> None:
    async def scenario() -> None:
        server, client = server_at("127.33.2.40"), client_of("127.33.2.40")
        async with running(server):
            waiting = asyncio.ensure_future(server.wait_open(frozenset({"icscf.a.test"}), DEADLINE_S))
            assert await server.wait_open(frozenset({"icscf.a.test", "x"}), 0.01) == {"icscf.a.test", "x"}
            async with running(client):
                assert await waiting == frozenset()

    asyncio.run(scenario())


def test_answers_find_their_requests_in_any_order() -> None:
    async def scenario() -> None:
        first_may_go = asyncio.Event()
        order: list[str] = []

        async def slow_first(message: DiameterMessage) -> DiameterMessage:
            name = message.list.need_text(Avp.PUBLIC_IDENTITY)
            if name == "sip:0@a.test":
                await first_may_go.wait()
            order.append(name)
            return LocationInfoAnswer(2001, False, name).encode(message, "hss.a.test", "a.test")

        client = client_of("127.33.2.2")
        async with running(server_at("127.33.2.2", slow_first), client):
            envelope = Envelope("s;1;1", "icscf.a.test", "a.test", "a.test")
            names = [f"sip:{i}@a.test" for i in range(20)]
            asked = [asyncio.ensure_future(client.send(LocationInfoRequest(n).encode(envelope))) for n in names]
            await until(lambda: len(order) == 19, "nineteen answers")
            first_may_go.set()
            answers = [LocationInfoAnswer.decode(message).server_name for message in await asyncio.gather(*asked)]
            assert answers == names
            assert order[-1] == names[0]

    asyncio.run(scenario())


def test_the_server_asks_the_client_too() -> None:
    async def scenario() -> None:
        server = server_at("127.33.2.3")
        async with running(server, client_of("127.33.2.3", on_request=found)):
            answer = await server.send("icscf.a.test", LIR)
            assert answer.list.number(Avp.RESULT_CODE) == 2001
            with pytest.raises(DiameterClosed, match=r"scscf\.a\.test: not connected; 302 request was not sent"):
                await server.send("scscf.a.test", LIR)

    asyncio.run(scenario())


def test_a_client_that_serves_nothing_refuses_the_command() -> None:
    """RFC 6733 7.1.3: DIAMETER_COMMAND_UNSUPPORTED with the E bit."""

    async def scenario() -> None:
        server = server_at("127.33.2.4")
        async with running(server, client_of("127.33.2.4")):
            answer = await server.send("icscf.a.test", LIR)
            assert answer.list.number(Avp.RESULT_CODE) == DiameterResult.COMMAND_UNSUPPORTED
            assert answer.is_error

    asyncio.run(scenario())


def test_a_silent_server_gives_one_line_that_says_what_was_awaited() -> None:
    async def scenario() -> None:
        client = client_of("127.33.2.5", answer_timeout_s=0.1)
        async with running(server_at("127.33.2.5", never), client):
            with pytest.raises(DiameterTimeout) as caught:
                await client.send(LIR)
            assert str(caught.value) == (
                "Diameter peer 127.33.2.5:3868: expected the answer to 302 request within 0.1 s, found none"
            )
            assert client.is_open

    asyncio.run(scenario())


def test_a_server_that_goes_ends_waiting_requests_and_is_found_again() -> None:
    async def scenario() -> None:
        begun = asyncio.Event()

        async def hold(message: DiameterMessage) -> DiameterMessage:
            begun.set()
            return await never(message)

        first, client = server_at("127.33.2.6", hold), client_of("127.33.2.6")
        await first.start()
        async with running(client):
            waiting = asyncio.ensure_future(client.send(LIR))
            await asyncio.wait_for(begun.wait(), DEADLINE_S)
            await first.stop()
            with pytest.raises(DiameterClosed, match=r"127.33.2.6:3868: the peer ended the connection \(DPR"):
                await waiting
            await until(lambda: not client.is_open, "the client notices")
            with pytest.raises(DiameterClosed, match="was not sent"):
                await client.send(LIR)
            async with running(server_at("127.33.2.6")):
                await client.wait_open(DEADLINE_S)
                assert (await client.send(LIR)).list.number(Avp.RESULT_CODE) == 2001

    asyncio.run(scenario())


def test_nobody_listening_is_told_with_its_reason() -> None:
    async def scenario() -> None:
        client = client_of("127.33.2.7")
        await client.start()
        with pytest.raises(
            DiameterTimeout, match=r"expected an open connection \(CER, CEA\) within 0.2 s, found: .*111"
        ):
            await client.wait_open(0.2)
        await client.stop()

    asyncio.run(scenario())


def test_watchdog_keeps_an_idle_connection() -> None:
    """RFC 3539 3.4: DWR after Tw, DWA brings life."""

    async def scenario() -> None:
        seen: list[int] = []

        def note(octets: bytes) -> bytes:
            seen.append(DiameterMessage.decode(octets).command)
            return octets

        client = client_of("127.33.2.8", watchdog_s=0.05, alter=note)
        async with running(server_at("127.33.2.8"), client):
            await until(lambda: seen.count(DiameterCommand.DEVICE_WATCHDOG) >= 3, "three DWR")
            assert client.is_open

    asyncio.run(scenario())


def test_watchdog_ends_a_connection_without_life() -> None:
    async def scenario() -> None:
        def only_capabilities(octets: bytes) -> bytes | None:
            command = DiameterMessage.decode(octets).command
            return octets if command == DiameterCommand.CAPABILITIES_EXCHANGE else None

        client = client_of("127.33.2.9", watchdog_s=0.1, retry_s=30.0)
        async with running(server_at("127.33.2.9", alter=only_capabilities), client):
            await until(lambda: not client.is_open, "the watchdog gives up")
            with pytest.raises(DiameterClosed, match=r"no sign of life within 0.2 s \(no DWA\)"):
                await client.send(LIR)

    asyncio.run(scenario())


def test_the_server_answers_a_watchdog() -> None:
    async def scenario() -> None:
        async with running(server_at("127.33.2.10")):
            reader, writer = await raw("127.33.2.10")
            identity = Identity("probe.a.test", "a.test", "127.33.1.9")
            writer.write(capabilities_exchange_request(identity).identified(1, 1).encode())
            assert (await next_message(reader)).list.number(Avp.RESULT_CODE) == 2001
            writer.write(device_watchdog_request(identity).identified(7, 8).encode())
            answer = await next_message(reader)
            assert (answer.command, answer.is_request, answer.hop_by_hop, answer.end_to_end) == (280, False, 7, 8)
            writer.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x01\xff\xff\xff" + bytes(40),
        b"\x01\x00\x00\x14\x80",
        LIR.encode(),
        device_watchdog_request(Identity("x.a.test", "a.test", "127.33.1.9")).encode(),
    ],
    ids=["another protocol", "too long", "cut short", "application before CER", "DWR before CER"],
)
def test_a_peer_that_does_not_begin_with_cer_is_put_out(octets: bytes) -> None:
    async def scenario() -> None:
        server = server_at("127.33.2.11")
        async with running(server):
            reader, writer = await raw("127.33.2.11")
            writer.write(octets)
            writer.write_eof()
            assert await asyncio.wait_for(reader.read(), DEADLINE_S) == b""
            writer.close()
            async with running(client_of("127.33.2.11")):
                assert server.peers == {"icscf.a.test"}

    asyncio.run(scenario())


def test_a_peer_without_cx_gets_no_common_application() -> None:
    """RFC 6733 5.3: DIAMETER_NO_COMMON_APPLICATION, then the connection ends."""

    async def scenario() -> None:
        cer = capabilities_exchange_request(Identity("x.a.test", "a.test", "127.33.1.9"))
        bare = tuple(a for a in cer.avps if a.code != Avp.VENDOR_SPECIFIC_APPLICATION_ID)
        async with running(server_at("127.33.2.12")):
            reader, writer = await raw("127.33.2.12")
            writer.write(DiameterMessage(257, 0, True, False, bare).encode())
            assert (await next_message(reader)).list.number(Avp.RESULT_CODE) == 5010
            assert await asyncio.wait_for(reader.read(), DEADLINE_S) == b""
            writer.close()

    asyncio.run(scenario())


def test_a_silent_stranger_is_put_out() -> None:
    async def scenario() -> None:
        async with running(server_at("127.33.2.13", answer_timeout_s=0.1)):
            reader, writer = await raw("127.33.2.13")
            assert await asyncio.wait_for(reader.read(), DEADLINE_S) == b""
            writer.close()

    asyncio.run(scenario())


def test_a_handler_that_fails_is_answered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(message: DiameterMessage) -> DiameterMessage:
        raise RuntimeError("our bug")

    async def scenario() -> None:
        client = client_of("127.33.2.14")
        async with running(server_at("127.33.2.14", broken), client):
            assert (await client.send(LIR)).list.number(Avp.RESULT_CODE) == DiameterResult.UNABLE_TO_COMPLY

    asyncio.run(scenario())
    assert "302 request could not be answered" in caplog.text
    assert "our bug" in caplog.text


def test_a_port_in_use_is_one_line() -> None:
    async def scenario() -> None:
        async with running(server_at("127.33.2.15")):
            with pytest.raises(TestbedDown, match=r"127.33.2.15:3868/tcp: expected a free port, found: .*in use"):
                await server_at("127.33.2.15").start()

    asyncio.run(scenario())


def test_a_client_that_connects_again_replaces_its_older_connection() -> None:
    async def scenario() -> None:
        server = server_at("127.33.2.16")
        async with running(server):
            cer = capabilities_exchange_request(Identity("twin.a.test", "a.test", "127.33.1.9")).encode()
            older_reader, older = await raw("127.33.2.16")
            older.write(cer)
            await next_message(older_reader)
            newer_reader, newer = await raw("127.33.2.16")
            newer.write(cer)
            await next_message(newer_reader)
            assert await asyncio.wait_for(older_reader.read(), DEADLINE_S) == b""
            assert server.peers == {"twin.a.test"}
            older.close()
            newer.close()

    asyncio.run(scenario())
