"""What finders hand to the judge: procedures, the flows that each may follow, and who says what the user got.

A finder knows one kind of procedures or several that are found together. It looks at a whole trace, or at a part that
has all messages of some users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from conformance.criteria.procedure import Procedure
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import Transaction
from conformance.trace.model import CaptureFile, Trace
from conformance.vocabulary.events import TerminalEvent
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.verdicts import Verdict

Service = Callable[[str, Sequence[TerminalEvent], Sequence[CaptureFile]], tuple[Verdict, str | None]]
"""Flow, events of terminals and captures to the interoperability verdict, and the reason for what is not PASS."""


@dataclass(frozen=True, slots=True)
class Found:
    """One procedure of a trace."""

    procedure: Procedure
    flows: tuple[str, ...]
    """Flows that it may follow, at least one. The first is what the user wants; of flows that fit equally well an
    earlier one is chosen."""
    service: Service
    related: tuple[str, ...] = ()
    """Flows of the same kind that what was seen speaks against: judged against one only where it is asked for and no
    procedure may follow it."""


Finder = Callable[[Trace, Sequence[Transaction], Federation | None, Surroundings], Iterable[Found]]
"""Finds the procedures of some kinds in a trace or in a part of one: trace, its transactions, federation where given,
what is known of the whole."""
