"""How what came differs from what was expected.

Two ladders side by side, the first point where they part, and the header lines that decide.

The JSON forms are stable: fields are added, never renamed. Text that came from packets is bounded and without
session keys; who shows it escapes it.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RowStatus(StrEnum):
    """How one row of the expected ladder and one of the actual ladder belong together."""

    MATCHED = "matched"
    DIFFERENT = "different"
    """The request was answered, but not as the flow says."""
    MISSING = "missing"
    """It could have been seen and was not."""
    UNEXPECTED = "unexpected"
    """The flow does not speak of it."""
    REPEATED = "repeated"
    """The same again: a retransmission, or what a node between two roles passed on."""
    OUT_OF_ORDER = "out-of-order"
    """It is expected, but came before what it has to follow."""
    NOT_OBSERVABLE = "not-observable"
    """Nothing is known: its point was not captured, or the two roles may be one process, or the capture began later."""

    @property
    def parts(self) -> bool:
        """Whether the two ladders part here."""
        return self in (RowStatus.DIFFERENT, RowStatus.MISSING, RowStatus.OUT_OF_ORDER)


class ExpectedMessage(_Part):
    """One message that the flow asks for."""

    step: str
    source: str
    """Role."""
    destination: str
    text: str
    """`REGISTER`, `401`, `UAA 2001 or 2002`."""


class SeenMessage(_Part):
    """One message that came."""

    capture: int
    frame: int
    protocol: str
    source: str
    """Role, or a transport address where no role was bound."""
    destination: str
    summary: str


class LadderRow(_Part):
    """One row of the two ladders."""

    status: RowStatus
    expected: ExpectedMessage | None = None
    seen: SeenMessage | None = None


class MarkedLine(_Part):
    """One header line, or the octets of one AVP in hexadecimal, with the bytes that decide marked."""

    capture: int
    frame: int
    offset: int
    """Byte offset of the marked bytes in the message."""
    length: int
    before: str
    marked: str
    after: str


class LineKind(StrEnum):
    """What a header-level difference is."""

    WRONG = "wrong"
    """The line is there; the marked bytes are not as expected."""
    ABSENT = "absent"
    ADDED = "added"
    """Compared with another message: it has no such line."""
    REMOVED = "removed"
    """Compared with another message: it has the line, this one has not."""
    CHANGED = "changed"
    """Compared with another message: it has the line with another value."""


class HeaderDifference(_Part):
    """The nearest difference in one header or AVP."""

    kind: LineKind
    field: str
    """Header, parameter or AVP."""
    frame: int
    """Frame of the message that differs."""
    capture: int
    line: MarkedLine | None = None
    """As found; None where it is absent."""
    other: MarkedLine | None = None
    """The same line in the message that it is compared with: the hop before, or the same step of the other attempt."""
    expected: str = ""
    criterion: str | None = None
    """The criterion that fails here; None where two messages were only compared."""


class Difference(_Part):
    """Where and how a procedure left what was expected of it."""

    flow: str
    """The flow that it is compared with."""
    sentence: str = ""
    """What was expected, what came, in which frame; empty where nothing differs."""
    why: str = ""
    """Why that node is named, or why none is."""
    node: str | None = None
    """Role to blame; None where nobody can be named with certainty."""
    row: int | None = None
    """Index of the row where the ladders part first."""
    rows: list[LadderRow] = Field(default_factory=list)
    """In the order of time; what is missing stands where it was expected."""
    rows_before: int = 0
    """Rows in front of these, left out of the result of a large capture."""
    rows_behind: int = 0
    headers: list[HeaderDifference] = Field(default_factory=list)
