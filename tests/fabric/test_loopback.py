"""The loopback fabric: addresses of this machine, leased in turn."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from conformance.fabric.fabric import Share
from conformance.fabric.loopback import Loopback
from conformance.federation import moved_by
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.points import Point


def test_a_worker_has_a_block_of_its_own(federation: Federation) -> None:
    assert Loopback(federation, 2).federation.block == IPv4Network("127.3.0.0/16")


def test_no_two_terminals_share_an_address_until_all_are_used(federation: Federation) -> None:
    fabric = Loopback(federation, 0)
    pool = list(fabric.federation.testbeds["uc3m"].access_networks[0].pool.hosts())
    assert [fabric.attach("uc3m").address for _ in pool] == pool
    assert fabric.attach("uc3m").address == pool[0]


def test_who_share_a_network_have_different_addresses(federation: Federation) -> None:
    shares = [Loopback(federation, 0, Share(number, 3)) for number in range(3)]
    pool = list(shares[0].federation.testbeds["uc3m"].access_networks[0].pool.hosts())
    given = [shares[number % 3].attach("uc3m").address for number in range(len(pool))]
    assert sorted(given) == pool


def test_at_home_access_the_address_is_of_the_home_network_and_the_tunnel_of_the_visited_one(
    federation: Federation,
) -> None:
    fabric = Loopback(federation, 0)
    uc3m, stuba = (fabric.federation.testbeds[name] for name in ("uc3m", "stuba"))
    attached = fabric.attach("stuba", home="uc3m")
    assert attached.tunnel is not None
    assert fabric.federation.pool_owner(attached.address) == uc3m
    assert str(stuba.access_networks[0].pool[1]) == attached.tunnel.local_address
    assert attached.tunnel.gateway[0].startswith("127.1.2.")
    attached.release()


def test_everything_is_where_the_process_is(federation: Federation) -> None:
    fabric = Loopback(federation, 0)
    fabric.up()
    assert fabric.namespace_of("uc3m/p-cscf") == ""
    attached = fabric.attach("uc3m")
    assert (attached.namespace, attached.loop) == ("", None)
    assert {(point.interface, point.namespace) for point in fabric.points()} == {("lo", "")}
    assert Point.VPN not in {point.point for point in fabric.points()}
    fabric.down()
    fabric.down()


def test_a_block_elsewhere_is_refused(federation: Federation) -> None:
    with pytest.raises(BadInput, match=r"^federation netlab: block: found 10.1.0.0/16, expected one inside 127[^\n]*$"):
        Loopback(moved_by(federation, (10 - 127) << 24), 0)


def test_a_federation_with_ipv6_is_told_where_it_can_be(ipv6_federation: Federation) -> None:
    with pytest.raises(BadInput, match=r"block: found fd4e:1::/48, expected one inside 127\.0\.0\.0/8"):
        Loopback(ipv6_federation, 0)
