"""Who is called in a cell, and where the called user is."""

import pytest

from conformance.federation import default_federation_path, home_cells, load_federation, roaming_cells
from conformance.federation.call_matrix import CALLED, call_cells
from conformance.federation.matrix import Callee, Cell
from conformance.vocabulary.federation import Federation


@pytest.fixture(scope="module")
def federation() -> Federation:
    return load_federation(default_federation_path())


def ids(federation: Federation, called: str, access: str = "none") -> list[str]:
    callers = home_cells(federation) if access == "none" else roaming_cells(federation, access)  # type: ignore[arg-type]
    return [cell.id for cell in call_cells(federation, callers, called)]


def test_at_home_somebody_else_of_the_same_network_is_called(federation: Federation) -> None:
    assert ids(federation, "home") == ["uc3m@uc3m-to-uc3m", "octopus@octopus-to-octopus"]  # stuba has one subscriber
    cells = call_cells(federation, home_cells(federation), "home")
    assert cells[0] == Cell("uc3m", "uc3m", "none", "alice", Callee("uc3m", "uc3m", "erin"))


def test_a_call_between_two_networks(federation: Federation) -> None:
    assert ids(federation, "third") == [
        "uc3m@uc3m-to-stuba", "uc3m@uc3m-to-octopus",
        "stuba@stuba-to-uc3m", "stuba@stuba-to-octopus",
        "octopus@octopus-to-uc3m", "octopus@octopus-to-stuba",
    ]  # fmt: skip


def test_from_away_to_the_visited_and_to_a_third_network(federation: Federation) -> None:
    assert ids(federation, "visited", "visited")[:2] == [
        "uc3m@stuba-visited-to-stuba",
        "uc3m@octopus-visited-to-octopus",
    ]
    third = ids(federation, "third", "visited")
    assert len(third) == 6
    assert third[0] == "uc3m@stuba-visited-to-octopus"


def test_who_is_called_away_may_roam_and_is_not_the_caller(federation: Federation) -> None:
    cells = call_cells(federation, home_cells(federation), "away")
    assert [cell.id for cell in cells[:2]] == ["uc3m@uc3m-to-uc3m@stuba", "uc3m@uc3m-to-uc3m@octopus"]
    assert (cells[0].subscriber, cells[0].callee) == ("erin", Callee("uc3m", "stuba", "alice"))  # erin may not roam


def test_both_away_are_in_different_networks(federation: Federation) -> None:
    found = ids(federation, "away", "visited")
    assert found == ["octopus@uc3m-visited-to-octopus@stuba", "octopus@stuba-visited-to-octopus@uc3m"]


@pytest.mark.parametrize("called", CALLED)
@pytest.mark.parametrize("access", ["none", "visited", "home"])
def test_nobody_calls_himself_and_ids_differ(federation: Federation, called: str, access: str) -> None:
    callers = home_cells(federation) if access == "none" else roaming_cells(federation, access)  # type: ignore[arg-type]
    cells = call_cells(federation, callers, called)
    for cell in cells:
        assert cell.callee is not None
        assert (cell.home, cell.subscriber) != (cell.callee.home, cell.callee.subscriber)
        assert cell.testbeds >= {cell.home, cell.visited, cell.callee.home, cell.callee.visited}
    assert len({cell.id for cell in cells}) == len(cells)


def test_somebody_with_two_devices_is_called_by_another_user_of_the_network(federation: Federation) -> None:
    assert ids(federation, "devices") == ["uc3m@uc3m-to-uc3m+uc3m", "octopus@octopus-to-octopus+octopus"]
    cells = call_cells(federation, home_cells(federation), "devices")
    assert (cells[0].subscriber, cells[0].callee) == ("erin", Callee("uc3m", "uc3m", "alice", "alice-tablet", "uc3m"))


def test_the_second_device_may_be_in_another_network(federation: Federation) -> None:
    assert ids(federation, "devices-apart")[:2] == ["uc3m@uc3m-to-uc3m+stuba", "uc3m@uc3m-to-uc3m+octopus"]
    (cell, *_) = call_cells(federation, home_cells(federation), "devices-apart")
    assert cell.testbeds == {"uc3m", "stuba"}


def test_nobody_calls_himself_by_another_device(federation: Federation) -> None:
    for called in CALLED:
        for cell in call_cells(federation, home_cells(federation), called):
            assert cell.callee is not None
            caller = federation.testbeds[cell.home].subscriber(cell.subscriber)
            callee = federation.testbeds[cell.callee.home].subscriber(cell.callee.subscriber)
            assert caller.impus != callee.impus


def test_who_is_called_may_have_to_have_a_password(federation: Federation) -> None:
    at_home = call_cells(federation, home_cells(federation), "third", "password")
    assert [(cell.id, cell.callee) for cell in at_home] == [
        ("uc3m@uc3m-to-octopus", Callee("octopus", "octopus", "dave")),
        ("stuba@stuba-to-octopus", Callee("octopus", "octopus", "dave")),
    ]
    away = call_cells(federation, home_cells(federation), "away", "password")
    assert {(cell.subscriber, cell.callee) for cell in away} == {
        ("carol", Callee("octopus", "uc3m", "dave")),
        ("carol", Callee("octopus", "stuba", "dave")),
    }


def test_caller_and_callee_with_passwords_are_two(federation: Federation) -> None:
    (cell,) = call_cells(federation, home_cells(federation, uses_aka=False), "home", "password")
    assert cell == Cell("octopus", "octopus", "none", "dave", Callee("octopus", "octopus", "frank"))
    (cell,) = call_cells(federation, home_cells(federation, uses_aka=False), "home", "aka")
    assert cell.callee == Callee("octopus", "octopus", "carol")
