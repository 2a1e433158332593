"""Cells that follow from a federation."""

from conformance.federation import Cell, default_federation_path, home_cells, load_federation, roaming_cells
from conformance.vocabulary.federation import Federation, NodeKind, Testbed

PAIRS = [
    ("uc3m", "stuba"), ("uc3m", "octopus"),
    ("stuba", "uc3m"), ("stuba", "octopus"),
    ("octopus", "uc3m"), ("octopus", "stuba"),
]  # fmt: skip


def test_one_cell_for_each_testbed_at_home() -> None:
    cells = home_cells(load_federation(default_federation_path()))
    assert [cell.id for cell in cells] == ["uc3m@uc3m", "stuba@stuba", "octopus@octopus"]
    assert cells[0] == Cell("uc3m", "uc3m", "none", "alice")


def test_cells_of_subscribers_with_a_password() -> None:
    cells = home_cells(load_federation(default_federation_path()), uses_aka=False)
    assert cells == [Cell("octopus", "octopus", "none", "dave")]


def test_the_access_point_is_part_of_the_name_when_roaming() -> None:
    assert Cell("uc3m", "stuba", "visited", "alice").id == "uc3m@stuba-visited"


def test_every_ordered_pair_of_ims_testbeds_by_the_visited_access_point() -> None:
    cells = roaming_cells(load_federation(default_federation_path()), "visited")
    assert [(cell.home, cell.visited) for cell in cells] == PAIRS
    assert {cell.access_point for cell in cells} == {"visited"}
    assert [cell.subscriber for cell in cells[::2]] == ["alice", "bob", "carol"]


def test_the_home_access_point_is_reached_from_access_networks_too() -> None:
    cells = roaming_cells(load_federation(default_federation_path()), "home")
    assert {(cell.home, cell.visited) for cell in cells} == {
        *PAIRS, ("uc3m", "utu"), ("stuba", "utu"), ("octopus", "utu"),
    }  # fmt: skip
    assert cells[2].id == "uc3m@utu-home"


def test_who_may_not_roam_is_passed_over() -> None:
    federation = load_federation(default_federation_path())
    uc3m = federation.testbeds["uc3m"]
    federation = with_testbed(federation, uc3m.model_copy(update={"subscribers": uc3m.users[1::-1]}))
    assert {cell.subscriber for cell in roaming_cells(federation, "visited") if cell.home == "uc3m"} == {"alice"}
    federation = with_testbed(federation, uc3m.model_copy(update={"subscribers": uc3m.users[1:2]}))
    assert not [cell for cell in roaming_cells(federation, "visited") if cell.home == "uc3m"]
    assert len(roaming_cells(federation, "visited")) == 4


def test_without_gateway_no_home_access_point() -> None:
    federation = load_federation(default_federation_path())
    stuba = federation.testbeds["stuba"]
    nodes = {kind: node for kind, node in stuba.nodes.items() if kind is not NodeKind.GATEWAY}
    federation = with_testbed(federation, stuba.model_copy(update={"nodes": nodes}))
    assert not [cell for cell in roaming_cells(federation, "home") if "stuba" in (cell.home, cell.visited)]
    assert len(roaming_cells(federation, "visited")) == 6


def with_testbed(federation: Federation, testbed: Testbed) -> Federation:
    return federation.model_copy(update={"testbeds": {**federation.testbeds, testbed.name: testbed}})
