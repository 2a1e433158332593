"""Which requirements a test case covers."""

from __future__ import annotations

from conformance.requirements.covered import requirements_of
from conformance.requirements.load import load_requirements


def test_a_test_case_is_found_as_results_spell_it() -> None:
    assert [row.id for row in requirements_of("registration/again/test_reregistration")] == ["STD-REREG"]
    assert "D22-2.7-01" in {row.id for row in requirements_of("registration/home_access/test_registration")}


def test_a_test_case_of_somebody_else_covers_nothing() -> None:
    assert requirements_of("mine/home/test_registration") == ()


def test_every_row_that_names_a_test_case_is_found() -> None:
    for row in load_requirements():
        for name in row.test_cases:
            folder, file, function = name.replace("::", "/").split("/")[1:]
            assert row in requirements_of(f"{folder}/{file.removeprefix('test_').removesuffix('.py')}/{function}")
