"""Which cell it is: a square of the matrix, a test case, and what is expected of the two."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.federation.matrix import Cell as Square
from conformance.runs.expected import Expectation
from conformance.vocabulary.results import TestSheet

REFUSED = "registration-refused"
STANDARD = "standard"
"""The terminal of the harness itself."""
MANUAL = "manual"
"""A phone with a person at it."""
CALLER, CALLEE = "caller", "callee"
"""The cell's own subscriber, and who is called."""


@dataclass(frozen=True)
class CellIdentity:
    """Which square of the matrix, which test case, and what is expected of it."""

    name: str
    """Short node id: `test_registration[uc3m@uc3m]`."""
    test_case: str
    title: str
    square: Square
    flow: str
    sheet: TestSheet
    expected: Expectation
    then: tuple[str, ...] = ()
    """Flows of the procedures that follow, one after the other, where the cell tells a longer story."""
    terminal: str = STANDARD
    """Which real program (`sipp`) or profile (`symbian-s60`) is the terminal; else `standard`, or `manual`."""
    core: str = ""
    """In the matrix of quirks: how strict the emulated core is, or which real one it is."""
    plays: tuple[str, ...] = (CALLER,)
    """Whose terminal that program is."""

    @property
    def flows(self) -> str | tuple[str, ...] | frozenset[str]:
        """What `judge` is asked for. A terminal with quirks may be refused: then by the flow of refusals."""
        if self.square.profile:
            return frozenset({self.flow, REFUSED})
        return (self.flow, *self.then) if self.then else self.flow
