"""Which REGISTERs are those of one terminal, and what each of them answers."""

from __future__ import annotations

from conformance.vocabulary.identifiers import Endpoint
from tests.identification.lab import PCSCF, UE, registers, terminals_of

ICSCF = Endpoint("192.0.2.12", 5060, "udp")
OTHER = Endpoint("192.0.2.102", 5060, "udp")


def test_a_turn_answers_the_challenge_before_it() -> None:
    first, refused, second, accepted = registers("standard")
    (found,) = terminals_of((first, UE, PCSCF), (refused, PCSCF, UE), (second, UE, PCSCF), (accepted, PCSCF, UE))
    one, other = found.turns
    assert one.challenge is None
    assert other.challenge is not None
    assert other.challenge.value("algorithm") == "AKAv1-MD5"
    assert found.identities == ("sip:alice@uc3m.netlab.test",)
    assert not found.by_password


def test_what_a_proxy_sends_is_no_terminals() -> None:
    first, *_ = registers("standard")
    behind = first.replace(b"Via:", b"Via: SIP/2.0/UDP 192.0.2.11:4060;branch=z9hG4bKp\r\nVia:", 1)
    (found,) = terminals_of((first, UE, PCSCF), (behind, PCSCF, ICSCF))
    assert found.endpoint == UE


def test_a_server_that_begins_the_chain_of_vias_anew_is_no_terminal() -> None:
    first, *_ = registers("standard")
    (found,) = terminals_of((first, UE, PCSCF), (registers("standard")[0], PCSCF, ICSCF))
    assert found.endpoint == UE


def test_another_address_with_the_same_contact_is_the_same_terminal() -> None:
    first, refused, second, _ = registers("standard")
    protected = Endpoint(UE.address, 5062, "udp")
    (found,) = terminals_of((first, UE, PCSCF), (refused, PCSCF, UE), (second, protected, PCSCF))
    assert len(found.turns) == 2


def test_another_contact_at_another_address_is_another_terminal() -> None:
    one, other = registers("standard")[0], registers("standard")[0].replace(b"192.0.2.101", b"192.0.2.102")
    assert [found.endpoint for found in terminals_of((one, UE, PCSCF), (other, OTHER, PCSCF))] == [UE, OTHER]


def test_two_that_turn_out_to_be_one_are_joined() -> None:
    one = registers("standard")[0]
    other = registers("standard")[0].replace(b"192.0.2.101", b"192.0.2.102")
    both = registers("standard")[0].replace(b"<sip:alice@192.0.2.101:5060>", b"<sip:alice@192.0.2.102:5060>")
    (found,) = terminals_of((one, UE, PCSCF), (other, OTHER, PCSCF), (both, UE, PCSCF))
    assert len(found.turns) == 3


def test_other_requests_of_a_terminal_are_found() -> None:
    first, *_ = registers("standard")
    message = first.replace(b"REGISTER", b"MESSAGE").replace(b"branch=z9", b"branch=z9hG4bKm")
    (found,) = terminals_of((first, UE, PCSCF), (message, UE, PCSCF))
    assert [request.sip.method for request in found.others] == ["MESSAGE"]


def test_no_register_no_terminal() -> None:
    assert terminals_of() == []


def test_one_private_address_behind_two_nats_is_two_terminals() -> None:
    one = registers("standard")[0].replace(b"192.0.2.101", b"192.168.0.10")
    other = registers("standard")[0].replace(b"192.0.2.101", b"192.168.0.10")
    again = UE._replace(port=5070)
    found = terminals_of((one, UE, PCSCF), (other, OTHER, PCSCF), (one.replace(b"z9hG4bK", b"z9hG4bKb"), again, PCSCF))
    assert [(terminal.endpoint, len(terminal.turns)) for terminal in found] == [(UE, 2), (OTHER, 1)]


def test_two_terminals_behind_one_nat() -> None:
    one = registers("standard")[0].replace(b"192.0.2.101", b"192.168.0.10")
    other = registers("standard")[0].replace(b"192.0.2.101", b"192.168.0.11")
    found = terminals_of((one, UE, PCSCF), (other, UE._replace(port=5070), PCSCF))
    assert [terminal.endpoint.port for terminal in found] == [5060, 5070]


def test_a_terminal_that_changes_its_address_keeps_its_call_id() -> None:
    first, refused, second, _ = registers("standard")
    moved = second.replace(b"192.0.2.101", b"192.0.2.102")
    (found,) = terminals_of((first, UE, PCSCF), (refused, PCSCF, UE), (moved, OTHER, PCSCF))
    assert found.turns[1].challenge is not None
