"""The page on terminals has the tables that the catalogue and the profiles give."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.quirks.catalogue import Quirk, all_quirks
from conformance.quirks.profiles import profile_named, profile_names

PAGE = Path(__file__).parents[2] / "docs" / "terminals.md"


def row(quirk: Quirk) -> str:
    known = ", ".join(dict.fromkeys(one.known.value for one in quirk.evidence))
    cells = [
        quirk.id,
        quirk.title + ("" if quirk.on_wire else " (in no message)"),
        ", ".join(quirk.breaks) or "-",
        quirk.severity.value,
        ", ".join(quirk.blocks) or "-",
        quirk.cure.value,
        known,
    ]
    return f"| {' | '.join(cells)} |"


def profile_row(name: str) -> str:
    profile = profile_named(name)
    quirks = " ".join(quirk.id for quirk in profile.quirks) or "-"
    return f"| `{name}` | {profile.title} | {quirks} |"


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        ("| profile |", [profile_row(name) for name in profile_names()]),
        ("| quirk |", [row(quirk) for quirk in all_quirks().values()]),
    ],
)
def test_a_table_is_that_of_the_catalogue(head: str, wanted: list[str]) -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(head)) + 2
    table = []
    for line in lines[begin:]:
        if not line.startswith("|"):
            break
        table.append(line)
    assert table == wanted


def test_every_impossible_profile_is_named_as_such() -> None:
    impossible = [name for name in profile_names() if profile_named(name).impossible]
    page = PAGE.read_text(encoding="utf-8")
    assert impossible
    assert all(f"`{name}` is impossible" in page for name in impossible)
