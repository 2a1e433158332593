from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP, fragment
from scapy.packet import Raw

from conformance.capture import ObservationPoint, Sniffers, loopback_points
from conformance.capture.points import marker_endpoint, point_filters
from conformance.federation import default_federation_path, load_federation, rebase
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Federation, NodeKind, Testbed
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point
from tests.blocks import Block


@pytest.fixture
def federation() -> Federation:
    """The emulated federation, in this room's block; parallel test processes get one each."""
    return rebase(load_federation(default_federation_path()), Block.POINTS.own_number)


def addresses(testbed: Testbed) -> dict[str, str]:
    """One address for each role that packets may have in a testbed."""
    found = {kind.value: str(node.address) for kind, node in testbed.nodes.items()}
    return found | {"ue": str(testbed.access_networks[0].pool[3])}


def test_the_points_are_those_of_a_registration_in_the_order_of_point(federation: Federation) -> None:
    assert [p.point for p in loopback_points(federation)] == [
        Point.GM, Point.ACCESS, Point.MW, Point.IC, Point.ISC, Point.CX, Point.UT, Point.DNS, Point.MEDIA,
    ]  # fmt: skip


def test_marker_addresses_are_numbered_in_the_order_of_point(federation: Federation) -> None:
    base = str(federation.block.network_address).removesuffix("0.0")
    assert [p.marker for p in loopback_points(federation)] == [
        Endpoint(f"{base}255.{number}", 9, "udp") for number in range(1, 10)
    ]


def test_no_filter_names_a_port_because_later_fragments_have_none(federation: Federation) -> None:
    assert not [p for p in loopback_points(federation) if "port" in p.filter]


def test_a_point_without_nodes_is_left_out(federation: Federation) -> None:
    def without_hss(testbed: Testbed) -> Testbed:
        nodes = {kind: node for kind, node in testbed.nodes.items() if kind is not NodeKind.HSS}
        return testbed.model_copy(update={"nodes": nodes})

    testbeds = {name: without_hss(testbed) for name, testbed in federation.testbeds.items()}
    found = loopback_points(federation.model_copy(update={"testbeds": testbeds}))
    assert {p.point for p in loopback_points(federation)} - {p.point for p in found} == {Point.CX}


def test_one_testbed_alone_has_nothing_between_networks(federation: Federation) -> None:
    alone = federation.model_copy(update={"testbeds": {"uc3m": federation.testbeds["uc3m"]}})
    assert Point.IC not in [p.point for p in loopback_points(alone)]


def test_without_an_application_server_there_is_no_isc(federation: Federation) -> None:
    alone = federation.model_copy(update={"testbeds": {"octopus": federation.testbeds["octopus"]}})
    assert [p.point for p in loopback_points(alone)] == [
        Point.GM,
        Point.ACCESS,
        Point.MW,
        Point.CX,
        Point.DNS,
        Point.MEDIA,
    ]


def test_an_access_network_alone_has_its_gateway_only(federation: Federation) -> None:
    alone = federation.model_copy(update={"testbeds": {"utu": federation.testbeds["utu"]}})
    assert [p.point for p in loopback_points(alone)] == [Point.ACCESS]


def test_a_block_without_room_for_markers_is_refused(federation: Federation) -> None:
    small = federation.model_copy(update={"block": IPv4Network(f"{Block.POINTS.prefix}0.0/20")})
    with pytest.raises(BadInput, match=r"127\.38\.0\.0/20: expected a block that holds the marker address"):
        loopback_points(small)


@pytest.mark.usefixtures("may_capture")
def test_every_packet_appears_at_its_point_and_at_no_other(
    federation: Federation, tmp_path: Path, rows: Callable[..., list[list[str]]]
) -> None:
    one, other = (addresses(testbed) for testbed in list(federation.testbeds.values())[:2])
    expected = [
        (one["ue"], one["p-cscf"], "Gm"),
        (other["p-cscf"], one["ue"], "Gm"),
        (one["sip-proxy"], other["ue"], "Gm"),  # of a network without IMS
        (one["sip-proxy"], one["presence"], "ISC"),
        (one["p-cscf"], other["i-cscf"], "Ic"),
        (other["i-cscf"], other["s-cscf"], "Mw"),
        (one["p-cscf"], one["s-cscf"], "Mw"),
        (other["s-cscf"], one["p-cscf"], "Ic"),
        (one["ue"], one["gateway"], "access"),
        (one["gateway"], other["gateway"], "access"),
        (other["gateway"], one["gateway"], "access"),
        (one["gateway"], one["ue"], "access"),
        (one["s-cscf"], one["as"], "ISC"),
        (other["as"], other["s-cscf"], "ISC"),
        (one["i-cscf"], one["hss"], "Cx"),
        (one["hss"], one["s-cscf"], "Cx"),
        (one["p-cscf"], one["dns"], "DNS"),
        (one["ue"], one["dns"], "DNS"),
        (one["as"], one["dns"], "DNS"),
        (one["dns"], other["dns"], "DNS"),
        (one["hss"], one["dns"], "DNS"),
        (one["ue"], one["as"], ""),  # a terminal has nothing to say to an application server but by its S-CSCF
        (one["ue"], one["xdms"], "Ut"),
        (one["xdms"], other["ue"], "Ut"),
        (one["xdms"], one["dns"], "DNS"),
        (one["ue"], other["ue"], "media"),
        ("127.0.0.1", one["ue"], "media"),  # of a program that binds its media port to all addresses
        ("127.0.0.1", one["p-cscf"], ""),
    ]
    with Sniffers(loopback_points(federation), "scapy", tmp_path) as sniffers:
        sniffers.open_cell("paths")
        for source, destination, _ in expected:
            with (
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out,
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener,
            ):
                listener.bind((destination, 0))
                out.bind((source, 0))
                out.sendto(b"x", listener.getsockname())
        cell = sniffers.close_cell("paths", tmp_path / "paths.pcapng")
    found = Counter(tuple(row) for row in rows(cell.file, "ip.src", "ip.dst", "frame.interface_name"))
    assert found == Counter(row for row in expected if row[2])


@pytest.mark.usefixtures("may_capture")
def test_fragments_of_a_tunnelled_packet_stay_at_the_point_access(
    federation: Federation, tmp_path: Path, rows: Callable[..., list[list[str]]]
) -> None:
    one, other = (addresses(testbed)["gateway"] for testbed in list(federation.testbeds.values())[:2])
    inner = IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=5060, dport=5060) / Raw(b"S" * 4000)
    header = bytes.fromhex("30ff") + len(bytes(inner)).to_bytes(2) + bytes(4)
    datagram = IP(src=one, dst=other) / UDP(sport=2152, dport=2152) / Raw(header + bytes(inner))
    with (
        Sniffers(loopback_points(federation), "scapy", tmp_path) as sniffers,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw,
    ):
        listener.bind((other, 2152))
        sniffers.open_cell("fragments")
        for piece in fragment(datagram, fragsize=1480):
            raw.sendto(bytes(piece), (other, 0))
        cell = sniffers.close_cell("fragments", tmp_path / "fragments.pcapng")
    assert cell.frames[Point.ACCESS] == sum(cell.frames.values()) == 3
    found = [row for row in rows(cell.file, "frame.interface_name", "gtp.length", "ip.src") if row[1]]
    assert found == [["access", str(len(bytes(inner))), f"{one},10.0.0.1"]]  # put together by tshark


@pytest.mark.usefixtures("may_capture")
@pytest.mark.parametrize("backend", ["scapy", "pyshark"])
def test_all_fragments_of_a_packet_are_captured(
    points: tuple[ObservationPoint, ...],
    backend: str,
    tmp_path: Path,
    sender: Callable[[int, bytes], None],
    rows: Callable[..., list[list[str]]],
) -> None:
    destination = points[0].filter.removeprefix("dst net ").replace(".0/24", ".2")
    sender(0, b"somebody listens now, so that nothing is answered")
    datagram = IP(src=destination.replace(".2", ".1"), dst=destination) / UDP(sport=5060, dport=5060) / Raw(b"S" * 4000)
    pieces = fragment(datagram, fragsize=1480)
    with (
        Sniffers(points, backend, tmp_path) as sniffers,
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw,
    ):
        sniffers.open_cell("fragments")
        for piece in pieces:
            raw.sendto(bytes(piece), (destination, 0))
        cell = sniffers.close_cell("fragments", tmp_path / "fragments.pcapng")
    assert cell.frames[Point.GM] == len(pieces) == 3
    lengths = [row[0] for row in rows(cell.file, "udp.length") if row[0]]
    assert lengths == ["4008"]  # tshark could put them together


def test_points_of_ipv6_have_markers_and_filters_of_ipv6() -> None:
    federation = load_federation(default_federation_path().with_name("emulated6.toml"))
    assert marker_endpoint(federation.block, Point.GM) == Endpoint("fd4e:1:0:ffff::1", 9, "udp")
    filters = point_filters(federation)
    assert filters[Point.DNS] == "(host fd4e:1:0:10::15 or host fd4e:1:0:20::15 or host fd4e:1:0:30::15)"
    assert "net fd4e:1:0:11::/64" in filters[Point.GM]
