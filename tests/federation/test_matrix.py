"""Cells that follow from a federation."""

from conformance.federation import Cell, default_federation_path, home_cells, load_federation


def test_one_cell_for_each_testbed_at_home() -> None:
    cells = home_cells(load_federation(default_federation_path()))
    assert [cell.id for cell in cells] == ["uc3m@uc3m", "stuba@stuba", "octopus@octopus"]
    assert cells[0] == Cell("uc3m", "uc3m", "none", "alice")


def test_cells_of_subscribers_with_a_password() -> None:
    cells = home_cells(load_federation(default_federation_path()), uses_aka=False)
    assert cells == [Cell("octopus", "octopus", "none", "dave")]


def test_the_access_point_is_part_of_the_name_when_roaming() -> None:
    assert Cell("uc3m", "stuba", "visited", "alice").id == "uc3m@stuba-visited"
