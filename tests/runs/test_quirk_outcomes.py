"""The table of what the matrix of quirks is expected to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.quirks.catalogue import all_quirks
from conformance.quirks.profiles import profile_names
from conformance.runs.quirk_outcomes import CORES, QuirkOutcome, expected_outcome, load_outcomes
from conformance.vocabulary.errors import BadInput

OURS = Path(__file__).parents[2] / "testcases" / "terminals" / "outcomes.toml"


def entry(**values: object) -> QuirkOutcome:
    return QuirkOutcome.model_validate({"profile": "uct", "registers": True, **values})


def test_the_first_entry_that_fits_counts() -> None:
    table = [entry(core="strict", registers=False, criteria=["REG-02"]), entry()]
    strict = expected_outcome(table, OURS, profile="uct", core="strict", adapted=False)
    assert (str(strict.pair), strict.criteria) == ("FAIL/FAIL", ("REG-02",))
    assert str(expected_outcome(table, OURS, profile="uct", core="lenient", adapted=True).pair) == "PASS/PASS"


def test_a_cell_of_which_the_table_says_nothing_is_named() -> None:
    with pytest.raises(BadInput, match="no outcome for profile uct, core strict, with the adapter; add an entry"):
        expected_outcome([entry(adapted=False)], OURS, profile="uct", core="strict", adapted=True)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[outcome]", "is no TOML"),
        ('[[outcome]]\nprofile = "uct"', "outcome.0.registers: Field required; correct the entry"),
        ('[[outcome]]\nprofile = "uct"\nregisters = true\ncore = "strickt"', "core: found 'strickt', expected one of"),
        (
            '[[outcome]]\nprofile = "uct"\nregisters = true\ncriteria = ["x"]',
            "outcome.0.criteria.0: String should match",
        ),
    ],
)
def test_a_wrong_table_gets_one_line(text: str, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "outcomes.toml"
    file.write_text(text)
    with pytest.raises(BadInput) as refused:
        load_outcomes(file)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_table_gets_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="expected a table of outcomes"):
        load_outcomes(tmp_path / "none.toml")


def test_our_table_speaks_of_every_square() -> None:
    table = load_outcomes(OURS)
    profiles = [*profile_names(), *(f"standard+{quirk.id}" for quirk in all_quirks().values() if quirk.on_wire)]
    for profile in profiles:
        for core in CORES:
            for adapted in (False, True):
                expected_outcome(table, OURS, profile=profile, core=core, adapted=adapted)


def test_every_entry_of_our_table_decides_something() -> None:
    table = load_outcomes(OURS)
    for number, one in enumerate(table):
        cells = [(p, c, a) for p in one.profile for c in one.core for a in (False, True) if one.fits(p, c, a)]
        assert any(not any(before.fits(*cell) for before in table[:number]) for cell in cells), one
