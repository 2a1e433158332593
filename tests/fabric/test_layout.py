"""The plan of a lab: hosts, addresses, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from pathlib import Path

import pytest

from conformance.fabric.layout import TUNNEL, TUNNEL_6, UNDERLAY, Layout, layout, placed
from conformance.federation import default_federation_path, load_federation
from conformance.vocabulary.errors import BadInput, Exit
from conformance.vocabulary.federation import Federation, Interconnect

Changed = Callable[..., Federation]


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """The emulated federation with other words in its file, placed for a lab."""

    def make(**words: str) -> Federation:
        text = default_federation_path().read_text()
        for old, new in words.items():
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "federation.toml"
        file.write_text(text)
        return placed(load_federation(file))

    return make


@pytest.fixture
def plan(federation: Federation) -> Layout:
    return layout(placed(federation))


def refusal(federation: Federation) -> str:
    with pytest.raises(BadInput) as error:
        layout(federation)
    text = str(error.value)
    assert error.value.exit_code is Exit.USAGE
    assert text.startswith("fabric namespaces: ")
    assert "\n" not in text
    assert "expected" in text
    return text


def test_every_node_is_a_host_beside_the_hub_and_a_gateway_a_partner(plan: Layout) -> None:
    hosts = list(plan.hosts())
    nodes = sum(len(testbed.nodes) for testbed in plan.federation.testbeds.values())
    assert len(set(hosts)) == len(hosts) == 1 + len(plan.partners) + nodes
    assert {"hub", "uc3m-vpn", "uc3m-p-cscf", "utu-gateway"} <= set(hosts)


def test_loopback_addresses_become_ones_that_can_be_routed(federation: Federation) -> None:
    there = placed(federation)
    assert there.block == IPv4Network("10.1.0.0/16")
    assert [node.address - (10 << 24) for node in there.testbeds["uc3m"].nodes.values()] == [
        node.address - (127 << 24) for node in federation.testbeds["uc3m"].nodes.values()
    ]
    assert placed(there) is there


def test_a_router_has_an_address_that_no_node_and_no_terminal_has(plan: Layout) -> None:
    for partner in plan.partners:
        nodes = {node.address for node in partner.testbed.nodes.values()}
        assert partner.router in set(partner.core.hosts()) - nodes
        assert nodes <= set(partner.core)
        for access in partner.access:
            assert access.router in access.pool
            assert access.router not in access.addresses()


def test_partners_have_addresses_of_their_own_in_the_tunnel_and_below_it(plan: Layout) -> None:
    assert len({partner.tunnel for partner in plan.partners}) == len(plan.partners)
    assert len({partner.outer for partner in plan.partners}) == len(plan.partners)
    assert all(partner.tunnel in TUNNEL and partner.outer.ip in UNDERLAY for partner in plan.partners)


def test_an_unknown_partner(plan: Layout) -> None:
    with pytest.raises(KeyError):
        plan.partner("nobody")


def test_networks_that_overlap_are_refused_with_both_owners(changed: Changed) -> None:
    # One node far from the others makes the smallest network of all nodes a large one.
    text = refusal(changed(**{'host = "ns", address = "127.1.2.15"': 'host = "ns", address = "127.1.1.40"'}))
    assert "testbed stuba has 10.1.0.0/22, which testbed uc3m has already (10.1.1.0/27)" in text


def test_networks_of_the_lab_itself_are_refused(changed: Changed) -> None:
    text = refusal(changed(**{'"127.1.0.0/16': '"10.8.0.0/16', '"127.1.1.': '"10.8.0.', '"127.1.': '"10.8.'}))
    assert "which the tunnel has already (10.8.0.0/24)" in text


def test_nodes_that_share_an_address_are_refused(changed: Changed) -> None:
    text = refusal(changed(**{'address = "127.1.1.12", port = 5060': 'address = "127.1.1.11", port = 5060'}))
    assert "two nodes of testbed uc3m share an address" in text


def test_a_pool_without_room_for_router_and_terminals_is_refused(changed: Changed) -> None:
    assert "has the pool 10.1.1.128/30, expected a /29" in refusal(changed(**{"127.1.1.128/25": "127.1.1.128/30"}))


def test_a_core_grows_until_the_router_has_room(changed: Changed) -> None:
    utu = layout(changed(**{'"127.1.4.16"': '"127.1.4.17"'})).partner("utu")
    assert (utu.core, utu.router) == (IPv4Network("10.1.4.16/30"), IPv4Address("10.1.4.18"))


def test_no_node_has_the_first_or_the_last_address_of_its_network(changed: Changed) -> None:
    utu = layout(changed(**{'"127.1.4.16"': '"127.1.4.15"'})).partner("utu")
    assert utu.core == IPv4Network("10.1.4.0/27"), "15 is the last of each smaller network"


@pytest.mark.parametrize("name", ["emulated.toml", "hiding.toml"])
def test_the_cores_of_published_federations_have_room_for_hosts(name: str) -> None:
    plan = layout(placed(load_federation(default_federation_path().with_name(name))))
    for partner in plan.partners:
        assert {node.address for node in partner.testbed.nodes.values()} <= set(partner.core.hosts())


# --- IPv6 --------------------------------------------------------------------------------------------------------


def test_ipv6_stays_where_it_is_and_has_a_64_for_the_nodes(ipv6_federation: Federation) -> None:
    plan = layout(placed(ipv6_federation))
    stuba = plan.partner("stuba")
    assert plan.federation is ipv6_federation
    assert [str(network) for network in stuba.networks] == ["fd4e:1:0:20::/64", "fd4e:1:0:21::/64"]
    assert (str(stuba.router), str(stuba.access[0].router)) == ("fd4e:1:0:20::1", "fd4e:1:0:21::1")
    given = stuba.access[0].addresses()
    assert str(given[0]) == "fd4e:1:0:21::2"
    assert len(given) == len(set(given)) == 4095


def test_through_a_vpn_only_the_inside_is_ipv6(ipv6_federation: Federation) -> None:
    plan = layout(ipv6_federation)
    assert all(partner.outer.ip in UNDERLAY and partner.tunnel in TUNNEL_6 for partner in plan.partners)
    routed = layout(ipv6_federation.model_copy(update={"interconnect": Interconnect.ROUTED}))
    assert all(partner.outer.version == 6 for partner in routed.partners)


def test_nodes_of_ipv6_in_the_network_of_terminals_are_refused(ipv6_federation: Federation) -> None:
    uc3m = ipv6_federation.testbeds["uc3m"]
    wide = uc3m.access_networks[0].model_copy(update={"pool": IPv6Network("fd4e:1:0:10:8000::/65")})
    broken = uc3m.model_copy(update={"access_networks": (wide,)})
    text = refusal(ipv6_federation.model_copy(update={"testbeds": {"uc3m": broken}}))
    assert "fd4e:1:0:10:8000::/65" in text
