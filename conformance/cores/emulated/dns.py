"""DNS node: authoritative for its testbed's zone, forwarder for the zones of the other testbeds.

What it knows of the others is a delegation each. Their records come over the socket from their own servers, so
a zone that one server forgot (fault `forgets-zone:TESTBED`) is missing exactly where that server is asked.
Answers are built with dnspython.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Collection
from ipaddress import ip_address, ip_network
from typing import NamedTuple, cast

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from conformance.cores.emulated.enum_zone import enum_delegations, enum_zones
from conformance.cores.emulated.faults import altered_dns
from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.zone import Outcome, Zone, delegation_of, root_zone, zone_of
from conformance.faults.emitted import Alteration
from conformance.stack.ports import bind_failure, family_of
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import NodeKind
from conformance.vocabulary.identifiers import IpAddress, IpNetwork

FORGETS_ZONE = "forgets-zone"
"""Fault with the name of a testbed as argument: the server has never heard of that testbed's zone."""

_FORWARD_S = 0.75
_FORWARD_ATTEMPTS = 2
_IDLE_S = 10.0
_QUERIES_AT_MOST = 1024
_ZONE_TYPES_REFUSED = (dns.rdatatype.AXFR, dns.rdatatype.IXFR)


class _Neighbour(NamedTuple):
    address: IpAddress
    port: int
    delegation: tuple[dns.rrset.RRset, dns.rrset.RRset]


class DnsServer:
    """Answers queries; knows no sockets of its own but those that it asks its neighbours by.

    Args:
        address: address of this server, where its own queries come from.
        zones: what it is authoritative for.
        neighbours: other zones and who serves them.
        log: its logger.
        alter: changes answers on purpose.
        inside: networks and addresses of the own network, which see another zone.
        inner: that zone; None: they see what all others see.
    """

    def __init__(
        self,
        address: str,
        zones: list[Zone],
        neighbours: dict[dns.name.Name, _Neighbour],
        log: logging.Logger,
        alter: Alteration | None = None,
        inside: Collection[IpNetwork] = (),
        inner: Zone | None = None,
    ) -> None:
        self._inside = tuple(inside)
        self._inner = inner
        self._address = address
        self._alter = alter
        self._zones = {zone.apex: zone for zone in zones}
        self._neighbours = neighbours
        self._log = log

    async def answer(self, wire: bytes, *, stream: bool, source: str = "") -> bytes | None:
        """Answer one query.

        Args:
            wire: the query as it came.
            source: address of who asks.
            stream: true where it came over TCP, so that the answer is not cut to a datagram.

        Returns:
            The answer as it is to be sent; None where nothing can or may be answered.
        """
        try:
            query = dns.message.from_wire(wire)
        except (dns.exception.DNSException, ValueError) as error:
            return self._format_error(wire, error)
        if query.flags & dns.flags.QR:
            return None  # answers to answers never end
        response = dns.message.make_response(query, recursion_available=True)
        await self._fill(query, response, source)
        if stream:
            octets = response.to_wire(max_size=65535)
        else:
            size = max(512, query.payload) if query.edns >= 0 else 512
            octets = response.to_wire(max_size=size, prefer_truncation=True)
        return octets if self._alter is None else self._alter(octets)

    def _is_inside(self, source: str) -> bool:
        return bool(source) and any(ip_address(source) in network for network in self._inside)

    def _format_error(self, wire: bytes, error: Exception) -> bytes | None:
        self._log.warning("no DNS query: %.120s, began %.80r", error, wire[:40])
        if len(wire) < 12 or wire[2] & 0x80:
            return None
        # A header alone: id, QR and the opcode of the query, FORMERR (RFC 1035 4.1.1).
        return wire[:2] + bytes([0x80 | (wire[2] & 0x78), 1]) + bytes(8)

    async def _fill(self, query: dns.message.Message, response: dns.message.Message, source: str) -> None:
        if query.opcode() != dns.opcode.QUERY:
            response.set_rcode(dns.rcode.NOTIMP)
            return
        if len(query.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
            return
        question = query.question[0]
        if question.rdclass != dns.rdataclass.IN or question.rdtype in _ZONE_TYPES_REFUSED:
            response.set_rcode(dns.rcode.REFUSED)
            return
        apex = self._closest(question.name)
        neighbour = self._neighbours.get(apex)
        if neighbour is None:
            zone = self._zones[apex]
            if self._inner is not None and self._is_inside(source) and apex == self._inner.apex:
                zone = self._inner
            self._from_zone(zone, question, response)
        elif query.flags & dns.flags.RD:
            await self._from_neighbour(neighbour, question, response)
        else:
            response.authority.append(neighbour.delegation[0])
            response.additional.append(neighbour.delegation[1])

    def _closest(self, name: dns.name.Name) -> dns.name.Name:
        while name not in self._zones and name not in self._neighbours:
            name = name.parent()  # the root is always there
        return name

    def _from_zone(self, zone: Zone, question: dns.rrset.RRset, response: dns.message.Message) -> None:
        found = zone.lookup(question.name, question.rdtype)
        response.flags |= dns.flags.AA
        response.answer.extend(found.answer)
        response.additional.extend(found.additional)
        if found.outcome is not Outcome.FOUND:
            response.authority.append(zone.soa)
        if found.outcome is Outcome.NO_NAME:
            response.set_rcode(dns.rcode.NXDOMAIN)

    async def _from_neighbour(
        self, neighbour: _Neighbour, question: dns.rrset.RRset, response: dns.message.Message
    ) -> None:
        # Not recursive: the neighbour answers from its own zone or not at all, so that no loop can arise.
        query = dns.message.make_query(question.name, question.rdtype, flags=dns.flags.Flag(0))
        why = f"no answer within {_FORWARD_ATTEMPTS} x {_FORWARD_S:g} s"
        for _ in range(_FORWARD_ATTEMPTS):
            try:
                answer, _tcp = await dns.asyncquery.udp_with_fallback(
                    query,
                    str(neighbour.address),
                    timeout=_FORWARD_S,
                    port=neighbour.port,
                    source=self._address,
                    ignore_unexpected=True,
                )
            except (TimeoutError, dns.exception.Timeout):
                continue
            except (dns.exception.DNSException, OSError, EOFError, ValueError) as error:
                why = str(error) or type(error).__name__
                break
            response.answer = answer.answer
            response.authority = answer.authority
            response.additional = answer.additional
            response.set_rcode(answer.rcode())
            return
        self._log.warning("%s of %s:%d: %.200s", question, neighbour.address, neighbour.port, why)
        response.set_rcode(dns.rcode.SERVFAIL)


def server_of(context: NodeContext) -> DnsServer:
    """Make the server of a testbed from the federation and the faults of the node.

    Raises:
        BadInput: a fault names a testbed that the federation does not have.
    """
    forgotten = context.fault_arguments(FORGETS_ZONE)
    if unknown := sorted(forgotten - set(context.federation.testbeds)):
        known = ", ".join(sorted(context.federation.testbeds))
        raise BadInput(f"{context.name}: fault {FORGETS_ZONE}:{unknown[0]}: expected one of {known}")
    zones = [root_zone(context.testbed)]
    if context.testbed.name not in forgotten:
        zones += [zone_of(context.testbed), *enum_zones(context.testbed)]
    neighbours: dict[dns.name.Name, _Neighbour] = {}
    for name, other in context.federation.testbeds.items():
        if name == context.testbed.name or name in forgotten or NodeKind.DNS not in other.nodes:
            continue
        node, (names, address) = other.node(NodeKind.DNS), delegation_of(other)
        for delegated in (names, *enum_delegations(other)):
            neighbours[delegated.name] = _Neighbour(node.address, node.port, (delegated, address))
    own: list[IpNetwork] = [ip_network(node.address) for node in context.testbed.nodes.values()]
    hides = NodeKind.IBCF in context.testbed.nodes
    if not hides:  # a border is what terminals see too
        own += [access.pool for access in context.testbed.access_networks]
    has_inner = context.testbed.name not in forgotten and (hides or context.testbed.translates_xcap)
    inner = zone_of(context.testbed, inside=True) if has_inner else None
    return DnsServer(str(context.node.address), zones, neighbours, context.log, altered_dns(context), own, inner)


async def run(context: NodeContext) -> None:
    """Serve DNS over UDP and TCP until cancelled.

    Args:
        context: what the node is given.

    Raises:
        TestbedDown: the port is in use.
        NotPermitted: port 53 may not be bound.
        BadInput: a fault that makes no sense.
    """
    server = server_of(context)
    address, port = str(context.node.address), context.node.port
    loop = asyncio.get_running_loop()
    datagrams, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(server, context.log), sock=_bound(address, port, socket.SOCK_DGRAM)
    )
    streams = await asyncio.start_server(
        lambda reader, writer: _serve_stream(server, reader, writer), sock=_bound(address, port, socket.SOCK_STREAM)
    )
    context.log.info("serves DNS on %s:%d", address, port)
    context.ready()
    try:
        await asyncio.Event().wait()
    finally:
        streams.close()
        datagrams.close()


def _bound(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    bound = socket.socket(family_of(address), kind)
    try:
        bound.setblocking(False)
        if kind is socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
        if kind is socket.SOCK_STREAM:
            bound.listen(128)
    except OSError as error:
        bound.close()
        raise bind_failure(error, address, port, "tcp" if kind is socket.SOCK_STREAM else "udp") from None
    return bound


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer, log: logging.Logger) -> None:
        self._server = server
        self._log = log
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The selector loop's transport has the methods, but not the base class.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(self._tasks) >= _QUERIES_AT_MOST:
            self._log.warning("%s:%d: query dropped, %d are open", *addr, _QUERIES_AT_MOST)
            return
        task = asyncio.get_running_loop().create_task(self._answer(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        response = await self._server.answer(data, stream=False, source=addr[0])
        if response is not None and self._transport is not None:
            self._transport.sendto(response, addr)


async def _serve_stream(server: DnsServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the queries of one connection, each behind its two octets of length (RFC 1035 4.2.2)."""
    peer = (writer.get_extra_info("peername") or ("",))[0]
    try:
        while True:
            async with asyncio.timeout(_IDLE_S):
                size = int.from_bytes(await reader.readexactly(2))
                response = await server.answer(await reader.readexactly(size), stream=True, source=peer)
            if response is None:
                break
            writer.write(len(response).to_bytes(2) + response)
            await writer.drain()
    except (TimeoutError, OSError, asyncio.IncompleteReadError):
        pass  # the peer went away or says nothing: the end of every connection
    finally:
        writer.close()
