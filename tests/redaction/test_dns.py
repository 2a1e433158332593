import dns.message
import dns.rrset
import pytest

from conformance.redaction.payloads import Redactor

ENUM = "6.5.4.3.2.1.0.0.9.1.2.4.e164.arpa."


def replaced(redactor: Redactor, *records: tuple[str, str, str]) -> dns.message.Message:
    message = dns.message.make_response(dns.message.make_query(records[0][0], records[0][1]))
    message.answer = [dns.rrset.from_text(name, 60, "IN", kind, data) for name, kind, data in records]
    wire = message.to_wire()
    new = redactor.dns.message(wire)
    assert len(new) == len(wire)
    return dns.message.from_wire(new)


def test_numbers_and_addresses_of_users_are_replaced(redactor: Redactor) -> None:
    found = replaced(redactor, (ENUM, "NAPTR", '1 1 "u" "E2U+sip" "!^.*$!sip:alice@uc3m.test!" .'))
    assert "e164.arpa." in str(found.question[0].name)
    assert ENUM not in str(found)
    assert found.answer[0].name == found.question[0].name
    assert "@uc3m.test!" in str(found)
    assert "alice" not in str(found)


def test_where_servers_are_stays(redactor: Redactor) -> None:
    srv = ("_sip._udp.uc3m.test.", "SRV", "1 1 5060 icscf.uc3m.test.")
    naptr = ("uc3m.test.", "NAPTR", '1 1 "s" "SIP+D2U" "" _sip._udp.uc3m.test.')
    text = str(replaced(redactor, naptr, srv, ("icscf.uc3m.test.", "A", "10.0.0.2")))
    assert "SIP+D2U" in text
    assert "5060 icscf.uc3m.test." in text
    assert "10.0.0.2" in text


def test_texts_are_emptied(redactor: Redactor) -> None:
    assert "hello" not in str(replaced(redactor, ("uc3m.test.", "TXT", '"hello alice"')))


@pytest.mark.parametrize("octets", [b"", b"alice", bytes(5) + b"\1" + bytes(6) + b"\xc0\x0c\xc0\x0c", b"\xff" * 40])
def test_what_is_no_dns_does_not_pass(redactor: Redactor, octets: bytes) -> None:
    new = redactor.dns.message(octets)
    assert len(new) == len(octets)
    assert b"alice" not in new
