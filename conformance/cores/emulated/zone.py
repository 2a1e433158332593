"""The DNS zone of one testbed, made from its row of the federation, and how a name is looked up in it.

The records are those that RFC 3263 needs to find the entry of a home network: NAPTR and SRV lead to the I-CSCF (or
to the IBCF, where there is one, for everybody outside),
every node has its address.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from conformance.cores.emulated.strictness import policy_of
from conformance.vocabulary.federation import XCAP_HOST, NodeKind, Testbed
from conformance.vocabulary.identifiers import IpAddress

TTL_S = 60
"""Time to live of every record, in seconds; also how long a negative answer may be kept (RFC 2308)."""


class Outcome(Enum):
    """What a lookup found (RFC 1034 4.3.2, RFC 2308)."""

    FOUND = auto()
    NO_DATA = auto()
    NO_NAME = auto()


class Lookup(NamedTuple):
    """Result of one lookup: the records asked for, and addresses of the hosts that they name."""

    outcome: Outcome
    answer: tuple[dns.rrset.RRset, ...] = ()
    additional: tuple[dns.rrset.RRset, ...] = ()


class Zone:
    """An authoritative zone.

    Args:
        apex: name of the zone.
        records: all of its record sets; the first is the SOA.
    """

    def __init__(self, apex: dns.name.Name, records: list[dns.rrset.RRset]) -> None:
        self.apex = apex
        self.soa = records[0]
        self._records = {(records_of.name, records_of.rdtype): records_of for records_of in records}

    @property
    def records(self) -> tuple[dns.rrset.RRset, ...]:
        """All record sets, the SOA first."""
        return tuple(self._records.values())

    def lookup(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Lookup:
        """Look a name up.

        Args:
            name: absolute name at or below the apex.
            rdtype: type asked for; ANY gives every type of the name.

        Returns:
            The records. A name that only has names below it exists, without data (RFC 4592 2.2.2).
        """
        if rdtype == dns.rdatatype.ANY:
            answer = tuple(found for (owner, _), found in self._records.items() if owner == name)
        else:
            found = self._records.get((name, rdtype))
            answer = (found,) if found is not None else ()
        if answer:
            return Lookup(Outcome.FOUND, answer, self._addresses_for(answer))
        exists = any(owner.is_subdomain(name) for owner, _ in self._records)
        return Lookup(Outcome.NO_DATA if exists else Outcome.NO_NAME)

    def _addresses_for(self, answer: tuple[dns.rrset.RRset, ...]) -> tuple[dns.rrset.RRset, ...]:
        """Collect what a client will ask next: SRV of a NAPTR, addresses of an SRV or NS (RFC 1034, RFC 2782)."""
        wanted: list[tuple[dns.name.Name, dns.rdatatype.RdataType]] = []
        for records in answer:
            for record in records:
                if records.rdtype == dns.rdatatype.NAPTR:
                    wanted.append((record.replacement, dns.rdatatype.SRV))
                elif records.rdtype in (dns.rdatatype.SRV, dns.rdatatype.NS):
                    wanted += [(record.target, dns.rdatatype.A), (record.target, dns.rdatatype.AAAA)]
        present = {(records.name, records.rdtype) for records in answer}
        found = [self._records[key] for key in dict.fromkeys(wanted) if key in self._records and key not in present]
        if any(records.rdtype == dns.rdatatype.SRV for records in found):
            further = self._addresses_for(tuple(found))
            found += [records for records in further if records not in found]
        return tuple(found)


def zone_of(testbed: Testbed, *, inside: bool = False) -> Zone:
    """Build the zone of a testbed: SOA, NS, NAPTR and SRV for SIP, an address for every node.

    Args:
        testbed: whose zone.
        inside: as its own nodes see it. Where a network has an IBCF, that is the entry for all others.
    """
    apex = dns.name.from_text(testbed.domain)
    records = authority_of(apex, testbed)
    first = NodeKind.IBCF if NodeKind.IBCF in testbed.nodes and not inside else NodeKind.ICSCF
    if first in testbed.nodes:
        entry = f"{testbed.node(first).port} {testbed.fqdn(first)}."
        records += [
            records_at(
                apex,
                "NAPTR",
                f'10 50 "s" "SIP+D2U" "" _sip._udp.{testbed.domain}.',
                f'20 50 "s" "SIP+D2T" "" _sip._tcp.{testbed.domain}.',
            ),
            records_at(dns.name.from_text(f"_sip._udp.{testbed.domain}"), "SRV", f"10 100 {entry}"),
            records_at(dns.name.from_text(f"_sip._tcp.{testbed.domain}"), "SRV", f"10 100 {entry}"),
        ]
    if policy_of(testbed.strictness).domain_has_address and NodeKind.PCSCF in testbed.nodes:
        records.append(_addresses(testbed.domain, testbed.node(NodeKind.PCSCF).address))
    addresses: dict[str, list[IpAddress]] = {}
    for kind, node in testbed.nodes.items():
        addresses.setdefault(testbed.fqdn(kind), []).append(node.address)
        if kind is NodeKind.XDMS:
            # Others find the proxy, which passes on to the XDMS (D2.2 3.3.3.2).
            seen = testbed.node(NodeKind.PCSCF) if testbed.translates_xcap and not inside else node
            addresses.setdefault(f"{XCAP_HOST}.{testbed.domain}", []).append(seen.address)
    records += [_addresses(host, *there) for host, there in addresses.items()]
    return Zone(apex, records)


def root_zone(testbed: Testbed) -> Zone:
    """Build the empty root that the server of a testbed holds, so that unknown names end at once with NXDOMAIN."""
    return Zone(dns.name.root, authority_of(dns.name.root, testbed))


def authority_of(apex: dns.name.Name, testbed: Testbed) -> list[dns.rrset.RRset]:
    """Return what every zone of a testbed begins with: SOA and NS, both of its server."""
    server = f"{testbed.fqdn(NodeKind.DNS)}."
    return [
        records_at(apex, "SOA", f"{server} hostmaster.{testbed.domain}. 1 3600 600 86400 {TTL_S}"),
        records_at(apex, "NS", server),
    ]


def delegation_of(testbed: Testbed) -> tuple[dns.rrset.RRset, dns.rrset.RRset]:
    """Return what another testbed's server knows of this one: NS, and the address of that server (RFC 1034 4.2.1)."""
    server = testbed.fqdn(NodeKind.DNS)
    return (
        records_at(dns.name.from_text(testbed.domain), "NS", f"{server}."),
        _addresses(server, testbed.node(NodeKind.DNS).address),
    )


def _addresses(host: str, *addresses: IpAddress) -> dns.rrset.RRset:
    """Return the addresses of a host, all of one kind as in the whole federation."""
    kind = "AAAA" if addresses[0].version == 6 else "A"
    return records_at(dns.name.from_text(host), kind, *map(str, addresses))


def records_at(owner: dns.name.Name, rdtype: str, *values: str) -> dns.rrset.RRset:
    """Return the record set of a name, its values in presentation form."""
    return dns.rrset.from_text(owner, TTL_S, dns.rdataclass.IN, rdtype, *values)
