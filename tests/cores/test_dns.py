"""The DNS nodes of two testbeds over sockets, in this process. Addresses: 127.34.1.15 and 127.34.2.15."""

import asyncio
import contextlib
import logging
import os
import random
import shutil
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import dns.asyncquery
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import pytest
from sipmessage import URI

from conformance.cores.emulated.dns import run as run_dns
from conformance.cores.emulated.node import NodeContext
from conformance.federation import default_federation_path, load_federation, rebase
from conformance.protocols.e164 import enum_name
from conformance.stack.errors import LocationFailed
from conformance.stack.hop import Hop
from conformance.stack.locate import Locator
from conformance.vocabulary.errors import BadInput, TestbedDown
from conformance.vocabulary.federation import Federation, Node, NodeKind

WORKER = 33  # 127.34.0.0/16
DEADLINE_S = 10.0

Ask = Callable[[dns.message.Message], Coroutine[Any, Any, dns.message.Message]]


@pytest.fixture
def federation() -> Federation:
    """The emulated federation in the block of this test, its DNS servers on a port of this process."""
    federation = rebase(load_federation(default_federation_path()), WORKER)
    port = 10_000 + os.getpid() % 20_000
    testbeds = {}
    for name, testbed in federation.testbeds.items():
        if not testbed.has_ims:
            continue
        server = testbed.node(NodeKind.DNS)
        moved = Node(host=server.host, address=server.address, port=port)
        testbeds[name] = testbed.model_copy(update={"nodes": {**testbed.nodes, NodeKind.DNS: moved}})
    return federation.model_copy(update={"testbeds": {**federation.testbeds, **testbeds}})


def context(federation: Federation, name: str, faults: frozenset[str], ready: Callable[[], None]) -> NodeContext:
    return NodeContext(
        federation=federation,
        testbed=federation.testbeds[name],
        kind=NodeKind.DNS,
        folder=Path(),
        log=logging.getLogger(f"{name}/dns"),
        faults=faults,
        ready=ready,
    )


def serve(
    federation: Federation,
    test: Callable[[], Coroutine[Any, Any, None]],
    *,
    names: tuple[str, ...] = ("uc3m", "stuba"),
    faults: dict[str, frozenset[str]] | None = None,
) -> None:
    async def main() -> None:
        nodes = []
        try:
            for name in names:
                ready = asyncio.Event()
                made = context(federation, name, (faults or {}).get(name, frozenset()), ready.set)
                nodes.append(asyncio.ensure_future(run_dns(made)))
                waiting = asyncio.ensure_future(ready.wait())
                await asyncio.wait({waiting, nodes[-1]}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                if nodes[-1].done():
                    nodes.pop().result()
            await test()
        finally:
            for node in nodes:
                node.cancel()
            await asyncio.gather(*nodes, return_exceptions=True)

    async def bounded() -> None:
        async with asyncio.timeout(DEADLINE_S):
            await main()

    asyncio.run(bounded())


async def ask(
    federation: Federation, server: str, query: dns.message.Message, *, tcp: bool = False
) -> dns.message.Message:
    node = federation.testbeds[server].node(NodeKind.DNS)
    over = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    return await over(query, str(node.address), timeout=5, port=node.port)


def texts(message: dns.message.Message) -> list[str]:
    """Records of the answer; their order on the wire is left to chance, so that load spreads."""
    return sorted(record.to_text() for records in message.answer for record in records)


@pytest.mark.parametrize("tcp", [False, True])
def test_its_own_zone_is_answered_with_authority(federation: Federation, tcp: bool) -> None:
    async def test() -> None:
        answer = await ask(federation, "uc3m", dns.message.make_query("icscf.uc3m.netlab.test", "A"), tcp=tcp)
        assert answer.flags & dns.flags.AA
        assert texts(answer) == ["127.34.1.12"]

    serve(federation, test, names=("uc3m",))


def test_no_data_and_no_name_carry_the_soa(federation: Federation) -> None:
    """RFC 2308."""

    async def test() -> None:
        for name, kind, rcode, soa in (
            ("icscf.uc3m.netlab.test", "AAAA", dns.rcode.NOERROR, "uc3m.netlab.test."),
            ("nowhere.uc3m.netlab.test", "A", dns.rcode.NXDOMAIN, "uc3m.netlab.test."),
            ("www.example.com", "A", dns.rcode.NXDOMAIN, "."),
        ):
            answer = await ask(federation, "uc3m", dns.message.make_query(name, kind))
            assert answer.rcode() == rcode
            assert [records.name.to_text() for records in answer.authority] == [soa]

    serve(federation, test, names=("uc3m",))


def test_the_zone_of_another_testbed_comes_from_its_server(federation: Federation) -> None:
    async def test() -> None:
        answer = await ask(federation, "uc3m", dns.message.make_query("stuba.netlab.test", "NAPTR"))
        assert len(texts(answer)) == 2
        assert not answer.flags & dns.flags.AA
        assert answer.flags & dns.flags.RA
        missing = await ask(federation, "uc3m", dns.message.make_query("x.stuba.netlab.test", "A"))
        assert missing.rcode() == dns.rcode.NXDOMAIN

    serve(federation, test)


@pytest.mark.parametrize(
    ("number", "leads_to"),
    [("+34000000001", "sip:alice@uc3m.netlab.test"), ("+421000000001", "sip:bob@stuba.netlab.test")],
)
def test_numbers_are_found_wherever_they_are(federation: Federation, number: str, leads_to: str) -> None:
    """RFC 6116, RFC 3764: a number of another testbed comes from its server, as its zone does."""

    async def test() -> None:
        answer = await ask(federation, "uc3m", dns.message.make_query(enum_name(number), "NAPTR"))
        assert texts(answer) == [f'100 10 "u" "E2U+sip" "!^.*$!{leads_to}!" .']
        nobody = await ask(federation, "uc3m", dns.message.make_query(enum_name("+34000000999"), "NAPTR"))
        assert nobody.rcode() == dns.rcode.NXDOMAIN

    serve(federation, test)


def test_without_recursion_desired_the_answer_is_a_referral(federation: Federation) -> None:
    async def test() -> None:
        query = dns.message.make_query("icscf.stuba.netlab.test", "A", flags=dns.flags.Flag(0))
        answer = await ask(federation, "uc3m", query)
        assert answer.answer == []
        assert answer.authority[0][0].to_text() == "ns.stuba.netlab.test."
        assert answer.additional[0][0].to_text() == "127.34.2.15"

    serve(federation, test)


def test_a_dead_neighbour_is_servfail_in_time(federation: Federation) -> None:
    async def test() -> None:
        answer = await ask(federation, "uc3m", dns.message.make_query("icscf.stuba.netlab.test", "A"))
        assert answer.rcode() == dns.rcode.SERVFAIL

    serve(federation, test, names=("uc3m",))


@pytest.mark.parametrize(
    ("faulty", "forgotten", "asked", "wanted", "found"),
    [
        ("uc3m", "stuba", "uc3m", "stuba", False),
        ("uc3m", "stuba", "stuba", "stuba", True),
        ("uc3m", "stuba", "uc3m", "uc3m", True),
        ("stuba", "stuba", "uc3m", "stuba", False),  # its own server forgot it: nobody can know it
        ("stuba", "stuba", "stuba", "uc3m", True),
    ],
)
def test_a_forgotten_zone_is_missing_where_that_server_is_asked_and_nowhere_else(
    federation: Federation, faulty: str, forgotten: str, asked: str, wanted: str, found: bool
) -> None:
    async def test() -> None:
        node = federation.testbeds[asked].node(NodeKind.DNS)
        locator = Locator(str(node.address), node.port)
        uri = URI.parse(f"sip:{wanted}.netlab.test")
        if found:
            entry = str(federation.testbeds[wanted].node(NodeKind.ICSCF).address)
            assert [hop async for hop in locator.locate(uri)] == [Hop(entry, 5060, "udp"), Hop(entry, 5060, "tcp")]
        else:
            with pytest.raises(LocationFailed, match="no address"):
                await anext(aiter(locator.locate(uri)))

    serve(federation, test, faults={faulty: frozenset({f"forgets-zone:{forgotten}"})})


def test_a_fault_for_an_unknown_testbed_is_refused(federation: Federation) -> None:
    async def test() -> None: ...

    with pytest.raises(BadInput, match=r"uc3m/dns: fault forgets-zone:nobody: expected one of octopus"):
        serve(federation, test, faults={"uc3m": frozenset({"forgets-zone:nobody"})})


def test_a_port_in_use_is_one_line(federation: Federation) -> None:
    async def test() -> None: ...

    node = federation.testbeds["uc3m"].node(NodeKind.DNS)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind((str(node.address), node.port))
        with pytest.raises(TestbedDown, match=rf"{node.address}:{node.port}/udp is in use \(held by "):
            serve(federation, test)


def test_an_answer_too_large_for_the_datagram_is_cut_and_whole_over_tcp(federation: Federation) -> None:
    """RFC 1035 4.2.1: 512 octets without EDNS; the TC bit sends the client to TCP."""
    testbed = federation.testbeds["uc3m"].model_copy(
        update={"domain": "uc3m" + ".long-label-of-a-domain" * 9 + ".test"}
    )
    long = federation.model_copy(update={"testbeds": {**federation.testbeds, "uc3m": testbed}})

    async def test() -> None:
        query = dns.message.make_query(testbed.domain, "ANY", use_edns=False)
        cut = await ask(long, "uc3m", query)
        assert cut.flags & dns.flags.TC
        whole = await ask(long, "uc3m", query, tcp=True)
        assert not whole.flags & dns.flags.TC
        assert len(texts(whole)) == 4
        large = dns.message.make_query(testbed.domain, "ANY", use_edns=0, payload=4096)
        assert texts(await ask(long, "uc3m", large)) == texts(whole)

    serve(long, test, names=("uc3m",))


@pytest.mark.parametrize("case", ["opcode", "class", "transfer", "two questions"])
def test_what_it_does_not_do_is_refused(federation: Federation, case: str) -> None:
    query = dns.message.make_query("uc3m.netlab.test", "AXFR" if case == "transfer" else "A")
    wanted = dns.rcode.REFUSED
    if case == "opcode":
        query.set_opcode(dns.opcode.NOTIFY)
        wanted = dns.rcode.NOTIMP
    elif case == "class":
        query = dns.message.make_query("uc3m.netlab.test", "A", rdclass=dns.rdataclass.CH)
    elif case == "two questions":
        query.question.append(dns.message.make_query("stuba.netlab.test", "A").question[0])
        wanted = dns.rcode.FORMERR

    async def test() -> None:
        loop = asyncio.get_running_loop()
        node = federation.testbeds["uc3m"].node(NodeKind.DNS)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.setblocking(False)
            await loop.sock_sendto(client, query.to_wire(), (str(node.address), node.port))
            received = await loop.sock_recv(client, 65535)
        assert received[3] & 15 == wanted

    serve(federation, test, names=("uc3m",))


def test_hostile_octets_hurt_nobody(federation: Federation, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(53)
    good = dns.message.make_query("uc3m.netlab.test", "NAPTR").to_wire()
    datagrams = [chance.randbytes(chance.randrange(1, 600)) for _ in range(300)]
    for _ in range(300):
        broken = bytearray(good)
        broken[chance.randrange(len(good))] = chance.randrange(256)
        datagrams.append(bytes(broken[: chance.randrange(1, len(good) + 1)]))

    async def test() -> None:
        node = federation.testbeds["uc3m"].node(NodeKind.DNS)
        where = (str(node.address), node.port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hostile:
            for datagram in datagrams:
                hostile.sendto(datagram, where)
                await asyncio.sleep(0)
        for octets in (b"\0\x05abc", b"\xff\xff" + bytes(70000), b"\0\0", b"\0\x10" + bytes(16)):
            _, writer = await asyncio.open_connection(*where)
            writer.write(octets)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        answer = await ask(federation, "uc3m", dns.message.make_query("icscf.uc3m.netlab.test", "A"))
        assert texts(answer) == ["127.34.1.12"]

    with caplog.at_level(logging.INFO):
        serve(federation, test, names=("uc3m",))
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert [
        line for line in (record.getMessage() for record in caplog.records) if "\n" in line or len(line) > 500
    ] == []


def test_a_foreign_client_reads_the_zone(federation: Federation) -> None:
    dig = shutil.which("dig")
    if dig is None:
        pytest.skip("dig is not installed (Debian package bind9-dnsutils)")

    async def test() -> None:
        node = federation.testbeds["uc3m"].node(NodeKind.DNS)
        for further in ((), ("+tcp",), ("+noedns",)):
            process = await asyncio.create_subprocess_exec(
                *(dig, f"@{node.address}", "-p", str(node.port), "stuba.netlab.test", "NAPTR", "+time=3", *further),
                stdout=asyncio.subprocess.PIPE,
            )
            output = (await process.communicate())[0].decode()
            assert "status: NOERROR" in output
            assert '10 50 "s" "SIP+D2U" "" _sip._udp.stuba.netlab.test.' in output
            assert "WARNING" not in output

    serve(federation, test)
