"""The cells of the matrix of quirks."""

from __future__ import annotations

from conformance.federation import default_federation_path, load_federation
from conformance.federation.matrix import Cell
from conformance.federation.quirk_matrix import core_of, with_profiles
from conformance.vocabulary.federation import CoreKind

HOME = Cell("uc3m", "uc3m", "none", "alice")
AWAY = Cell("uc3m", "stuba", "visited", "alice")
FEDERATION = load_federation(default_federation_path())


def test_a_cell_is_run_with_each_profile_and_strictness_without_and_with_the_adapter() -> None:
    made = with_profiles(FEDERATION, [HOME], ("standard", "uct"))
    assert len(made) == 2 * 3 * 2
    assert "uc3m@uc3m-uct-strict" in {cell.id for cell in made}
    assert "uc3m@uc3m-uct-strict-adapted" in {cell.id for cell in made}


def test_cells_of_one_strictness_follow_each_other() -> None:
    found = [cell.strictness for cell in with_profiles(FEDERATION, [HOME, AWAY], ("standard", "uct"))]
    assert found == sorted(found, key=list(dict.fromkeys(found)).index)


def test_a_real_core_is_as_strict_as_it_is() -> None:
    real = FEDERATION.played_by(CoreKind.KAMAILIO)
    made = with_profiles(real, [HOME], ("uct",))
    assert [cell.id for cell in made] == ["uc3m@uc3m-uct", "uc3m@uc3m-uct-adapted"]
    assert core_of(real, made[0]) == "kamailio"


def test_what_the_core_is_called_is_said_by_the_network_of_the_p_cscf() -> None:
    stuba = FEDERATION.testbeds["stuba"].model_copy(update={"core": CoreKind.KAMAILIO})
    mixed = FEDERATION.model_copy(update={"testbeds": {**FEDERATION.testbeds, "stuba": stuba}})
    assert core_of(mixed, AWAY) == "kamailio"
    assert core_of(mixed, HOME) == "lenient"
    assert core_of(mixed, Cell("uc3m", "stuba", "home", "alice")) == "lenient"
