"""RFC 3263 against a DNS server that the test makes. Addresses: 127.34.12.0/24."""

import asyncio
import collections
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from dns.rdtypes.IN.SRV import SRV
from sipmessage import URI

from conformance.stack.errors import LocationFailed
from conformance.stack.hop import Hop
from conformance.stack.locate import Locator, in_srv_order
from tests.stack.ipv6 import needs_ipv6

DNS, HERE = "127.34.12.53", "127.34.12.1"

NAPTR_UDP = 'home.test. NAPTR 10 50 "s" "SIP+D2U" "" _sip._udp.home.test.'
NAPTR_TCP = 'home.test. NAPTR 20 50 "s" "SIP+D2T" "" _sip._tcp.home.test.'
SRV_UDP = "_sip._udp.home.test. SRV 10 100 5060 icscf.home.test."
SRV_TCP = "_sip._tcp.home.test. SRV 10 100 5070 icscf.home.test."
ADDRESS = "icscf.home.test. A 127.34.12.12"


class _Server(asyncio.DatagramProtocol):
    """Answers from a list of records; remembers the questions."""

    def __init__(self, records: list[str], rcode: dns.rcode.Rcode | None, lost: int) -> None:
        self.questions: list[str] = []
        self.sources: set[str] = set()
        self._rcode = rcode
        self._lost = lost
        self._sets: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], dns.rrset.RRset] = {}
        for record in records:
            name, kind, value = record.split(" ", 2)
            made = dns.rrset.from_text(name, 60, "IN", kind, value)
            self._sets.setdefault((made.name, made.rdtype), made).update(made)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        self.questions.append(f"{question.name.to_text(True)} {dns.rdatatype.to_text(question.rdtype)}")
        self.sources.add(addr[0])
        if self._lost:
            self._lost -= 1
            return
        response = dns.message.make_response(query)
        found = self._sets.get((question.name, question.rdtype))
        alias = self._sets.get((question.name, dns.rdatatype.CNAME))
        if self._rcode is not None:
            response.set_rcode(self._rcode)
        elif found is not None:
            response.answer.append(found)
        elif alias is not None:
            response.answer.append(alias)
            if target := self._sets.get((alias[0].target, question.rdtype)):
                response.answer.append(target)
        else:
            response.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(response.to_wire(), addr)  # type: ignore[attr-defined]


def locate(
    uri: str,
    records: list[str],
    *,
    rcode: dns.rcode.Rcode | None = None,
    lost: int = 0,
    at: str = DNS,
    here: str = HERE,
) -> tuple[list[Hop] | LocationFailed, _Server]:
    server = _Server(records, rcode, lost)

    async def ask() -> list[Hop] | LocationFailed:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=(at, 0))
        try:
            port = transport.get_extra_info("sockname")[1]
            locator = Locator(at, port, source=here, timeout_s=0.2, chance=random.Random(1))
            return [hop async for hop in locator.locate(URI.parse(uri))]
        except LocationFailed as failure:
            return failure
        finally:
            transport.close()

    return asyncio.run(ask()), server


@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        ("sip:127.34.12.9", Hop("127.34.12.9", 5060, "udp")),
        ("sip:127.34.12.9:6060", Hop("127.34.12.9", 6060, "udp")),
        ("sip:127.34.12.9;transport=tcp", Hop("127.34.12.9", 5060, "tcp")),
        ("sip:home.test;maddr=127.34.12.8", Hop("127.34.12.8", 5060, "udp")),
        ("sip:alice@[FD00::0:9]:6060", Hop("fd00::9", 6060, "udp")),
        ("sip:[fd00::9];transport=tcp", Hop("fd00::9", 5060, "tcp")),
    ],
)
def test_a_numeric_host_asks_no_dns(uri: str, hop: Hop) -> None:
    found, server = locate(uri, [])
    assert found == [hop]
    assert server.questions == []


def test_an_explicit_port_asks_for_the_address_only() -> None:
    found, server = locate("sip:icscf.home.test:6060", [NAPTR_UDP, SRV_UDP, ADDRESS])
    assert found == [Hop("127.34.12.12", 6060, "udp")]
    assert server.questions == ["icscf.home.test A"]
    assert server.sources == {HERE}


@needs_ipv6
def test_who_has_ipv6_asks_for_addresses_of_ipv6() -> None:
    records = [ADDRESS, "icscf.home.test. AAAA fd00::12"]
    found, server = locate("sip:icscf.home.test:6060", records, at="::1", here="::1")
    assert found == [Hop("fd00::12", 6060, "udp")]
    assert server.questions == ["icscf.home.test AAAA"]


def test_naptr_leads_to_srv_and_srv_to_the_address() -> None:
    found, server = locate("sip:alice@Home.test.", [NAPTR_TCP, NAPTR_UDP, SRV_UDP, SRV_TCP, ADDRESS])
    assert found == [Hop("127.34.12.12", 5060, "udp"), Hop("127.34.12.12", 5070, "tcp")]
    assert server.questions == [
        "home.test NAPTR",
        "_sip._udp.home.test SRV",
        "icscf.home.test A",
        "_sip._tcp.home.test SRV",
    ]


def test_nothing_is_asked_for_a_hop_that_nobody_wants() -> None:
    server = _Server([NAPTR_UDP, NAPTR_TCP, SRV_UDP, SRV_TCP, ADDRESS], None, 0)

    async def first() -> Hop:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, local_addr=(DNS, 0))
        locator = Locator(DNS, transport.get_extra_info("sockname")[1], source=HERE)
        try:
            return await anext(aiter(locator.locate(URI.parse("sip:home.test"))))
        finally:
            transport.close()

    assert asyncio.run(first()) == Hop("127.34.12.12", 5060, "udp")
    assert server.questions == ["home.test NAPTR", "_sip._udp.home.test SRV", "icscf.home.test A"]


def test_order_and_preference_of_naptr_decide() -> None:
    tcp_first = 'home.test. NAPTR 5 50 "s" "SIP+D2T" "" _sip._tcp.home.test.'
    found, _ = locate("sip:home.test", [NAPTR_UDP, tcp_first, SRV_UDP, SRV_TCP, ADDRESS])
    assert isinstance(found, list)
    assert found[0] == Hop("127.34.12.12", 5070, "tcp")


def test_naptr_of_other_services_is_passed_over() -> None:
    other = 'home.test. NAPTR 1 1 "s" "SIPS+D2T" "" _sips._tcp.home.test.'
    found, _ = locate("sip:home.test", [other, NAPTR_UDP, SRV_UDP, ADDRESS])
    assert found == [Hop("127.34.12.12", 5060, "udp")]


def test_without_naptr_srv_of_each_transport_is_asked() -> None:
    found, server = locate("sip:home.test", [SRV_TCP, ADDRESS])
    assert found == [Hop("127.34.12.12", 5070, "tcp")]
    assert server.questions[:3] == ["home.test NAPTR", "_sip._udp.home.test SRV", "_sip._tcp.home.test SRV"]


def test_without_naptr_and_srv_the_address_and_the_default_port_are_used() -> None:
    found, _ = locate("sip:home.test", ["home.test. A 127.34.12.20", "home.test. A 127.34.12.21"])
    assert isinstance(found, list)
    assert set(found) == {Hop("127.34.12.20", 5060, "udp"), Hop("127.34.12.21", 5060, "udp")}


def test_a_transport_in_the_uri_needs_no_naptr() -> None:
    found, server = locate("sip:home.test;transport=TCP", [NAPTR_UDP, SRV_UDP, SRV_TCP, ADDRESS])
    assert found == [Hop("127.34.12.12", 5070, "tcp")]
    assert server.questions == ["_sip._tcp.home.test SRV", "icscf.home.test A"]


def test_priority_of_srv_decides() -> None:
    records = [
        NAPTR_UDP,
        "_sip._udp.home.test. SRV 20 1 5080 icscf.home.test.",
        "_sip._udp.home.test. SRV 10 1 5081 icscf.home.test.",
        ADDRESS,
    ]
    found, _ = locate("sip:home.test", records)
    assert isinstance(found, list)
    assert [hop.port for hop in found] == [5081, 5080]


def test_weight_of_srv_spreads_the_load() -> None:
    """RFC 2782: within a priority in proportion to the weight, and every server is in the list."""
    records = [
        dns.rrset.from_text("x.test.", 60, "IN", "SRV", f"1 {weight} {weight + 1} h.test.")[0] for weight in (0, 10, 90)
    ]
    assert all(isinstance(record, SRV) for record in records)
    chance = random.Random(3263)
    first = collections.Counter()
    for _ in range(2000):
        ordered = in_srv_order(records, chance)
        assert sorted(record.weight for record in ordered) == [0, 10, 90]
        first[ordered[0].weight] += 1
    assert 0.85 < first[90] / 2000 < 0.95
    assert 0 < first[0] < 60


def test_an_alias_is_followed() -> None:
    found, _ = locate("sip:www.test:5060", ["www.test. CNAME icscf.home.test.", ADDRESS])
    assert found == [Hop("127.34.12.12", 5060, "udp")]


def test_a_lost_query_is_sent_again() -> None:
    found, server = locate("sip:icscf.home.test:5060", [ADDRESS], lost=1)
    assert found == [Hop("127.34.12.12", 5060, "udp")]
    assert server.questions == ["icscf.home.test A"] * 2


@pytest.mark.parametrize(
    ("uri", "records", "said"),
    [
        ("sip:nowhere.test", [], "no address for nowhere.test"),
        ("sip:home.test", [NAPTR_UDP, SRV_UDP], "no address for icscf.home.test"),
        ("sip:home.test", [NAPTR_UDP, "_sip._udp.home.test. SRV 0 0 0 ."], "decidedly not available"),
        ("sips:home.test", [], "scheme sips"),
        ("tel:+34123", [], "scheme tel"),
        ("sip:home.test;transport=sctp", [], "transport sctp"),
        ("sip:home.test:99999", [], "port 99999"),
        (f"sip:{'a' * 64}.test", [], "no domain name"),
    ],
)
def test_what_cannot_be_located_is_said_in_one_line(uri: str, records: list[str], said: str) -> None:
    found, _ = locate(uri, records)
    assert isinstance(found, LocationFailed)
    assert said in str(found)
    assert "\n" not in str(found)


def test_a_refusal_of_the_server_is_told() -> None:
    found, _ = locate("sip:home.test", [], rcode=dns.rcode.SERVFAIL)
    assert str(found).startswith(f"home.test NAPTR (DNS {DNS}:")
    assert str(found).endswith("): SERVFAIL")


def test_a_silent_server_is_a_failure_within_its_time() -> None:
    found, server = locate("sip:home.test", [], lost=9)
    assert "no answer within 2 x 0.2 s" in str(found)
    assert len(server.questions) == 2


@contextmanager
def _closed_port() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((DNS, 0))
        port = free.getsockname()[1]
    yield port


def test_a_dead_server_is_a_failure() -> None:
    async def first(port: int) -> Hop:
        return await anext(aiter(Locator(DNS, port, source=HERE, timeout_s=0.1).locate(URI.parse("sip:home.test"))))

    with _closed_port() as port, pytest.raises(LocationFailed):
        asyncio.run(first(port))
