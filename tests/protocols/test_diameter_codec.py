from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.protocols.diameter_base import Identity, capabilities_exchange_request
from conformance.protocols.diameter_codec import DiameterMessage, MalformedMessage, avp, message_length
from conformance.vocabulary.numbers import VENDOR_3GPP, Avp

CER = capabilities_exchange_request(Identity("scscf.a.test", "a.test", "127.33.0.1"))


def test_what_is_written_is_read_again() -> None:
    octets = CER.identified(0x01020304, 0xFFFFFFFF).encode()
    message = DiameterMessage.decode(octets)
    assert message.encode() == octets
    assert (message.hop_by_hop, message.end_to_end) == (0x01020304, 0xFFFFFFFF)
    assert message.list.text(Avp.ORIGIN_HOST) == "scscf.a.test"


def test_vendor_and_mandatory_bits() -> None:
    """RFC 6733 4.1, 4.5; 29.229: AVPs of 3GPP have V, and M except where the table says otherwise."""
    identity, digest = avp(Avp.PUBLIC_IDENTITY, "sip:a@a.test"), avp(Avp.SIP_DIGEST_AUTHENTICATE, [])
    assert (identity.flags, identity.vendor_id) == (0xC0, VENDOR_3GPP)
    assert (digest.flags, digest.vendor_id) == (0x80, VENDOR_3GPP)
    assert avp(Avp.USER_NAME, "a@a.test").flags == 0x40
    assert avp(Avp.PRODUCT_NAME, "x").flags == 0


def test_an_avp_of_another_vendor_is_not_taken_for_ours() -> None:
    foreign = avp(Avp.PUBLIC_IDENTITY, "sip:a@a.test")
    foreign.vendor_id = 4711
    message = DiameterMessage(300, 16777216, True, True, (foreign,))
    assert DiameterMessage.decode(message.encode()).list.text(Avp.PUBLIC_IDENTITY) is None


@pytest.mark.parametrize("head", ["02000014", "01000013", "01000000", "01ffffff", "01000015", "47455420", ""])
def test_a_length_that_no_message_has_is_refused(head: str) -> None:
    with pytest.raises(MalformedMessage, match="expected version 1 and a length"):
        message_length(bytes.fromhex(head))


@pytest.mark.parametrize("length", [0, 7, 13, 0xFFFFFF])
def test_an_avp_that_leaves_its_message_is_refused(length: int) -> None:
    octets = DiameterMessage(280, 0, True, False, (avp(Avp.USER_NAME, "abcd"),)).encode()
    damaged = octets[:25] + length.to_bytes(3) + octets[28:]
    with pytest.raises(MalformedMessage, match=f"found a length of {length}"):
        DiameterMessage.decode(damaged)


def test_a_missing_avp_and_a_wrong_size_are_named() -> None:
    message = DiameterMessage(300, 16777216, True, True, (avp(Avp.USER_NAME, "abc"),))
    with pytest.raises(MalformedMessage, match="expected AVP PUBLIC_IDENTITY"):
        message.list.need_text(Avp.PUBLIC_IDENTITY)
    with pytest.raises(MalformedMessage, match="expected 4 octets in USER_NAME, found 3"):
        message.list.number(Avp.USER_NAME)


@given(st.binary(max_size=200), st.integers(0, 199))
def test_hostile_octets_give_nothing_but_malformed(noise: bytes, at: int) -> None:
    whole = CER.encode()
    damaged = whole[: at % len(whole)] + noise + whole[at % len(whole) + len(noise) :]
    framed = damaged[:1] + len(damaged).to_bytes(3) + damaged[4:]
    for octets in (noise, damaged, framed):
        try:
            message = DiameterMessage.decode(octets)
            message.list.groups(Avp.VENDOR_SPECIFIC_APPLICATION_ID)
            message.list.texts(Avp.ORIGIN_HOST)
            message.list.numbers(Avp.VENDOR_ID)
        except MalformedMessage:
            continue
