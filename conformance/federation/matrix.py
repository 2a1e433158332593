"""The cells that a federation gives: who registers, from where."""

from __future__ import annotations

from typing import NamedTuple

from conformance.vocabulary.federation import Federation


class Cell(NamedTuple):
    """One square of the matrix, without test case and terminal."""

    home: str
    """Testbed that the subscriber belongs to."""
    visited: str
    """Testbed in whose access network the terminal is; the home testbed when it does not roam."""
    access_point: str
    """`none` at home, `visited` or `home` when roaming."""
    subscriber: str
    """Name of the subscriber in the home testbed."""

    @property
    def id(self) -> str:
        """Short and stable name: `uc3m@uc3m` at home, `uc3m@stuba-visited` away."""
        away = "" if self.access_point == "none" else f"-{self.access_point}"
        return f"{self.home}@{self.visited}{away}"


def home_cells(federation: Federation, uses_aka: bool = True) -> list[Cell]:
    """Return one cell for each testbed whose file names a fitting subscriber, in the order of the file.

    Args:
        federation: The federation.
        uses_aka: True for the first subscriber with k and opc, False for the first one with a password.

    Returns:
        Cells at home. A testbed without such a subscriber gives none.
    """
    cells = []
    for testbed in federation.testbeds.values():
        fitting = [each for each in testbed.subscribers if each.uses_aka is uses_aka]
        if fitting:
            cells.append(Cell(testbed.name, testbed.name, "none", fitting[0].name))
    return cells
