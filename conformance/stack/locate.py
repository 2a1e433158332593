"""Where to send a request: RFC 3263, through the testbed's DNS server and nothing else.

No system resolver, no `/etc/hosts`, no cache: each step is a query on the wire that a capture can show.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_address

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
from dns.rdata import Rdata
from dns.rdtypes.IN.NAPTR import NAPTR
from dns.rdtypes.IN.SRV import SRV
from sipmessage import URI

from conformance.stack.errors import LocationFailed
from conformance.stack.hop import Hop

_DEFAULT_PORT = 5060
_SERVICES = {"sip+d2u": "udp", "sip+d2t": "tcp"}


@dataclass(frozen=True)
class _Target:
    """A server that SRV named: where its address is asked for."""

    name: str
    port: int
    transport: str


class Locator:
    """Finds the servers of a URI by asking one DNS server.

    Args:
        dns_address: numeric address of the DNS server of the testbed. Addresses of its kind are asked for: who uses
            it has one of that kind.
        port: its port.
        source: numeric address that queries are sent from; the system's choice where it is None.
        timeout_s: how long one query waits for its answer, in seconds.
        attempts: how often a query is sent before the server counts as dead.
        chance: random numbers for the weights of SRV records.
    """

    def __init__(
        self,
        dns_address: str,
        port: int = 53,
        *,
        source: str | None = None,
        timeout_s: float = 1.0,
        attempts: int = 2,
        chance: random.Random | None = None,
    ) -> None:
        self._server = dns_address
        self._port = port
        self.address_type = "AAAA" if ":" in dns_address else "A"
        """Type of the records that addresses are asked for with."""
        self._source = source
        self._timeout_s = timeout_s
        self._attempts = attempts
        self._chance = chance or random.Random()  # noqa: S311  (spreads load, guards nothing)

    async def locate(self, uri: URI) -> AsyncIterator[Hop]:
        """Find where a request for this URI goes (RFC 3263 4.1 and 4.2), asking no more than is needed.

        Args:
            uri: a `sip` URI; its `maddr`, `transport` and port are obeyed.

        Yields:
            Hops in the order in which they are to be tried; at least one. The questions for a later hop are
            asked when it is wanted, that is, when the earlier ones have failed.

        Raises:
            LocationFailed: one line with the name, the question and what the server said.
        """
        known: dict[str, list[str]] = {}
        asked_for = []
        async for target in self._targets(uri):
            if target.name not in known:
                asked_for.append(target.name)
                known[target.name] = await self._addresses(target.name)
            for address in known[target.name]:
                yield Hop(address, target.port, target.transport)
        if not any(known.values()):
            names = ", ".join(asked_for)
            raise LocationFailed(f"{uri.host}: no address for {names} (DNS {self._server}:{self._port})")

    async def _targets(self, uri: URI) -> AsyncIterator[_Target]:
        if uri.scheme != "sip":
            raise LocationFailed(f"{str(uri)!r:.80}: scheme {uri.scheme}, expected sip")
        host = (uri.parameters.get("maddr") or uri.host).rstrip(".").lower()
        asked = (uri.parameters.get("transport") or "").lower() or None
        if asked not in (None, "udp", "tcp"):
            raise LocationFailed(f"{str(uri)!r:.80}: transport {asked}, expected udp or tcp")
        if uri.port is not None and not 0 < uri.port < 65536:
            raise LocationFailed(f"{str(uri)!r:.80}: port {uri.port}, expected 1 to 65535")
        address = _numeric(host)
        if uri.port is not None or address is not None:
            yield _Target(address or host, uri.port or _DEFAULT_PORT, asked or "udp")
            return
        served = False
        async for name, transport in self._services(host, asked):
            for target in await self._srv(name, transport):
                served = True
                yield target
        if not served:
            yield _Target(host, _DEFAULT_PORT, asked or "udp")

    async def _services(self, host: str, asked: str | None) -> AsyncIterator[tuple[str, str]]:
        """Yield SRV names and their transports: from NAPTR, without NAPTR those of each transport that we have."""
        if asked is not None:
            yield f"_sip._{asked}.{host}", asked
            return
        naptr = [record for record in await self.ask(host, "NAPTR") if isinstance(record, NAPTR)]
        usable = [record for record in naptr if _service(record) in _SERVICES and record.flags.lower() == b"s"]
        for record in sorted(usable, key=lambda record: (record.order, record.preference)):
            yield record.replacement.to_text(omit_final_dot=True), _SERVICES[_service(record)]
        if not usable:
            for transport in ("udp", "tcp"):
                yield f"_sip._{transport}.{host}", transport

    async def _srv(self, name: str, transport: str) -> list[_Target]:
        records = [record for record in await self.ask(name, "SRV") if isinstance(record, SRV)]
        if len(records) == 1 and records[0].target == dns.name.root:
            raise LocationFailed(f"{name}: the service is decidedly not available (SRV target `.`, RFC 2782)")
        return [
            _Target(record.target.to_text(omit_final_dot=True), record.port, transport)
            for record in in_srv_order(records, self._chance)
        ]

    async def _addresses(self, name: str) -> list[str]:
        if (address := _numeric(name)) is not None:
            return [address]
        return [record.to_text() for record in await self.ask(name, self.address_type)]

    async def ask(self, name: str, kind: str) -> list[Rdata]:
        """Send one query, again where nobody answers.

        Args:
            name: what is asked for.
            kind: type of the records: `NAPTR`.

        Returns:
            The records; empty where the name or the type does not exist.

        Raises:
            LocationFailed: one line with the name, the question and what the server said.
        """
        where = f"{name} {kind} (DNS {self._server}:{self._port})"
        rdtype = dns.rdatatype.from_text(kind)
        try:
            query = dns.message.make_query(name, rdtype)
        except dns.exception.DNSException:
            raise LocationFailed(f"{name!r:.80}: no domain name") from None
        for _ in range(self._attempts):
            try:
                answer, _tcp = await dns.asyncquery.udp_with_fallback(
                    query,
                    self._server,
                    timeout=self._timeout_s,
                    port=self._port,
                    source=self._source,
                    ignore_unexpected=True,
                )
                break
            except (TimeoutError, dns.exception.Timeout):
                continue
            except (dns.exception.DNSException, OSError, EOFError) as error:
                raise LocationFailed(f"{where}: {error or type(error).__name__}") from None
        else:
            raise LocationFailed(f"{where}: no answer within {self._attempts} x {self._timeout_s:g} s")
        if answer.rcode() == dns.rcode.NXDOMAIN:
            return []
        if answer.rcode() != dns.rcode.NOERROR or not isinstance(answer, dns.message.QueryMessage):
            raise LocationFailed(f"{where}: {dns.rcode.to_text(answer.rcode())}")
        try:
            found = answer.resolve_chaining()
        except dns.exception.DNSException as error:
            raise LocationFailed(f"{where}: {error}") from None
        return list(found.answer) if found.answer is not None else []


def in_srv_order(records: list[SRV], chance: random.Random) -> list[SRV]:
    """Put SRV records in the order in which they are tried: by priority, then by weighted chance (RFC 2782)."""
    ordered: list[SRV] = []
    for priority in sorted({record.priority for record in records}):
        # Weight 0 stands first, so that it is chosen only when the random number is 0.
        left = sorted((record for record in records if record.priority == priority), key=lambda one: one.weight)
        while left:
            pick = chance.randint(0, sum(record.weight for record in left))
            for index, record in enumerate(left):
                pick -= record.weight
                if pick <= 0:
                    ordered.append(left.pop(index))
                    break
    return ordered


def _service(record: NAPTR) -> str:
    return str(record.service.decode("latin-1")).lower()


def _numeric(host: str) -> str | None:
    """Return the address that a host of a URI is, in its one usual notation; None where it is a name."""
    try:
        return str(ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        return None
