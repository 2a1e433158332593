"""Tunnel identifiers that follow from a federation."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

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


# --- IPv6 --------------------------------------------------------------------------------------------------------


@pytest.fixture
def ipv6_federation() -> Federation:
    return load_federation(default_federation_path().with_name("emulated6.toml"))


def test_the_terminals_of_ipv6_pools_have_identifiers_of_their_own(ipv6_federation: Federation) -> None:
    pools = [testbed.access_networks[0].pool for testbed in ipv6_federation.testbeds.values()]
    terminals = [pool[number] for pool in pools for number in (2, 3, 4096, (1 << 20) - 1)]
    given = [teid for address in terminals for teid in ipv6_federation.tunnel_ids(address)]
    assert len(given) == len(set(given)) == 2 * len(terminals)
    assert all(0 < teid < 1 << 32 for teid in given)
    assert [ipv6_federation.tunnel_owner(teid) for teid in given[::2]] == terminals


def test_beyond_the_first_addresses_of_an_ipv6_pool_there_is_nobody(ipv6_federation: Federation) -> None:
    with pytest.raises(ValueError, match="first 1048576 addresses of a pool, found fd4e:1:0:11::10:0"):
        ipv6_federation.tunnel_ids(IPv6Address("fd4e:1:0:11::10:0"))
    with pytest.raises(ValueError, match="of a pool, found fd4e:1:0:10::11"):
        ipv6_federation.tunnel_ids(IPv6Address("fd4e:1:0:10::11"))
    with pytest.raises(ValueError, match="expected an address in fd4e:1::/48, found 127"):
        ipv6_federation.tunnel_ids(IPv4Address("127.1.1.129"))
    assert ipv6_federation.tunnel_owner(0xFFFFFFFF) is None
