"""Which requests leave by the border of their network, and what is seen of it from outside."""

from __future__ import annotations

from pathlib import Path

import dns.name
import dns.rdatatype
import pytest

import conformance.federation
from conformance.cores.emulated.border import by_the_border, is_of_hiding_network, own_hosts, with_border
from conformance.cores.emulated.zone import zone_of
from conformance.federation import load_federation
from conformance.vocabulary.federation import Testbed

FILE = Path(conformance.federation.__file__).with_name("hiding.toml")
BORDER = "<sip:ibcf.uc3m.netlab.test:5060;lr>"


@pytest.fixture
def hiding() -> Testbed:
    return load_federation(FILE).testbeds["uc3m"]


@pytest.mark.parametrize(
    ("uri", "leaves"),
    [
        ("sip:bob@stuba.netlab.test", True),
        ("<sip:127.1.2.11:4060;lr>", True),
        ("sip:alice@uc3m.netlab.test", False),
        ("<sip:term@scscf.uc3m.netlab.test:6060;lr>", False),
        ("<sip:127.1.1.11:4060;lr>", False),
    ],
)
def test_what_leads_out_goes_by_the_border(hiding: Testbed, uri: str, leaves: bool) -> None:
    assert by_the_border(hiding, uri) == ([BORDER] if leaves else [])
    assert with_border(hiding, [uri]) == ([BORDER, uri] if leaves else [uri])


def test_a_network_without_a_border_sends_directly(hiding: Testbed) -> None:
    other = load_federation(FILE).testbeds["stuba"]
    assert by_the_border(other, "sip:alice@uc3m.netlab.test") == []
    assert with_border(hiding, []) == []


def test_the_border_itself_is_not_hidden(hiding: Testbed) -> None:
    assert {"scscf.uc3m.netlab.test", "127.1.1.13"} <= own_hosts(hiding)
    assert not {"ibcf.uc3m.netlab.test", "127.1.1.18"} & own_hosts(hiding)


def test_others_find_the_border_and_own_nodes_the_icscf(hiding: Testbed) -> None:
    name = dns.name.from_text("_sip._udp.uc3m.netlab.test")
    targets = [
        str(zone_of(hiding, inside=inside).lookup(name, dns.rdatatype.SRV).answer[0][0].target)
        for inside in (True, False)
    ]
    assert targets == ["icscf.uc3m.netlab.test.", "ibcf.uc3m.netlab.test."]


def test_a_token_in_path_may_stand_for_any_node_of_its_network() -> None:
    path = "<sip:XyZ@uc3m.netlab.test;lr;tokenized-by=uc3m.netlab.test>"
    assert is_of_hiding_network(path, "sip:pcscf.uc3m.netlab.test:4060")
    assert not is_of_hiding_network(path, "sip:pcscf.stuba.netlab.test:4060")
    assert not is_of_hiding_network("<sip:pcscf.uc3m.netlab.test;lr>", "sip:pcscf.uc3m.netlab.test:4060")
