"""Alterations of DNS answers: the records of one type change, in their answers alone."""

from __future__ import annotations

import dns.message
import dns.rrset
import pytest

from conformance.faults.dns_bytes import records
from conformance.faults.emitted_dns import EMITTED_DNS

NAPTR = 'uc3m.test. 60 IN NAPTR 10 50 "s" "SIP+D2U" "" _sip._udp.uc3m.test.'
SRV = "_sip._udp.uc3m.test. 60 IN SRV 1 1 5060 icscf.uc3m.test."
HOST = "icscf.uc3m.test. 60 IN A 127.1.1.12"


def answer(*found: str) -> bytes:
    response = dns.message.make_response(dns.message.make_query("uc3m.test", "NAPTR"))
    for record in found:
        name, ttl, rdclass, rdtype, data = record.split(" ", 4)
        response.answer.append(dns.rrset.from_text(name, int(ttl), rdclass, rdtype, data))
    return bytes(response.to_wire())


@pytest.mark.parametrize(
    ("fault", "before", "after"),
    [
        ("enum-service", [NAPTR, HOST], [NAPTR.replace("SIP+", "E2U+SIP+"), HOST]),
        ("srv-target-unknown", [SRV, HOST], [SRV.replace(" icscf.", " nowhere."), HOST]),
    ],
)
def test_the_record_changes_and_its_neighbours_stay(fault: str, before: list[str], after: list[str]) -> None:
    assert records(EMITTED_DNS[fault](answer(*before))) == after


@pytest.mark.parametrize("fault", EMITTED_DNS)
def test_what_has_no_such_record_is_left_alone(fault: str) -> None:
    for other in (answer(HOST), answer(), b"no DNS"):
        assert EMITTED_DNS[fault](other) == other
