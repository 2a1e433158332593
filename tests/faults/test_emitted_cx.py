"""Alterations of Cx messages: each changes its AVP in the messages that it names, and lengths still agree."""

from __future__ import annotations

import struct

import pytest

from conformance.faults.avp_bytes import add_avp, get_avp, leaves
from conformance.faults.emitted import alteration_of
from conformance.faults.emitted_cx import EMITTED_CX
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.numbers import VENDOR_3GPP, Avp, DiameterCommand


def message(command: int, *, request: bool) -> bytes:
    """A message with every AVP that some fault changes."""
    made = struct.pack("!II", 1 << 24 | 20, (0xC0 if request else 0x40) << 24 | command) + bytes(12)
    key = add_avp(made, Avp.CONFIDENTIALITY_KEY, VENDOR_3GPP, bytes(16))[20:]
    vendor = add_avp(made, Avp.VENDOR_ID, 0, struct.pack("!I", VENDOR_3GPP))[20:]
    for code, vendor_id, data in (
        (Avp.VISITED_NETWORK_IDENTIFIER, VENDOR_3GPP, b"uc3m.test"),
        (Avp.SIP_NUMBER_AUTH_ITEMS, VENDOR_3GPP, struct.pack("!I", 1)),
        (Avp.SERVER_NAME, VENDOR_3GPP, b"sip:scscf.uc3m.test"),
        (Avp.SERVER_ASSIGNMENT_TYPE, VENDOR_3GPP, struct.pack("!I", 1)),
        (Avp.EXPERIMENTAL_RESULT, 0, vendor),
        (Avp.SIP_AUTH_DATA_ITEM, VENDOR_3GPP, key),
    ):
        made = add_avp(made, code, vendor_id, data)
    return made


UAR, MAR, SAR = DiameterCommand.USER_AUTHORIZATION, DiameterCommand.MULTIMEDIA_AUTH, DiameterCommand.SERVER_ASSIGNMENT
GONE = None
CASES = {
    "uar-without-network": (UAR, True, (Avp.VISITED_NETWORK_IDENTIFIER,), GONE),
    "mar-without-number": (MAR, True, (Avp.SIP_NUMBER_AUTH_ITEMS,), GONE),
    "sar-of-another-type": (SAR, True, (Avp.SERVER_ASSIGNMENT_TYPE,), struct.pack("!I", 2)),
    "sar-without-server-name": (SAR, True, (Avp.SERVER_NAME,), GONE),
    "uaa-of-another-vendor": (UAR, False, (Avp.EXPERIMENTAL_RESULT, Avp.VENDOR_ID), struct.pack("!I", 1)),
    "short-key": (MAR, False, (Avp.SIP_AUTH_DATA_ITEM, Avp.CONFIDENTIALITY_KEY), bytes(15)),
}


def test_every_alteration_is_shown_here() -> None:
    assert set(CASES) == set(EMITTED_CX)


@pytest.mark.parametrize("fault", CASES)
def test_one_avp_is_changed_and_lengths_agree(fault: str) -> None:
    command, request, path, wanted = CASES[fault]
    before = message(command, request=request)
    after = EMITTED_CX[fault](before)
    assert int.from_bytes(after[1:4], "big") == len(after)
    if wanted is GONE:
        with pytest.raises(BadInput, match="0 AVPs"):
            get_avp(after, path)
    else:
        assert get_avp(after, path) == wanted
    kept = {leaf.path: leaf.data for leaf in leaves(before) if leaf.path != path}
    assert {leaf.path: leaf.data for leaf in leaves(after) if leaf.path != path} == kept


@pytest.mark.parametrize("fault", CASES)
def test_other_messages_are_left_alone(fault: str) -> None:
    command, request, _, _ = CASES[fault]
    others = [message(command, request=not request), message(DiameterCommand.LOCATION_INFO, request=request)]
    others.append(struct.pack("!II", 1 << 24 | 20, (0xC0 if request else 0x40) << 24 | command) + bytes(12))
    assert [EMITTED_CX[fault](other) for other in others] == others


def test_names_of_other_tables_are_left_to_others() -> None:
    assert alteration_of({"no-service-route", "enum-service", "silent"}, EMITTED_CX) is None
