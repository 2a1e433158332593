"""What a terminal sends by a proxy before its P-CSCF is judged as if there were none: calls, events."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from conformance.vocabulary.federation import Federation, NodeKind
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.roles import Role
from tests.criteria.call_lab import AT_HOME, CANCELLED, SAME, TIMER, UNKNOWN, call, failing, found
from tests.criteria.proxy_lab import by_proxy

ADAPTER = Endpoint("192.0.2.21", 5060, "udp")


def with_adapter(federation: Federation, network: str) -> Federation:
    """Return the federation with an adapter in one network."""
    testbed = federation.testbeds[network]
    node = testbed.nodes[NodeKind.PCSCF].model_copy(update={"host": "adapter", "address": ip_address(ADAPTER.address)})
    changed = testbed.model_copy(update={"nodes": {**testbed.nodes, NodeKind.ADAPTER: node}})
    return federation.model_copy(update={"testbeds": {**federation.testbeds, network: changed}})


@pytest.mark.parametrize("name", [AT_HOME, SAME, CANCELLED, TIMER, UNKNOWN])
def test_a_call_by_an_adapter_accuses_nobody(name: str) -> None:
    lab = call(name)
    first = next(entry for entry in lab.entries if entry.sip.startswith("INVITE") and entry.sip.count("Via:") == 1)
    network = next(
        testbed.name
        for testbed in lab.federation.testbeds.values()
        if str(testbed.nodes[NodeKind.PCSCF].address) == first.destination.address
    )
    lab.federation = with_adapter(lab.federation, network)
    by_proxy(lab, ADAPTER, first.source.address)
    assert [hop.receiver for hop in found(lab).invite.hops][:2] == [Role.ADAPTER, Role.ORIG_PCSCF]
    assert failing(lab) == []


def test_a_subscription_to_registration_state_by_an_undeclared_proxy(event_lab: Any) -> None:
    by_proxy(event_lab, Endpoint("127.40.1.50", 5060, "udp"), "127.40.1.100")
    result = event_lab.judge()
    assert [one.id for one in result.criteria if one.verdict == "FAIL"] == []
    assert result.roles["home-pcscf"] == ["127.40.1.11:4060/udp"]
    assert result.roles["adapter"] == ["127.40.1.50:5060/udp"]
