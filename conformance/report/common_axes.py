"""What all cells that differ have in common: the fewest axis values that tell them from the others. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

MOST_TERMS = 3
MOST_VALUES = 4
"""Values in one term; more explain nothing to a reader."""

Values = Mapping[str, str]
"""Axis to value: `{"visited": "stuba", "access": "visited"}`."""


@dataclass(frozen=True, slots=True)
class Common:
    """What the differing cells have in common."""

    terms: tuple[tuple[tuple[str, str], ...], ...]
    """One of these holds for each differing cell; a term is a row of axis and value that hold together."""
    exact: bool
    """Whether no other cell is meant by a term."""
    others: int
    """Cells as expected that a term holds for, too."""

    @property
    def sentence(self) -> str:
        """For a reader: `every cell with visited = stuba and access = visited`."""
        terms = [" and ".join(f"{axis} = {value}" for axis, value in term) for term in self.terms]
        words = "every cell with " + "; and every cell with ".join(terms)
        if self.exact:
            return f"{words}; no other cell"
        also = "1 other cell has this and is" if self.others == 1 else f"{self.others} other cells have this and are"
        return f"all of them have {' or '.join(terms)}; {also} as expected"


def in_common(cells: Sequence[Values], differing: Sequence[bool]) -> Common | None:
    """Find the smallest set of axis values that explains which cells differ.

    Args:
        cells: the axis values of each cell; all have the same axes.
        differing: of each cell, whether it differs from what was expected.

    Returns:
        One term that holds for exactly the differing cells, with as few values as possible; else two or three terms
        that together do; else what all differing cells share, though others share it too. None where nothing differs,
        where everything does, or where they share nothing.
    """
    bad = [cell for cell, differs in zip(cells, differing, strict=True) if differs]
    good = [cell for cell, differs in zip(cells, differing, strict=True) if not differs]
    if not bad or not good:
        return None
    terms: list[tuple[tuple[str, str], ...]] = []
    left = bad
    while left and len(terms) < MOST_TERMS:
        best = _best(left, good)
        if best is None:
            break
        terms.append(best)
        left = [cell for cell in left if not _holds(best, cell)]
    if not left:
        return Common(tuple(terms), exact=True, others=0)
    shared = tuple((axis, value) for axis, value in bad[0].items() if all(cell.get(axis) == value for cell in bad))
    shared = tuple((axis, value) for axis, value in shared if any(cell.get(axis) != value for cell in good))
    if not shared:
        return None
    return Common((shared,), exact=False, others=sum(_holds(shared, cell) for cell in good))


def _best(bad: Sequence[Values], good: Sequence[Values]) -> tuple[tuple[str, str], ...] | None:
    """Return the term that no good cell has and that most bad ones have; of equal ones the shortest."""
    best: tuple[tuple[str, str], ...] | None = None
    covered = 0
    for size in range(1, min(MOST_VALUES, len(bad[0])) + 1):
        for term in _terms(bad, size):
            count = sum(_holds(term, cell) for cell in bad)
            if count > covered and not any(_holds(term, cell) for cell in good):
                best, covered = term, count
        if covered == len(bad):
            break
    return best


def _terms(cells: Sequence[Values], size: int) -> Iterator[tuple[tuple[str, str], ...]]:
    seen: set[tuple[tuple[str, str], ...]] = set()
    for cell in cells:
        for term in combinations(cell.items(), size):
            if term not in seen:
                seen.add(term)
                yield term


def _holds(term: Sequence[tuple[str, str]], cell: Values) -> bool:
    return all(cell.get(axis) == value for axis, value in term)
