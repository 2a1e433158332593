import pytest
from sipmessage import Request

from conformance.protocols.sip.message import read_message, top_via
from conformance.protocols.sip.routing import note_source, response_destination, server_key
from conformance.vocabulary.identifiers import Endpoint

SOURCE = Endpoint("127.34.0.9", 40000, "udp")


def request(via: str, method: str = "OPTIONS") -> Request:
    message = read_message(
        f"{method} sip:h.test SIP/2.0\r\nVia: {via}\r\nFrom: <sip:a@h.test>;tag=1\r\nTo: <sip:h.test>\r\n"
        f"Call-ID: c\r\nCSeq: 1 {method}\r\n\r\n".encode()
    )
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize(
    ("via", "received", "rport", "destination"),
    [
        # RFC 3261 18.2.1: sent-by is the source address, nothing is added
        ("SIP/2.0/UDP 127.34.0.9:5070;branch=z9hG4bK1", None, None, ("127.34.0.9", 5070)),
        ("SIP/2.0/UDP 127.34.0.9;branch=z9hG4bK1", None, None, ("127.34.0.9", 5060)),
        # RFC 3261 18.2.1: a name, or another address
        ("SIP/2.0/UDP ue.test:5070;branch=z9hG4bK1", "127.34.0.9", None, ("127.34.0.9", 5070)),
        ("SIP/2.0/UDP 10.1.1.1:5070;branch=z9hG4bK1", "127.34.0.9", None, ("127.34.0.9", 5070)),
        # RFC 3581: asked for, both are added even where the address is the same
        ("SIP/2.0/UDP 127.34.0.9:5070;branch=z9hG4bK1;rport", "127.34.0.9", "40000", ("127.34.0.9", 40000)),
        ("SIP/2.0/UDP ue.test;rport;branch=z9hG4bK1", "127.34.0.9", "40000", ("127.34.0.9", 40000)),
        # what the client pretends does not send our answers elsewhere
        ("SIP/2.0/UDP 127.34.0.9:5070;branch=z9hG4bK1;received=10.9.9.9", "10.9.9.9", None, ("127.34.0.9", 5070)),
        ("SIP/2.0/UDP 127.34.0.9:5070;branch=z9hG4bK1;rport=9", None, "9", ("127.34.0.9", 5070)),
        ("SIP/2.0/UDP 127.34.0.9:5070;branch=z9hG4bK1;maddr=10.9.9.9", None, None, ("127.34.0.9", 5070)),
        ("SIP/2.0/UDP 127.34.0.9:0;branch=z9hG4bK1", None, None, ("127.34.0.9", 5060)),
        ("SIP/2.0/UDP 127.34.0.9:700000;branch=z9hG4bK1", None, None, ("127.34.0.9", 5060)),
    ],
)
def test_source_is_noted_and_the_response_goes_back(
    via: str, received: str | None, rport: str | None, destination: tuple[str, int]
) -> None:
    message = request(via)
    note_source(message, SOURCE)
    noted = top_via(message)
    assert noted.parameters.get("received") == received
    assert noted.parameters.get("rport") == rport
    assert response_destination(noted, SOURCE) == Endpoint(*destination, "udp")


def test_a_retransmission_has_the_key_of_its_request_and_another_branch_has_not() -> None:
    first = server_key(request("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1"))
    assert first == server_key(request("SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1"))
    assert first != server_key(request("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK2"))
    assert first != server_key(request("SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK1"))


def test_an_ack_has_the_key_of_its_invite_and_a_cancel_has_not() -> None:
    """RFC 3261 17.2.3."""
    via = "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1"
    assert server_key(request(via, "ACK")) == server_key(request(via, "INVITE"))
    assert server_key(request(via, "CANCEL")) != server_key(request(via, "INVITE"))


@pytest.mark.parametrize("branch", ["", ";branch=1", ";branch=z9hG4bK"])
def test_without_a_branch_of_rfc_3261_other_fields_make_the_key(branch: str) -> None:
    one = request(f"SIP/2.0/UDP 10.0.0.1{branch}")
    two = request(f"SIP/2.0/UDP 10.0.0.1{branch}")
    assert server_key(one) == server_key(two)
    two.headers.set("Call-ID", "another")
    assert server_key(one) != server_key(two)
