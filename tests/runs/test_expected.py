"""Known deviations: read, matched with cells, and not for ever."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from conformance.runs.expected import deviation_of, deviations_of_core, load_expected
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import CoreKind
from conformance.vocabulary.verdicts import Verdict, VerdictPair

ENTRY = """
[[deviation]]
cell = "test_registration*[octopus@*]"
conformance = "FAIL"
criteria = ["REG-37"]
reason = "the I-CSCF answers the second REGISTER from memory"
who = "Octopus, IMS team"
link = "https://tracker.octopus.test/ims/17"
expires = 2027-03-31
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "expected.toml"
    path.write_text(ENTRY)
    return path


@pytest.mark.parametrize(
    ("cell", "fits"),
    [
        ("test_registration[octopus@octopus]", True),
        ("test_registration_tcp[octopus@stuba-visited]", True),
        ("test_registration[uc3m@octopus-visited]", False),
        ("xtest_registration[octopus@octopus]", False),
    ],
)
def test_an_entry_fits_whole_names_of_cells(file: Path, cell: str, fits: bool) -> None:
    assert (deviation_of(cell, load_expected(file)) is not None) is fits


def test_an_entry_says_what_is_expected(file: Path) -> None:
    (deviation,) = load_expected(file)
    assert deviation.pair == VerdictPair(Verdict.PASS, Verdict.FAIL)
    assert deviation.criteria == ("REG-37",)


def test_an_entry_counts_on_its_last_day_and_not_after(file: Path) -> None:
    (deviation,) = load_expected(file)
    assert not deviation.known(datetime.date(2027, 3, 31)).expired
    assert deviation.known(datetime.date(2027, 4, 1)).expired


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("conformance", "conformence"), "conformence"),
        (('"FAIL"', '"PASS"'), "another verdict than PASS"),
        (('criteria = ["REG-37"]\n', ""), "expected criteria"),
        (("https://", "see "), "link"),
        (("2027-03-31", '"soon"'), "expires"),
        (("[[deviation]]", "[[deviation"), "is no TOML"),
        (('reason = "the I-CSCF answers the second REGISTER from memory"\n', ""), "reason"),
    ],
)
def test_a_mistake_is_one_line(file: Path, change: tuple[str, str], complaint: str) -> None:
    file.write_text(ENTRY.replace(*change))
    with pytest.raises(BadInput, match=complaint) as raised:
        load_expected(file)
    assert all(str(file) in line for line in str(raised.value).splitlines())


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_expected(tmp_path / "expected.toml")


def test_what_is_known_of_a_core_comes_with_it() -> None:
    known = deviation_of("test_network_deregistration[uc3m@uc3m]", deviations_of_core(CoreKind.KAMAILIO))
    assert known is not None
    assert known.criteria == ("REG-70", "REG-78", "VPN-05")
    assert deviations_of_core(CoreKind.EMULATED) == ()
