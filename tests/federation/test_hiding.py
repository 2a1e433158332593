"""The federation in which a network hides its topology."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import conformance.federation
from conformance.federation import load_federation
from conformance.vocabulary.federation import NodeKind

FILE = Path(conformance.federation.__file__).with_name("hiding.toml")


def test_one_network_hides_behind_an_ibcf_and_the_others_do_not() -> None:
    federation = load_federation(FILE)
    hiding = {name for name, testbed in federation.testbeds.items() if testbed.features.hides_topology}
    assert hiding == {"uc3m"}
    assert {name for name, testbed in federation.testbeds.items() if NodeKind.IBCF in testbed.nodes} == hiding


def test_terminals_are_no_servers() -> None:
    federation = load_federation(FILE)
    node = federation.testbeds["uc3m"].node(NodeKind.IBCF)
    pool = federation.testbeds["uc3m"].access_networks[0].pool
    assert federation.is_server(str(node.address))
    assert not federation.is_server(str(pool[5]))
    assert not federation.is_server(str(ip_address("192.0.2.1")))
