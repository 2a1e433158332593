"""Tunnel identifiers that follow from a federation."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from conformance.federation import default_federation_path, load_federation, rebase
from conformance.vocabulary.federation import Federation, TunnelIds


@pytest.fixture
def federation() -> Federation:
    return load_federation(default_federation_path())


def test_each_address_has_two_identifiers_of_its_own(federation: Federation) -> None:
    terminals = [address for t in federation.testbeds.values() for address in t.access_networks[0].pool]
    given = [teid for address in terminals for teid in federation.tunnel_ids(address)]
    assert len(given) == len(set(given)) == 2 * len(terminals)
    assert 0 not in given  # which is that of no tunnel
    assert all(federation.tunnel_owner(teid) == terminals[index // 2] for index, teid in enumerate(given))


def test_workers_have_the_same_identifiers(federation: Federation) -> None:
    assert federation.tunnel_ids(IPv4Address("127.1.1.129")) == TunnelIds(0x302, 0x303)
    assert rebase(federation, 3).tunnel_ids(IPv4Address("127.4.1.129")) == TunnelIds(0x302, 0x303)


def test_outside_of_the_block_there_is_nobody(federation: Federation) -> None:
    with pytest.raises(ValueError, match=r"expected an address in 127\.1\.0\.0/16, found 127\.2\.1\.129"):
        federation.tunnel_ids(IPv4Address("127.2.1.129"))
    assert federation.tunnel_owner(2 * 65536) is None
    assert federation.tunnel_owner(0xFFFFFFFF) is None


def test_pools_have_owners(federation: Federation) -> None:
    owner = federation.pool_owner(IPv4Address("127.1.4.130"))
    assert owner is not None
    assert owner.name == "utu"
    assert federation.pool_owner(IPv4Address("127.1.4.16")) is None
