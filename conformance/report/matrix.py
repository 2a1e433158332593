"""The matrix of a run: rows are home networks, columns visited ones, each square split by access point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from conformance.report.cell_summary import CellSummary
from conformance.vocabulary.verdicts import Verdict

WORST = (Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS, Verdict.NOT_APPLICABLE)
ACCESS = ("none", "visited", "home")
"""In this order they stand in a square."""
WORDS = {"none": "at home", "visited": "visited access point", "home": "home access point"}


@dataclass(slots=True)
class Square:
    """The cells of one pair of networks at one access point."""

    home: str
    visited: str
    access: str
    cells: list[CellSummary] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Where its cells begin in the list."""
        return "sq-" + "-".join("".join(c if c.isalnum() else "." for c in name) for name in self.names)

    @property
    def names(self) -> tuple[str, str, str]:
        """Home, visited, access point."""
        return self.home, self.visited, self.access

    @property
    def access_words(self) -> str:
        """The access point as a reader says it."""
        return WORDS.get(self.access, self.access)

    @property
    def interoperability(self) -> Verdict:
        """The worst one."""
        return _worst(cell.interoperability for cell in self.cells)

    @property
    def conformance(self) -> Verdict:
        """The worst one."""
        return _worst(cell.conformance for cell in self.cells)

    @property
    def differing(self) -> int:
        """How many of its cells differ from what was expected."""
        return sum(cell.differs for cell in self.cells)

    @property
    def deviates(self) -> bool:
        """Whether what is wrong with it is known."""
        return not self.differing and any(cell.deviates for cell in self.cells)

    @property
    def _as_expected(self) -> int:
        return sum(cell.was_run and cell.as_expected for cell in self.cells)

    @property
    def words(self) -> str:
        """All that it shows, in words."""
        place = (
            f"{self.home} at home" if self.access == "none" else f"{self.home} in {self.visited}, {self.access_words}"
        )
        how = f"{self.differing} of {len(self.cells)} differ" if self.differing else f"{self._as_expected} as expected"
        if idle := sum(not cell.was_run for cell in self.cells):
            how += f", {idle} not run"
        return f"{place}: interoperability {self.interoperability}, conformance {self.conformance}; {how}"


@dataclass(frozen=True, slots=True)
class Row:
    """One home network."""

    home: str
    places: Sequence[Sequence[Square]]
    """For each visited network its squares, by access point."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """All squares of a run."""

    visited: Sequence[str]
    rows: Sequence[Row]

    @property
    def squares(self) -> list[Square]:
        """All that have cells, row by row."""
        return [square for row in self.rows for place in row.places for square in place]


def matrix(cells: Iterable[CellSummary]) -> Matrix:
    """Put cells into their squares; rows and columns come in the order in which networks first appear."""
    squares: dict[tuple[str, str, str], Square] = {}
    for cell in cells:
        key = cell.home, cell.visited, cell.access
        squares.setdefault(key, Square(*key)).cells.append(cell)
    homes = list(dict.fromkeys(home for home, _, _ in squares))
    visited = list(dict.fromkeys([*homes, *(visited for _, visited, _ in squares)]))
    visited = [name for name in visited if any(key[1] == name for key in squares)]
    access = [*ACCESS, *sorted({key[2] for key in squares} - set(ACCESS))]
    return Matrix(
        visited,
        [
            Row(
                home,
                [[squares[home, name, one] for one in access if (home, name, one) in squares] for name in visited],
            )
            for home in homes
        ],
    )


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    return min(verdicts, key=WORST.index)
