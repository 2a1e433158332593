"""A SIP element over real sockets. Addresses: 127.34.11.0/24."""

import asyncio
import contextlib
import logging
import random
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sipmessage import URI, Request, Response

from conformance.protocols.sip.message import make_response, read_message, top_via, write_message
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.errors import TransactionTimeout, TransportFailed
from conformance.stack.hop import Hop
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.vocabulary.errors import HarnessFault, TestbedDown

SERVER, CLIENT = "127.34.11.1", "127.34.11.2"
FAST = SipTimers(t1_s=0.02, t2_s=0.08, t4_s=0.1)
"""For what must time out."""
QUICK = SipTimers(t1_s=0.1, t2_s=0.4, t4_s=0.1)
"""For what must be sent again, but not time out on a busy machine."""
DEADLINE_S = 10.0


def run(test: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(DEADLINE_S):
            await test

    asyncio.run(bounded())


def request(method: str = "OPTIONS", *, body: bytes = b"", call_id: str = "c") -> Request:
    message = Request(method, URI(scheme="sip", host=SERVER), body)
    for name, value in (
        ("Max-Forwards", "70"),
        ("From", f"<sip:a@{CLIENT}>;tag=1"),
        ("To", f"<sip:b@{SERVER}>"),
        ("Call-ID", call_id),
        ("CSeq", f"1 {method}"),
    ):
        message.headers.set(name, value)
    return message


class Answerer:
    """Answers each request with a list of codes and remembers what it saw."""

    def __init__(self, *codes: int) -> None:
        self.codes = codes
        self.seen: list[ServerTransaction] = []

    async def __call__(self, transaction: ServerTransaction) -> None:
        self.seen.append(transaction)
        if transaction.request.method != "ACK":
            for code in self.codes:
                await transaction.respond(make_response(transaction.request, code, to_tag="t"))


@asynccontextmanager
async def pair(
    answer: Callable[[ServerTransaction], Coroutine[Any, Any, None]] | None,
    *,
    alter_server: Callable[[bytes], bytes | None] | None = None,
    alter_client: Callable[[bytes], bytes | None] | None = None,
    timers: SipTimers = QUICK,
) -> AsyncIterator[tuple[SipStack, Hop]]:
    server = SipStack(SERVER, 0, timers, on_request=answer, alter=alter_server)
    client = SipStack(CLIENT, 0, timers, alter=alter_client)
    await server.start()
    await client.start()
    try:
        yield client, Hop(SERVER, server.port, "udp")
    finally:
        await client.stop()
        await server.stop()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_request_is_answered(transport: str) -> None:
    answer = Answerer(100, 200)
    provisional: list[Response] = []

    async def test() -> None:
        async with pair(answer) as (client, hop):
            sent = request(body=b"hello")
            response = await client.send_request(
                sent, hop._replace(transport=transport), on_response=provisional.append
            )
            assert response.code == 200
            via = top_via(response)
            assert (via.transport, via.host, via.port) == (transport.upper(), CLIENT, client.port)
            assert sent.headers.getlist("Via") == []  # the caller's request is left alone
            got = answer.seen[0]
            assert got.source[0] == CLIENT
            assert got.source.transport == transport
            assert got.request.body == b"hello"
            if transport == "udp":
                # RFC 3581: asked for by the client, filled in by the server
                assert got.source.port == client.port
                assert via.parameters["received"] == CLIENT
                assert via.parameters["rport"] == str(client.port)

    run(test())
    assert [response.code for response in provisional] == [100]


def test_without_a_user_requests_are_answered_with_501() -> None:
    async def test() -> None:
        async with pair(None) as (client, hop):
            assert (await client.send_request(request(), hop)).code == 501

    run(test())


def test_a_user_that_fails_answers_500(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(transaction: ServerTransaction) -> None:
        raise KeyError("our bug")

    async def test() -> None:
        async with pair(broken) as (client, hop):
            assert (await client.send_request(request(), hop)).code == 500

    run(test())
    assert "our bug" in caplog.text


def test_silence_is_a_timeout_after_64_t1_with_retransmissions_until_then() -> None:
    sent = []

    def count(data: bytes) -> bytes:
        sent.append(data)
        return data

    async def silent(transaction: ServerTransaction) -> None:
        return

    async def test() -> None:
        async with pair(silent, alter_client=count, timers=FAST) as (client, hop):
            began = asyncio.get_running_loop().time()
            with pytest.raises(TransactionTimeout, match="OPTIONS to"):
                await client.send_request(request(), hop)
            waited = asyncio.get_running_loop().time() - began
            assert 64 * FAST.t1_s <= waited < 64 * FAST.t1_s + 5

    run(test())
    # T1 = 20 ms, T2 = 80 ms: at 0, 20, 60, 140, 220, ... 1260 ms
    assert len(sent) == 18
    assert len(set(sent)) == 1


def test_timers_may_depend_on_the_peer() -> None:
    """A P-CSCF has longer timers towards terminals (3GPP TS 24.229)."""
    slow = SipTimers(t1_s=60, t2_s=240, t4_s=300)

    async def test() -> None:
        client = SipStack(CLIENT, 0, lambda peer: slow if peer == "127.34.11.8" else FAST)
        await client.start()
        to_slow = asyncio.ensure_future(client.send_request(request(), Hop("127.34.11.8", 9, "udp")))
        with pytest.raises(TransactionTimeout):
            await client.send_request(request(), Hop("127.34.11.9", 9, "udp"))
        assert not to_slow.done()
        await client.stop()
        with pytest.raises(TransportFailed):
            await to_slow

    run(test())


def test_a_lost_request_is_sent_again_and_reaches_the_user_once() -> None:
    answer = Answerer(200)
    sent = []

    def lose_two(data: bytes) -> bytes | None:
        sent.append(data)
        return data if len(sent) > 2 else None

    async def test() -> None:
        async with pair(answer, alter_client=lose_two) as (client, hop):
            assert (await client.send_request(request(), hop)).code == 200

    run(test())
    assert (len(sent), len(answer.seen)) == (3, 1)


def test_a_lost_response_is_repeated_for_the_retransmission_of_the_request() -> None:
    answer = Answerer(200)
    sent = []

    def lose_one(data: bytes) -> bytes | None:
        sent.append(data)
        return data if len(sent) > 1 else None

    async def test() -> None:
        async with pair(answer, alter_server=lose_one) as (client, hop):
            assert (await client.send_request(request(), hop)).code == 200

    run(test())
    assert len(answer.seen) == 1
    assert sent[0] == sent[1]


def test_the_fault_hook_changes_what_leaves() -> None:
    async def test() -> None:
        def spoil(data: bytes) -> bytes:
            return data.replace(b"200 OK", b"403 No")

        async with pair(Answerer(200), alter_server=spoil) as (client, hop):
            assert (await client.send_request(request(), hop)).code == 403

    run(test())


def test_an_invite_that_fails_is_acknowledged_by_the_transaction() -> None:
    answer = Answerer(180, 486)
    sent: list[bytes] = []

    def note(data: bytes) -> bytes:
        sent.append(data)
        return data

    async def test() -> None:
        async with pair(answer, alter_client=note) as (client, hop):
            response = await client.send_request(request("INVITE"), hop)
            assert response.code == 486

    run(test())
    assert len(answer.seen) == 1  # the ACK ends in the server transaction
    ack = read_message(sent[1])
    assert isinstance(ack, Request)
    assert ack.method == "ACK"
    assert top_via(ack) == top_via(read_message(sent[0]))
    assert ack.headers["To"].endswith("tag=t")


def test_the_ack_of_a_2xx_reaches_the_user() -> None:
    acknowledged = asyncio.Event()
    seen = []

    async def answer(transaction: ServerTransaction) -> None:
        seen.append(transaction.request.method)
        if transaction.request.method == "ACK":
            with pytest.raises(HarnessFault):
                await transaction.respond(make_response(transaction.request, 200))
            acknowledged.set()
        else:
            await transaction.respond(make_response(transaction.request, 200, to_tag="t"))

    async def test() -> None:
        async with pair(answer) as (client, hop):
            await client.send_request(request("INVITE"), hop)
            await client.send_ack(request("ACK"), hop)
            await acknowledged.wait()

    run(test())
    assert seen == ["INVITE", "ACK"]


def test_an_invite_without_answer_gets_100_from_the_transaction() -> None:
    provisional = asyncio.Event()

    async def silent(transaction: ServerTransaction) -> None:
        return

    async def test() -> None:
        async with pair(silent) as (client, hop):
            pending = asyncio.ensure_future(
                client.send_request(request("INVITE"), hop, on_response=lambda _: provisional.set())
            )
            await provisional.wait()
            pending.cancel()

    run(test())


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


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_two_hundred_transactions_at_once(transport: str) -> None:
    answer = Answerer(200)

    async def test() -> None:
        async with pair(answer, timers=SipTimers()) as (client, hop):
            over = hop._replace(transport=transport)
            responses = await asyncio.gather(*(client.send_request(request(call_id=str(n)), over) for n in range(200)))
            assert [response.call_id for response in responses] == [str(n) for n in range(200)]

    run(test())
    assert len(answer.seen) == 200


SIPP_REGISTER = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="register">
  <send retrans="500"><![CDATA[
REGISTER sip:[remote_ip] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:a@[local_ip]>;tag=[call_number]
To: <sip:a@[local_ip]>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:a@[local_ip]:[local_port]>
Expires: 60
Content-Length: 0

]]></send>
  <recv response="100" optional="true"/>
  <recv response="200"/>
</scenario>
"""


@pytest.mark.parametrize(("transport", "mode"), [("udp", "u1"), ("tcp", "t1")])
def test_a_foreign_client_registers(transport: str, mode: str, tmp_path: Path) -> None:
    sipp = shutil.which("sipp")
    if sipp is None:
        pytest.skip("sipp is not installed (Debian package sip-tester)")
    scenario = tmp_path / "register.xml"
    scenario.write_text(SIPP_REGISTER)
    answer = Answerer(100, 200)

    async def test() -> None:
        server = SipStack(SERVER, 0, FAST, on_request=answer)
        await server.start()
        process = await asyncio.create_subprocess_exec(
            *(sipp, f"{SERVER}:{server.port}", "-sf", str(scenario), "-i", CLIENT, "-t", mode),
            *("-m", "50", "-r", "200", "-timeout", "8", "-timeout_error", "-nostdin"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=tmp_path,
        )
        output, _ = await process.communicate()
        await server.stop()
        assert process.returncode == 0, output.decode(errors="replace")[-2000:]

    run(test())
    assert len(answer.seen) == 50
    assert {transaction.source.transport for transaction in answer.seen} == {transport}
