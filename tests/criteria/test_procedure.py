"""What a federation says of addresses."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.criteria.procedure import Facts, in_pool
from conformance.vocabulary.federation import NodeKind


@pytest.mark.parametrize(
    ("address", "network"),
    [("127.40.1.11", "uc3m"), ("127.40.2.100", "stuba"), ("127.40.3.11", None), ("phone.uc3m.test", None), ("", None)],
)
def test_the_network_of_an_address(federation: Any, address: Any, network: Any) -> None:
    facts = Facts(testbeds=tuple(federation.testbeds.values()))
    found = facts.network_of(address)
    assert (None if found is None else found.name) == network


def test_pools_and_nodes(federation: Any) -> None:
    uc3m = federation.testbeds["uc3m"]
    assert in_pool("127.40.1.100", uc3m)
    assert not in_pool("127.40.1.11", uc3m)
    assert Facts().node_at("127.40.1.12", uc3m) == {NodeKind.ICSCF}
    assert Facts().node_at("127.40.1.100", uc3m) == frozenset()
