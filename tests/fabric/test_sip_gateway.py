"""What a NAT with a SIP gateway makes of SIP that passes it, and of what is no SIP."""

from __future__ import annotations

import pytest

from conformance.fabric.sip_gateway import inwards, outwards
from conformance.vocabulary.identifiers import Endpoint

INSIDE, OUTSIDE = Endpoint("10.1.2.11", 4060, "udp"), Endpoint("10.1.2.30", 61000, "udp")
REGISTER = (
    b"REGISTER sip:uc3m.test SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 10.1.2.11:4060;branch=z9hG4bKa;rport\r\n"
    b"Via: SIP/2.0/UDP 10.1.2.129:5060;branch=z9hG4bKb\r\n"
    b"Contact: <sip:alice@10.1.2.129:5060>;expires=600\r\n"
    b"Path: <sip:pcscf.stuba.test:4060;lr>\r\n"
    b"Content-Length: 9\r\n\r\n"
    b"10.1.2.11"
)
ANSWER = (
    b"SIP/2.0 200 OK\r\n"
    b"Via: SIP/2.0/UDP 10.1.2.30:61000;branch=z9hG4bKa;received=10.1.2.30\r\n"
    b"Contact: <sip:alice@10.1.2.30:61000>;expires=600\r\n\r\n"
)


def test_out_go_the_topmost_via_and_contact_of_the_gateway() -> None:
    assert outwards(REGISTER, INSIDE, OUTSIDE) == REGISTER.replace(b"10.1.2.11:4060", b"10.1.2.30:61000").replace(
        b"alice@10.1.2.129:5060", b"alice@10.1.2.30:61000"
    )


def test_in_comes_the_own_via_and_a_contact_of_somebody_else() -> None:
    assert inwards(ANSWER, INSIDE, OUTSIDE) == ANSWER.replace(b"UDP 10.1.2.30:61000", b"UDP 10.1.2.11:4060")


@pytest.mark.parametrize(
    "datagram",
    [b"", b"\x12\x34\x01\x00 10.1.2.11:53", b"Contact: <sip:a@10.1.2.11>\r\n", b"SIP/2.0 abc\r\nVia: x\r\n\r\n"],
)
def test_what_is_no_sip_passes_as_it_is(datagram: bytes) -> None:
    assert outwards(datagram, INSIDE, OUTSIDE) == inwards(datagram, INSIDE, OUTSIDE) == datagram


@pytest.mark.parametrize("short", [b"v: SIP/2.0/UDP 10.1.2.11:4060", b"VIA : SIP/2.0/UDP 10.1.2.11:4060"])
def test_other_spellings_of_a_header_are_changed_too(short: bytes) -> None:
    request = b"OPTIONS sip:a@b SIP/2.0\r\n" + short + b";branch=z9hG4bKa\r\nm: <sip:a@10.1.2.9>\r\n\r\n"
    changed = outwards(request, INSIDE, OUTSIDE)
    assert changed.count(b"10.1.2.30:61000") == 2
    assert b"10.1.2.11" not in changed
