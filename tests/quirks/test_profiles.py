"""Profiles: files on each other, quirks behind a name, and what is wrong with somebody's own."""

from __future__ import annotations

import fnmatch
import tomllib
from pathlib import Path

import pytest

import conformance
from conformance.quirks.profiles import profile_named, profile_names
from conformance.vocabulary.errors import BadInput

NAMES = {"standard", "uct", "symbian-s60", "symbian-s60-ietf", "j2me-shared", "j2me-dedicated"}


def test_the_profiles_of_the_project_have_files() -> None:
    assert set(profile_names()) >= NAMES
    assert profile_names()[0] == "standard"


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_stands_on_the_standard(name: str) -> None:
    profile = profile_named(name)
    assert profile.title
    assert bool(profile.quirks) is (name != "standard")
    assert bool(profile.impossible) is (name == "j2me-dedicated")


def test_quirks_behind_a_name() -> None:
    profile = profile_named("standard+Q9+Q1+Q9")
    assert (profile.name, [quirk.id for quirk in profile.quirks]) == ("standard+Q9+Q1+Q9", ["Q9", "Q1"])
    assert profile_named("symbian-s60+Q9").ids == profile_named("symbian-s60").ids | {"Q9"}
    assert profile_named("j2me-dedicated+Q9").impossible


def test_a_base_gives_its_quirks() -> None:
    assert profile_named("j2me-dedicated").ids == profile_named("j2me-shared").ids | {"J1"}


def test_somebodys_own_file(tmp_path: Path) -> None:
    file = tmp_path / "phone.toml"
    file.write_text('title = "A telephone"\nbase = "symbian-s60"\nquirks = ["Q17"]\n', encoding="utf-8")
    profile = profile_named(f"{file}+Q9")
    assert profile.ids == profile_named("symbian-s60").ids | {"Q17", "Q9"}
    assert profile.title == "A telephone"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title = ", "is no TOML"),
        ('title = "abc"', "title: String should have at least 5 characters; correct the entry"),
        ('title = "A telephone"\ncolour = "red"', "colour: Extra inputs"),
        ('title = "A telephone"\nbase = "nokia"', "terminal profile 'nokia': expected one of standard, "),
        ('title = "A telephone"\nquirks = ["Q99"]', "quirk 'Q99': expected one of"),
    ],
)
def test_a_wrong_file_is_told_in_a_line(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "phone.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as told:
        profile_named(str(file))
    assert expected in str(told.value)


@pytest.mark.parametrize("name", ["", "nobody", "standard+", "standard+Q99", "nobody.toml", "../standard"])
def test_no_such_profile(name: str) -> None:
    with pytest.raises(BadInput):
        profile_named(name)


def test_the_files_are_installed() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["conformance"]
    package = Path(str(conformance.__file__)).parent
    for name in profile_names():
        file = package / "quirks" / "profiles" / f"{name}.toml"
        assert any(fnmatch.fnmatch(str(file.relative_to(package)), pattern) for pattern in patterns), file
