"""What all cells that differ have in common: the smallest set of axis values that explains them.

Pure: rows of axis values in, conditions out. An explanation is *exact* where it matches every row that differs and no
other one. Sets of rows are integers with one bit a row, so that ten thousand rows cost no time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

MAX_CLAUSES = 3
MAX_CONDITIONS = 3
"""Conditions in one of several clauses; a longer one names a cell instead of a cause."""

WORTH = 8
"""A clause that explains a smaller part of the differing rows than one in so many is not said by itself."""


class Condition(NamedTuple):
    """One axis has one value."""

    axis: str
    value: str


Clause = tuple[Condition, ...]
"""Conditions that hold together; the empty one holds for every row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One cell: its value on every axis, and whether it differs from what was expected."""

    values: Mapping[str, str]
    differs: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """Which rows differ."""

    clauses: Sequence[Clause]
    """A row is matched where one of them holds."""
    matched: int
    """Rows that differ and are matched."""
    unmatched: int
    """Rows that differ and are not matched."""
    beside: Sequence[int]
    """Numbers of the rows that are matched and do not differ."""

    @property
    def is_exact(self) -> bool:
        """Whether the rows that are matched are those that differ."""
        return not self.unmatched and not self.beside


def common_axes(rows: Sequence[Row], axes: Sequence[str]) -> Explanation | None:
    """Return the simplest statement on which rows differ.

    Tried in this order: one clause that is exact, with as few conditions as possible; up to three clauses that together
    are exact and are fewer than the rows that they explain; one clause that all differing rows have in common,
    although others have it, too; up to three clauses that no other row has, for a part of the differing rows.

    Args:
        rows: all rows, each with a value on every axis.
        axes: the axes that may be named; of equally short statements the one with earlier axes is taken.

    Returns:
        None where no row differs or where nothing can be said that is shorter than a list of them.
    """
    sets = _Sets(rows, axes)
    if not sets.differing:
        return None
    shared = sets.shortest(sets.shared_clause())
    if not sets.matching(shared) & ~sets.differing:
        return sets.explanation([shared])
    pure = sets.greedy()
    several = sets.explanation(pure)
    if several.is_exact and len(pure) < sets.differing.bit_count():
        return several
    if not shared:
        # A clause for a few of many is chance.
        telling = [one for one in pure if sets.matching(one).bit_count() * WORTH >= sets.differing.bit_count()]
        return sets.explanation(telling) if telling and len(telling) < sets.differing.bit_count() else None
    return sets.explanation([shared])


class _Sets:
    """Sets of rows by condition."""

    def __init__(self, rows: Sequence[Row], axes: Sequence[str]) -> None:
        self.rows, self.axes = rows, axes
        self.all = (1 << len(rows)) - 1
        self.differing = _bits(number for number, row in enumerate(rows) if row.differs)
        numbers: dict[Condition, list[int]] = {}
        for number, row in enumerate(rows):
            for axis in axes:
                numbers.setdefault(Condition(axis, row.values[axis]), []).append(number)
        self.having = {condition: _bits(found) for condition, found in numbers.items()}

    def matching(self, clause: Clause) -> int:
        """Return the rows for which a clause holds."""
        found = self.all
        for condition in clause:
            found &= self.having[condition]
        return found

    def shared_clause(self) -> Clause:
        """Return all conditions that hold for every differing row."""
        first = self.rows[next(_numbers(self.differing))]
        conditions = (Condition(axis, first.values[axis]) for axis in self.axes)
        return tuple(one for one in conditions if not self.differing & ~self.having[one])

    def shortest(self, clause: Clause) -> Clause:
        """Return as few conditions of a clause as match no more rows than it does."""
        wanted = self.matching(clause)
        return next(
            part
            for length in range(len(clause) + 1)
            for part in combinations(clause, length)
            if self.matching(part) == wanted
        )

    def greedy(self) -> list[Clause]:
        """Return up to three clauses that match differing rows only, each with as many new ones as there can be."""
        pure = self._pure_clauses()
        found: list[Clause] = []
        left = self.differing
        while left and len(found) < MAX_CLAUSES:
            # Of clauses that match as many rows the shorter, earlier one stands first.
            best = max(pure, key=lambda clause: (pure[clause] & left).bit_count(), default=None)
            if best is None or not pure[best] & left:
                break
            found.append(best)
            left &= ~pure[best]
        return found

    def _pure_clauses(self) -> dict[Clause, int]:
        values = {tuple(self.rows[number].values[axis] for axis in self.axes) for number in _numbers(self.differing)}
        differing = [tuple(map(Condition, self.axes, each)) for each in sorted(values)]
        found: dict[Clause, int] = {}
        for length in range(1, MAX_CONDITIONS + 1):
            for places in combinations(range(len(self.axes)), length):
                for clause in {tuple(each[place] for place in places): None for each in differing}:
                    matched = self.matching(clause)
                    if not matched & ~self.differing:
                        found[clause] = matched
        return found

    def explanation(self, clauses: Sequence[Clause]) -> Explanation:
        """Count what clauses match."""
        matched = 0
        for clause in clauses:
            matched |= self.matching(clause)
        return Explanation(
            clauses=clauses,
            matched=(matched & self.differing).bit_count(),
            unmatched=(self.differing & ~matched).bit_count(),
            beside=list(_numbers(matched & ~self.differing)),
        )


def _bits(numbers: Iterable[int]) -> int:
    found = bytearray()
    for number in numbers:
        place = number >> 3
        if place >= len(found):
            found.extend(bytes(place + 1 - len(found)))
        found[place] |= 1 << (number & 7)
    return int.from_bytes(found, "little")


def _numbers(bits: int) -> Iterator[int]:
    raw = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
    return (place * 8 + bit for place, octet in enumerate(raw) if octet for bit in range(8) if octet >> bit & 1)
