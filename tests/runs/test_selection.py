"""From the markers of a test case to its cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.big_federation import federation_file
from conformance.federation import default_federation_path, load_federation
from conformance.federation.matrix import Cell
from conformance.runs.selection import missing_feature, missing_node, needed_nodes, other_fabric, squares
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Federation, Interconnect, NodeKind


@pytest.fixture(scope="module")
def federation() -> Federation:
    return load_federation(default_federation_path())


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, ["uc3m@uc3m", "stuba@stuba", "octopus@octopus"]),
        ({"credentials": "password"}, ["octopus@octopus"]),
        (
            {"access": "visited"},
            [f"{home}@{away}-visited" for home in ("uc3m", "stuba", "octopus") for away in ("uc3m", "stuba", "octopus")
             if home != away],
        ),
        ({"access": "visited", "credentials": "password"}, ["octopus@uc3m-visited", "octopus@stuba-visited"]),
        ({"access": "visited", "roaming": False}, ["uc3m@stuba-visited", "uc3m@octopus-visited"]),
        (
            {"access": "visited", "each": "visited"},
            ["uc3m@stuba-visited", "uc3m@octopus-visited", "stuba@uc3m-visited"],
        ),
        (
            {"access": "visited", "each": "home"},
            ["uc3m@stuba-visited", "stuba@uc3m-visited", "octopus@uc3m-visited"],
        ),
        ({"access": "visited", "each": "federation", "then": ["registration-visited"]}, ["uc3m@stuba-visited"]),
    ],
)  # fmt: skip
def test_cells(federation: Federation, wanted: dict[str, object], ids: list[str]) -> None:
    assert [cell.id for cell in squares(federation, wanted)] == ids


def test_an_access_network_without_ims_is_visited_by_home_access_only(federation: Federation) -> None:
    ids = [cell.id for cell in squares(federation, {"access": "home"})]
    assert "uc3m@utu-home" in ids
    assert not [name for name in ids if name.startswith("utu@")]


def test_the_barred_subscriber_is_another_one(federation: Federation) -> None:
    barred = {cell.subscriber for cell in squares(federation, {"access": "visited", "roaming": False})}
    free = {cell.subscriber for cell in squares(federation, {"access": "visited"})}
    assert not barred & free


def test_calls_of_three_networks_are_covered_unless_all_are_wanted(tmp_path: Path) -> None:
    (tmp_path / "many.toml").write_text(federation_file(6))
    many = load_federation(tmp_path / "many.toml")
    wanted = {"access": "visited", "callee": "third"}
    found, every = squares(many, wanted), squares(many, wanted, full=True)
    assert len(every) == 6 * 5 * 4
    assert 6 * 5 <= len(found) <= 45
    assert {(cell.home, cell.visited) for cell in found} == {(cell.home, cell.visited) for cell in every}
    assert {(cell.visited, cell.third) for cell in found} == {(cell.visited, cell.third) for cell in every}


def test_transports_share_the_cells_of_a_test_case(federation: Federation) -> None:
    wanted = {"access": "visited", "callee": "third", "transport": ["udp", "tcp"]}
    found = squares(federation, wanted)
    assert len(found) == 6
    assert {(cell.home, cell.transport) for cell in found} == {
        (home, transport) for home in ("uc3m", "stuba", "octopus") for transport in ("udp", "tcp")
    }
    assert len(squares(federation, wanted, full=True)) == 12
    assert [cell.id for cell in squares(federation, {"transport": "tcp"})] == [
        "uc3m@uc3m-tcp", "stuba@stuba-tcp", "octopus@octopus-tcp",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wanted",
    [{"acces": "home"}, {"access": "away"}, {"credentials": "card"}, {"each": "year"}, {"transport": "sctp"},
     {"transport": []}, {"callee": "home", "callee_credentials": "card"}],
)  # fmt: skip
def test_a_mistake_in_the_marker_is_said(federation: Federation, wanted: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="marker flow"):
        squares(federation, wanted)


@pytest.mark.parametrize(
    ("access_point", "of_visited"),
    [("none", set()), ("visited", {"stuba/p-cscf", "stuba/dns"}), ("home", {"stuba/gateway"})],
)
def test_a_cell_needs_all_of_home_and_little_of_the_visited_network(
    federation: Federation, access_point: str, of_visited: set[str]
) -> None:
    home, visited = federation.testbeds["uc3m"], federation.testbeds["stuba"]
    needed = needed_nodes(Cell("uc3m", "stuba", access_point, "alice"), home, visited)
    assert {name for name in needed if name.startswith("stuba/")} == of_visited
    assert {"uc3m/hss", "uc3m/s-cscf", "uc3m/dns"} <= needed
    assert {"vpn hub", "vpn uc3m", "vpn stuba"} <= needed


def test_a_cell_at_home_needs_no_vpn(federation: Federation) -> None:
    home = federation.testbeds["uc3m"]
    assert not [name for name in needed_nodes(Cell("uc3m", "uc3m", "none", "alice"), home, home) if "vpn" in name]


def test_another_fabric_or_no_vpn_is_said(federation: Federation) -> None:
    assert other_fabric("namespaces", "namespaces", federation) is None
    assert "--fabric namespaces would" in (other_fabric("loopback", "namespaces", federation) or "")
    assert other_fabric("namespaces", "namespaces", federation, 4) is None
    assert other_fabric("namespaces", "namespaces", federation, 6) == "is about IPv6, and this federation has IPv4"
    routed = federation.model_copy(update={"interconnect": Interconnect.ROUTED})
    assert 'interconnect = "vpn"' in (other_fabric("namespaces", "namespaces", routed) or "")


def test_a_declared_feature_is_not_missing(federation: Federation) -> None:
    assert missing_feature(default_federation_path(), federation.testbeds["uc3m"], "none") is None


@pytest.mark.parametrize(
    ("feature", "said"),
    [
        ("ipsec-3gpp", 'testbeds.uc3m.features.access_security = "ipsec-3gpp"'),
        ("multicast", 'testbeds.uc3m.features.ics = ["multicast"]'),
    ],
)
def test_a_missing_feature_names_the_line_that_would_declare_it(
    federation: Federation, feature: str, said: str
) -> None:
    file = default_federation_path()
    reason = missing_feature(file, federation.testbeds["uc3m"], feature)
    assert reason is not None
    assert said in reason
    name, line = reason.partition(f"{file.name}:")[::2]
    number = int(line.partition(":")[0])
    found = Path(file).read_text().splitlines()[number - 1]
    assert "features" in found or found.startswith(("access_security", "ics")), name


def test_a_missing_node_names_the_line_that_would_name_one(federation: Federation) -> None:
    assert missing_node(federation.testbeds["uc3m"], NodeKind.PRESENCE) is None
    assert missing_node(federation.testbeds["octopus"], NodeKind.PRESENCE) == (
        "octopus has no node presence: testbeds.octopus.nodes.presence would name one"
    )


def test_users_with_services_are_others_where_a_call_is_made_and_like_others_where_none_is(
    federation: Federation,
) -> None:
    away = {"access": "visited", "callee": "away"}
    assert {cell.home for cell in squares(federation, away)} == {"octopus"}
    assert {cell.home for cell in squares(federation, {**away, "served": True})} == {"uc3m", "stuba", "octopus"}
