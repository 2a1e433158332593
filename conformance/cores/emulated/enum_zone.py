"""The numbers of a testbed in DNS: each is a zone that leads to the SIP URI of its subscriber (RFC 6116, RFC 3764).

A number is delegated by itself, as a number that was ported is: whoever asks gets to the network that has it now.
"""

from __future__ import annotations

import dns.name
import dns.rrset
from sipmessage import URI

from conformance.cores.emulated.zone import Zone, authority_of, records_at
from conformance.protocols.e164 import enum_name, global_number
from conformance.vocabulary.federation import NodeKind, Subscriber, Testbed


def numbers_of(testbed: Testbed) -> dict[str, str]:
    """Return the telephone numbers of a testbed (`+` and digits) and the SIP URI that each leads to."""
    return dict(pair for subscriber in testbed.subscribers for pair in numbers_of_user(subscriber))


def numbers_of_user(subscriber: Subscriber) -> list[tuple[str, str]]:
    """Return the telephone numbers of a subscriber (`+` and digits), each with the first SIP URI of the subscriber."""
    default = next((impu for impu in subscriber.impus if impu.startswith("sip:")), None)
    if default is None:
        return []
    tel_uris = (URI.parse(impu) for impu in subscriber.impus if impu.startswith("tel:"))
    return [(number, default) for uri in tel_uris if (number := global_number(uri)) is not None]


def enum_zones(testbed: Testbed) -> list[Zone]:
    """Build a zone for each number of a testbed: SOA, NS, and NAPTR of the service E2U+sip."""
    zones = []
    for number, uri in numbers_of(testbed).items():
        apex = _apex(number)
        mark = "!" if "!" not in uri else "|"  # which no URI has
        rule = f"{mark}^.*${mark}{uri}{mark}"
        naptr = records_at(apex, "NAPTR", f'100 10 "u" "E2U+sip" "{rule}" .')
        zones.append(Zone(apex, [*authority_of(apex, testbed), naptr]))
    return zones


def enum_delegations(testbed: Testbed) -> list[dns.rrset.RRset]:
    """Return what other servers know of the numbers of a testbed: NS of each name."""
    server = f"{testbed.fqdn(NodeKind.DNS)}."
    return [records_at(_apex(number), "NS", server) for number in numbers_of(testbed)]


def _apex(number: str) -> dns.name.Name:
    return dns.name.from_text(enum_name(number))
