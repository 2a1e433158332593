"""Transactions of a SIP element over real sockets."""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest
from sipmessage import Request, Response

from conformance.protocols.sip.message import make_response, read_message, top_via
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.errors import TransactionTimeout, TransportFailed
from conformance.stack.hop import Hop
from conformance.stack.sip import ServerTransaction, SipStack
from conformance.vocabulary.errors import HarnessFault
from tests.stack.ipv6 import needs_ipv6
from tests.stack.sip_pair import CLIENT, FAST, SERVER, Answerer, pair, request, run


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


@needs_ipv6
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_with_ipv6_hosts_stand_in_brackets_and_received_has_none(transport: str) -> None:
    """RFC 3261 25.1: IPv6reference in sent-by, IPv6address in received."""
    answer = Answerer(200)

    async def test() -> None:
        async with pair(answer, addresses=("::1", "::1")) as (client, hop):
            response = await client.send_request(request(), hop._replace(transport=transport))
            assert response.code == 200
            written = response.headers["Via"]
            assert written.startswith(f"SIP/2.0/{transport.upper()} [::1]:{client.port};branch=")
            assert (";received=::1;" in written + ";") == (transport == "udp")
            assert answer.seen[0].source.address == "::1"

    run(test())


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


def test_without_any_sign_in_time_a_request_is_given_up_and_with_one_it_goes_on() -> None:
    async def trying(transaction: ServerTransaction) -> None:
        await transaction.respond(make_response(transaction.request, 180))

    async def silent(transaction: ServerTransaction) -> None:
        return

    async def test() -> None:
        async with pair(silent, timers=FAST) as (client, hop):
            with pytest.raises(TransactionTimeout, match="no sign within"):
                await client.send_request(request(), hop, sign_within_s=0.1)
        async with pair(trying, timers=FAST) as (client, hop):
            with pytest.raises(TransactionTimeout, match="no answer within"):
                await client.send_request(request(), hop, sign_within_s=0.1)

    run(test())


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
