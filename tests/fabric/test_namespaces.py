"""A lab of namespaces: who reaches whom and by which way, terminals, and what is left after it."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable
from contextlib import ExitStack, closing
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from pyroute2 import IPRoute

from conformance.capture import Sniffers
from conformance.cores.emulated.processes import ProcessMark
from conformance.fabric import registry
from conformance.fabric.layout import HUB, TUNNEL, UNDERLAY
from conformance.fabric.namespaces import Namespaces
from conformance.fabric.netns import inside, named, processes_in
from conformance.fabric.pki import Flaw, default_folder
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import Federation, Interconnect, NodeKind
from conformance.vocabulary.points import Point
from tests.fabric.captured import packets
from tests.fabric.datagrams import carried, open_udp, told_unreachable

CLEAR = b"REGISTER sip:uc3m.netlab.test SIP/2.0 " * 8
MADE = ("n-", "ue", "core", "access", "under", "eth", "tun", "outer", "p", "lo")
"""How the interfaces of a lab begin."""


def node(lab: Namespaces, name: str) -> socket.socket:
    """A socket of a node: `uc3m/p-cscf`."""
    testbed, _, kind = name.partition("/")
    return open_udp(lab.namespace_of(name), lab.federation.testbeds[testbed].node(NodeKind(kind)).address)


def captured(lab: Namespaces, one: str, other: str, folder: Path) -> dict[str, list[bytes]]:
    """What each point saw of one datagram between two nodes."""
    with Sniffers(lab.points(), "scapy", folder / "spool") as sniffers, ExitStack() as stack:
        a, b = (stack.enter_context(closing(node(lab, name))) for name in (one, other))
        sniffers.open_cell("cell")
        carried(CLEAR, a, b)
        return packets(sniffers.close_cell("cell", folder / "cell.pcapng").file)


def namespaces(lab: Namespaces) -> list[str]:
    return registry.namespaces_of(lab.lab)


# --- the way between partners ------------------------------------------------------------------------------------


def test_every_partner_reaches_every_other(lab: Namespaces) -> None:
    with ExitStack() as stack:
        kinds = {name: "gateway" if name == "utu" else "p-cscf" for name in lab.federation.testbeds}
        sockets = {name: stack.enter_context(closing(node(lab, f"{name}/{kind}"))) for name, kind in kinds.items()}
        for one, other in itertools.permutations(sockets, 2):
            assert carried(CLEAR, sockets[one], sockets[other]) == sockets[one].getsockname()[0]


def test_between_partners_a_packet_is_in_the_tunnel_alone(lab: Namespaces, tmp_path: Path) -> None:
    seen = captured(lab, "uc3m/p-cscf", "stuba/i-cscf", tmp_path)
    assert len([data for data in seen["Ic"] if CLEAR in data]) == 2  # in the tunnel of either partner
    carriers = [data for data in seen["VPN"] if len(data) > len(CLEAR)]
    assert len(carriers) >= 2  # out of uc3m, into stuba
    assert all(IPv4Address(data[26:30]) in UNDERLAY for data in carriers)
    assert not any(CLEAR[:16] in data for data in seen["VPN"])
    assert {point for point, found in seen.items() if any(CLEAR in data for data in found)} == {"Ic"}


def test_within_a_testbed_nothing_goes_into_the_tunnel(lab: Namespaces, tmp_path: Path) -> None:
    seen = captured(lab, "uc3m/p-cscf", "uc3m/i-cscf", tmp_path)
    assert [CLEAR in data for data in seen["Mw"]] == [True]
    assert {point for point, found in seen.items() if any(CLEAR in data for data in found)} == {"Mw"}


def test_without_its_tunnel_a_partner_is_alone(lab: Namespaces) -> None:
    lab.stop_client("octopus")
    try:
        assert list(lab.dead_vpn()) == ["vpn octopus"]
        with closing(node(lab, "octopus/p-cscf")) as a:
            assert told_unreachable(a, str(lab.federation.testbeds["uc3m"].node(NodeKind.PCSCF).address))
    finally:
        lab.start_client("octopus")
    assert lab.dead_vpn() == {}
    lab.await_path("octopus", 10.0)  # the hub may learn the way a moment after the client says that it is ready
    with closing(node(lab, "octopus/p-cscf")) as a, closing(node(lab, "uc3m/p-cscf")) as b:
        carried(CLEAR, a, b)


@pytest.mark.parametrize("flaw", [Flaw.REVOKED, Flaw.EXPIRED, Flaw.FOREIGN])
def test_a_certificate_that_must_not_be_accepted_opens_no_tunnel(lab: Namespaces, flaw: Flaw) -> None:
    try:
        lab.start_client("octopus", flaw, wait=False)
        with pytest.raises(TestbedDown, match="openvpn octopus"):
            lab.await_client("octopus", 1.0)
    finally:
        lab.start_client("octopus")


def test_a_hub_that_is_back_serves_again(lab: Namespaces) -> None:
    lab.stop_hub(kill=True)
    assert list(lab.dead_vpn()) == ["vpn hub"]
    lab.start_hub()
    for partner in lab.layout.partners:
        lab.start_client(partner.name)
    with closing(node(lab, "stuba/p-cscf")) as a, closing(node(lab, "uc3m/p-cscf")) as b:
        carried(CLEAR, a, b)


def test_without_a_vpn_partners_are_routed_and_seen_in_clear(
    allowed: None, federation: Federation, vpn_folder: Path, tmp_path: Path
) -> None:
    lab = Namespaces(federation.model_copy(update={"interconnect": Interconnect.ROUTED}), vpn_folder)
    lab.up()
    try:
        assert Point.VPN not in {point.point for point in lab.points()}
        assert any("no VPN" in limit for limit in lab.limits)
        seen = captured(lab, "uc3m/p-cscf", "stuba/i-cscf", tmp_path)
        assert len([data for data in seen["Ic"] if CLEAR in data]) == 2
    finally:
        lab.down()


# --- a lab is alone -----------------------------------------------------------------------------------------------


def test_no_interface_of_the_machine_is_in_a_lab(lab: Namespaces) -> None:
    everything = []
    for name in namespaces(lab):
        with inside(name), IPRoute() as there:
            links = [dict(link["attrs"]) for link in there.get_links()]
            routes = [dict(route["attrs"]) for route in there.get_routes(family=socket.AF_INET)]
        everything += [(name, link["IFLA_IFNAME"], link.get("IFLA_LINK_NETNSID")) for link in links]
        gateways = {route["RTA_GATEWAY"] for route in routes if "RTA_GATEWAY" in route}
        ours = [lab.federation.block, TUNNEL, UNDERLAY]
        assert all(any(IPv4Address(gateway) in network for network in ours) for gateway in gateways)
        is_router = name.endswith(("-vpn", "-hub"))
        assert is_router != any("RTA_DST" not in route for route in routes), f"{name}: default route"
    assert all(interface.startswith(MADE) for _, interface, _ in everything)
    # The other end of each cable is in a namespace of the lab too: none ends with the machine.
    with IPRoute() as here:
        own = {dict(link["attrs"])["IFLA_IFNAME"] for link in here.get_links()}
    assert not {interface for _, interface, _ in everything if interface.startswith(("n-", "ue"))} & own


def test_a_node_cannot_reach_the_machine(lab: Namespaces) -> None:
    with IPRoute() as here:
        addresses = [dict(one["attrs"])["IFA_ADDRESS"] for one in here.get_addr(family=socket.AF_INET)]
    outside = [address for address in addresses if not IPv4Address(address).is_loopback]
    # Each from another node: a router tells the same host only once a second.
    for address, name in zip([*outside[:4], "192.0.2.1"], lab.layout.partner("uc3m").testbed.nodes, strict=False):
        with closing(node(lab, f"uc3m/{name}")) as asking:
            assert told_unreachable(asking, address)


def test_two_labs_stand_side_by_side_at_the_same_addresses(
    lab: Namespaces, federation: Federation, vpn_folder: Path
) -> None:
    other = Namespaces(federation, vpn_folder)
    other.up()
    try:
        assert other.lab != lab.lab
        with ExitStack() as stack:
            for each, text in ((lab, b"first"), (other, b"second")):
                a, b = (stack.enter_context(closing(node(each, name))) for name in ("uc3m/p-cscf", "stuba/p-cscf"))
                carried(text, a, b)
    finally:
        other.down()
    with closing(node(lab, "uc3m/p-cscf")) as a, closing(node(lab, "stuba/p-cscf")) as b:
        carried(b"still here", a, b)


def test_nothing_is_left_after_it(allowed: None, federation: Federation, vpn_folder: Path) -> None:
    made = Namespaces(federation, vpn_folder)
    made.up()
    made.attach("uc3m")
    made.attach("stuba", home="uc3m").release()
    lab, names = made.lab, namespaces(made)
    assert len(names) == len(list(made.layout.hosts())) + 2
    marks = [mark for name in names for pid in processes_in(name) if (mark := ProcessMark.of(pid))]
    assert len(marks) == 1 + len(made.layout.partners)
    made.down()
    assert not set(names) & set(named())
    assert lab not in registry.known()
    assert not any(mark.runs() for mark in marks)
    made.down()


def test_a_lab_that_does_not_come_up_leaves_nothing(
    allowed: None, federation: Federation, vpn_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    made = Namespaces(federation, vpn_folder)
    claimed: list[str] = []
    claim: Callable[[], str] = registry.claim
    monkeypatch.setattr(registry, "claim", lambda: claimed.append(claim()) or claimed[-1])
    with pytest.raises(TestbedDown, match="XDG_CACHE_HOME"):
        made.up()
    assert registry.namespaces_of(claimed[0]) == []
    assert claimed[0] not in registry.known()


def test_passphrases_and_keys_are_nowhere_but_in_their_folder(lab: Namespaces, tmp_path: Path) -> None:
    secrets = [file.read_bytes().strip() for file in default_folder().glob("*.pass")]
    assert len(secrets) >= 5
    programs = [pid for name in namespaces(lab) for pid in processes_in(name)]
    assert len(programs) == 5
    told = [Path(f"/proc/{pid}/{what}").read_bytes() for pid in programs for what in ("cmdline", "environ")]
    folder = next(Path(word) for word in told[0].decode().split("\0") if word.endswith(".conf")).parent
    files = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    assert len(files) >= 5 * 2  # configurations and logs
    for text in [*told, *files]:
        assert not any(secret in text for secret in secrets)
        assert b"PRIVATE KEY" not in text
    assert default_folder().stat().st_mode & 0o077 == 0


# --- terminals ----------------------------------------------------------------------------------------------------


def test_a_terminal_is_a_host_of_the_access_network(lab: Namespaces) -> None:
    attached = lab.attach("stuba")
    try:
        assert attached.address in lab.layout.partner("stuba").access[0].pool
        with closing(open_udp(attached.namespace, attached.address)) as a:
            for name in ("stuba/p-cscf", "uc3m/p-cscf"):
                with closing(node(lab, name)) as b:
                    assert carried(b"hello", a, b) == str(attached.address)
    finally:
        attached.release()


def test_its_loop_has_its_sockets_in_its_namespace(lab: Namespaces) -> None:
    attached = lab.attach("uc3m")
    assert attached.loop is not None

    async def opened() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((str(attached.address), 0))  # which is an address of nobody else
        return made

    attached.loop.run(opened, 5, "a socket").close()
    attached.release()


def test_a_host_is_used_again_at_another_address(lab: Namespaces) -> None:
    first = lab.attach("octopus")
    second = lab.attach("octopus")
    assert first.namespace != second.namespace
    first.release()
    third = lab.attach("octopus")
    assert third.namespace == first.namespace
    assert len({first.address, second.address, third.address}) == 3
    with pytest.raises(OSError, match="Cannot assign"):
        open_udp(third.namespace, first.address)
    with closing(open_udp(third.namespace, third.address)) as a, closing(node(lab, "octopus/p-cscf")) as b:
        carried(b"hello", a, b)
    second.release()
    third.release()


def test_at_home_access_the_home_address_belongs_to_the_home_gateway_until_it_is_released(lab: Namespaces) -> None:
    attached = lab.attach("stuba", home="uc3m")
    assert attached.tunnel is not None
    assert attached.address in lab.layout.partner("uc3m").access[0].pool
    assert IPv4Address(attached.tunnel.local_address) in lab.layout.partner("stuba").access[0].pool
    gateway = lab.namespace_of("uc3m/gateway")
    with closing(node(lab, "uc3m/p-cscf")) as a, closing(open_udp(gateway, attached.address)) as b:
        carried(b"hello", a, b)
    local = open_udp(attached.namespace, attached.tunnel.local_address)
    with closing(local) as a, closing(node(lab, "stuba/gateway")) as b:
        carried(b"hello", a, b)
    attached.release()
    with pytest.raises(OSError, match="Cannot assign"):
        open_udp(gateway, attached.address)


def test_points_have_a_place_each(lab: Namespaces) -> None:
    points = lab.points()
    assert len({str(point) for point in points}) == len(points)
    by_point = {point: [one for one in points if one.point is point] for point in Point}
    assert {one.interface for one in by_point[Point.IC]} == {"tun0"}
    assert {one.interface for one in by_point[Point.VPN]} == {"outer0"}
    assert {one.place for one in by_point[Point.VPN]} == {f"outer of {name}" for name in lab.federation.testbeds}
    assert not any("utu" in one.namespace for one in by_point[Point.MW])  # an access network alone has no CSCF
    assert {one.namespace for one in points} <= set(namespaces(lab))


def test_a_host_that_is_gone_is_told(lab: Namespaces) -> None:
    assert lab.namespace(HUB) in named()
    with pytest.raises(TestbedDown, match="was it removed by somebody"), inside(lab.namespace("nobody")):
        pass
