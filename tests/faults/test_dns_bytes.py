"""Records of DNS answers are changed or taken out, and dnspython reads the result."""

from __future__ import annotations

import dns.message
import dns.rrset
import pytest

from conformance.faults.dns_bytes import records, remove_record, set_record
from conformance.vocabulary.errors import BadInput

QUERY = dns.message.make_query("_sip._udp.x.test", "SRV", id=7)
ANSWER = dns.message.make_response(QUERY)
ANSWER.answer.append(
    dns.rrset.from_text("_sip._udp.x.test.", 60, "IN", "SRV", "0 1 5060 a.x.test.", "1 1 5060 b.x.test.")
)
ANSWER.additional.append(dns.rrset.from_text("a.x.test.", 60, "IN", "A", "192.0.2.1"))
WIRE = ANSWER.to_wire(want_shuffle=False)


def test_records_are_listed_one_by_one() -> None:
    assert records(WIRE) == [
        "_sip._udp.x.test. 60 IN SRV 0 1 5060 a.x.test.",
        "_sip._udp.x.test. 60 IN SRV 1 1 5060 b.x.test.",
        "a.x.test. 60 IN A 192.0.2.1",
    ]


def test_a_record_goes_and_the_rest_stays() -> None:
    changed = remove_record(WIRE, "b.x.test.")
    assert records(changed) == [text for text in records(WIRE) if "b.x.test." not in text]
    assert dns.message.from_wire(changed).id == 7
    assert len(dns.message.from_wire(changed).question) == 1


def test_data_of_a_record_is_changed_with_its_length() -> None:
    changed = set_record(WIRE, "0 1 5060 a.x.test.", "0 1 6060 longer.name.x.test.")
    assert records(changed)[0] == "_sip._udp.x.test. 60 IN SRV 0 1 6060 longer.name.x.test."
    assert records(changed)[1:] == records(WIRE)[1:]


@pytest.mark.parametrize(
    ("find", "new", "complaint"),
    [("c.x.test.", "", "0 records"), ("5060", "", "2 records"), ("192.0.2.1", "nobody", "gives no record")],
)
def test_a_mistake_is_one_line(find: str, new: str, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        set_record(WIRE, find, new)


def test_what_is_no_dns_is_refused() -> None:
    with pytest.raises(BadInput, match="no DNS message"):
        remove_record(b"REGISTER sip:x SIP/2.0", "x")
