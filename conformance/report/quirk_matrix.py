"""The matrix of quirks: which terminal gets served by which core, without and with the adapter in front of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.quirks.profiles import STANDARD, profile_named
from conformance.report.cell_summary import CellSummary
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.verdicts import Severity

_CORES = ("lenient", "strict", "openimscore")
"""In this order they stand; real ones come behind."""
_ACCESS = ("none", "visited", "home")


@dataclass(frozen=True, slots=True)
class Place:
    """One profile at one core, without or with the adapter."""

    core: str
    adapted: bool
    cells: Sequence[CellSummary]
    """By access point."""


@dataclass(frozen=True, slots=True)
class Row:
    """One profile."""

    profile: str
    says: str
    """What it is; empty where this version does not know it."""
    places: Sequence[Place]


@dataclass(frozen=True, slots=True)
class QuirkMatrix:
    """All cells that have a profile."""

    cores: Sequence[str]
    rows: Sequence[Row]


def quirk_matrix(cells: Iterable[CellSummary]) -> QuirkMatrix | None:
    """Return the table, None where no cell of the run belongs to it: `standard`, other profiles, quirks alone."""
    mine = [cell for cell in cells if cell.profile]
    if not mine:
        return None
    found = dict.fromkeys(cell.core for cell in mine)
    cores = sorted(found, key=lambda core: _CORES.index(core) if core in _CORES else len(_CORES))
    squares: dict[tuple[str, str, bool], list[CellSummary]] = {}
    for cell in mine:
        squares.setdefault((cell.profile, cell.core, cell.adapted), []).append(cell)
    rows = [
        Row(
            profile,
            _title(profile),
            [
                Place(core, adapted, sorted(squares.get((profile, core, adapted), ()), key=_by_access))
                for core in cores
                for adapted in (False, True)
            ],
        )
        for profile in sorted(dict.fromkeys(cell.profile for cell in mine), key=_alone)
    ]
    return QuirkMatrix(cores, rows)


def tolerated(cells: Iterable[CellSummary]) -> dict[Severity, int]:
    """Return in how many cells a user was served although a SHALL was broken, by what that costs elsewhere."""
    found = [cell.tolerated for cell in cells if cell.tolerated is not None]
    return {severity: found.count(severity) for severity in Severity if severity in found}


def _alone(profile: str) -> tuple[bool, bool]:
    """Sort what is not the standard terminal behind it, and what has quirks behind its name behind the others."""
    return "+" in profile, profile != STANDARD


def _title(profile: str) -> str:
    """Return what a profile is: the quirk that stands alone, or the title of its file."""
    try:
        known = profile_named(profile)
    except BadInput:
        return ""
    alone = profile.startswith(f"{STANDARD}+")
    return ", ".join(quirk.title for quirk in known.quirks) if alone else known.title


def _by_access(cell: CellSummary) -> int:
    return _ACCESS.index(cell.access) if cell.access in _ACCESS else len(_ACCESS)
