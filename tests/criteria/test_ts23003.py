"""How public user identities are written."""

from __future__ import annotations

from typing import Any

import pytest

FIRST = "<sip:alice@uc3m.test>, <tel:+34600000001>"
BAD = {
    "sip:34600000001": "no user part",
    "sip:alice@0598": "no host name",
    "tel:0598765432100": "phone-context",
    "alice": "no URI",
}
GOOD = [
    "sip:+34600000001@uc3m.test;user=phone",
    "sip:alice@192.0.2.7",
    "sip:alice@[2001:db8::7]",
    "tel:+34-600.000(001)",
    "tel:0198765;phone-context=uc3m.test",
    "urn:service:sos",
]


@pytest.mark.parametrize("identity", BAD)
def test_an_identity_that_nobody_can_call_is_named(lab: Any, identity: str) -> None:
    lab.edit("s200 i200 g200", FIRST, f"<sip:alice@uc3m.test>, <{identity}>")
    assert lab.failing() == ["REG-82"]
    assert BAD[identity] in lab.result("REG-82").found


@pytest.mark.parametrize("identity", GOOD)
def test_other_forms_are_right(lab: Any, identity: str) -> None:
    lab.edit("s200 i200 g200", FIRST, f"<sip:alice@uc3m.test>, <{identity}>")
    assert lab.result("REG-82").verdict == "PASS"


def test_who_wrote_the_identity_is_blamed(lab: Any) -> None:
    lab.edit("s200 i200 g200", FIRST, "<sip:alice@uc3m.test>, <tel:0598>")
    assert lab.result("REG-82").node == "home-scscf"


def test_without_identities_reg_39_speaks(lab: Any) -> None:
    lab.edit("s200 i200 g200", lab.associated, "")
    assert lab.result("REG-82").verdict == "NOT_APPLICABLE"
