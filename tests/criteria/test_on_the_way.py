"""Who changes a Contact on its way to the registrar: a node is named, an address translator shows itself."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from conformance.vocabulary.identifiers import Endpoint

NAT = Endpoint("127.40.2.30", 4060, "udp")


@pytest.fixture
def translated(lab: Any, federation: Any) -> Any:
    """A roaming registration whose REGISTERs a NAT changes between the P-CSCF and the I-CSCF."""
    lab.abroad().federation = federation
    contact = next(line for line in lab["gm1"].sip.split("\r\n") if line.startswith("Contact:"))
    moved = contact.replace(contact.partition("@")[2].partition(":")[0], NAT.address)
    for key in ("p1", "p2"):
        arrived = lab[key]
        sent = deepcopy(arrived)
        sent.key = f"{key}-sent"
        lab.entries.insert(lab.entries.index(arrived), sent)
        arrived.source = NAT
        lab.edit(key, "SIP/2.0/UDP 127.40.2.11:4060", f"SIP/2.0/UDP {NAT.address}:4060")
    for key in ("i401", "i200"):
        lab.edit(key, "SIP/2.0/UDP 127.40.2.11:4060", f"SIP/2.0/UDP {NAT.address}:4060")
        lab[key].destination = NAT
    for key in ("i1", "i2", "s401", "s200"):
        lab.edit(key, "SIP/2.0/UDP 127.40.2.11:4060", f"SIP/2.0/UDP {NAT.address}:4060")
    for key in ("p1", "p2", "i1", "i2"):
        lab.edit(key, contact, moved)
    for key in ("s200", "i200", "g200"):
        address = contact.partition("@")[2].partition(":")[0]
        lab.edit(key, f"alice@{address}", f"alice@{NAT.address}")
    return lab


def test_a_translator_that_changes_contact_accuses_no_node(translated: Any) -> None:
    result = translated.result("REG-41")
    assert (result.verdict, result.node) == ("FAIL", None)
    assert "somebody changed Contact of the REGISTER on its way from visited-pcscf to home-icscf" in result.found
    assert len(result.evidence) == 3


def test_the_difference_names_nobody_either(translated: Any) -> None:
    difference = translated.judge().difference
    assert difference.node is None
    assert "none of the nodes did it" in difference.why


def test_a_node_that_changes_contact_is_named(lab: Any, federation: Any) -> None:
    lab.federation = federation
    contact = next(line for line in lab["gm1"].sip.split("\r\n") if line.startswith("Contact:"))
    address = contact.partition("@")[2].partition(":")[0]
    lab.edit("p1 i1 p2 i2", contact, contact.replace(address, "127.40.1.77"))
    lab.edit("s200 i200 g200", f"alice@{address}", "alice@127.40.1.77")
    result = lab.result("REG-41")
    assert (result.verdict, result.node) == ("FAIL", "home-pcscf")


def test_a_registrar_that_changes_contact_is_named(lab: Any) -> None:
    contact = next(line for line in lab["gm1"].sip.split("\r\n") if line.startswith("Contact:"))
    address = contact.partition("@")[2].partition(":")[0]
    lab.edit("s200 i200 g200", f"alice@{address}", "alice@127.40.1.77")
    assert lab.result("REG-41").node == "home-scscf"
