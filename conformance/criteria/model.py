"""What a criterion is, and what its check answers.

A criterion is one checkable statement with its source. Its check is a pure function from the view of one
procedure to a finding. A finding names the bytes that it rests on, and for each of them what Wireshark has
to show as well: the judge reads every frame that a FAIL cites a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from conformance.criteria.procedure import Kind
from conformance.trace.model import Message
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Severity, Verdict


class Claim(NamedTuple):
    """What Wireshark must show in the cited frame for the citation to hold."""

    field: str
    """Wireshark's field name: `sip.Service-Route`."""
    values: tuple[str, ...] = ()
    """Texts that shown values of the field must contain, each at least once."""
    absent: str | None = None
    """A text that no shown value of the field contains; empty: the field must not be there at all."""


class Citation(NamedTuple):
    """One place in one message."""

    message: Message
    field: str
    """Header, parameter, AVP or record, in the standard's spelling."""
    offset: int | None = None
    """Byte offset in the message; None where something is missing."""
    length: int | None = None
    claims: tuple[Claim, ...] = ()


class Finding(NamedTuple):
    """The answer of a check."""

    verdict: Verdict
    expected: str
    found: str
    """What was found; for other verdicts than PASS and FAIL the reason, one sentence."""
    citations: tuple[Citation, ...] = ()
    by_absence: bool = False
    """True where a FAIL rests on a message that was not seen: lost packets would explain it too."""
    node: Role | None = None
    """Who did it, where that is not the criterion's own node."""
    unreached: bool = False
    """True where what the criterion speaks of comes behind the last message that was seen."""
    compared: tuple[Message, ...] = ()
    """Messages that a FAIL rests on and does not cite: one that the capture cut short may have had more."""
    nobody: bool = False
    """True where what was seen shows that none of the roles did it: somebody between them changed a message."""


Check = Callable[[Any], Finding]
"""Takes the view of a procedure of one of the criterion's kinds: a `Registration`, a `Subscription`."""

REGISTERS = (Kind.REGISTRATION, Kind.REREGISTRATION, Kind.DEREGISTRATION)
"""The kinds of procedures that consist of REGISTERs: their view is a `Registration`."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One checkable statement (3GPP and IETF `shall` and MUST are SHALL, `should` is SHOULD)."""

    id: str
    statement: str
    """One sentence for a reader who knows the protocols and not the harness."""
    document: str
    clause: str | None
    """None where nobody of the project has read the clause."""
    level: Level
    severity: Severity
    node: Role
    """Role that has to do it."""
    points: tuple[Point, ...]
    """Observation points of which at least one must have been captured."""
    condition: str = ""
    """When it applies, in words; empty: always."""
    since: int | None = None
    """First 3GPP release that has the rule."""
    until: int | None = None
    """Last 3GPP release that has the rule."""
    kinds: tuple[Kind, ...] = REGISTERS
    """Kinds of procedures that it speaks of; it is silent on others."""
    check: Check = field(kw_only=True, repr=False)

    @property
    def source(self) -> str:
        """Document and clause as they are printed: `3GPP TS 24.229 5.3.1.2`."""
        return f"{self.document} {self.clause}" if self.clause else self.document


class Catalogue:
    """The criteria of one file; its `add` is the decorator of the checks."""

    def __init__(self) -> None:
        self._criteria: list[Criterion] = []

    def __iter__(self) -> Iterator[Criterion]:
        return iter(self._criteria)

    def add(
        self,
        id: str,
        statement: str,
        *,
        source: tuple[str, str | None],
        node: Role,
        points: Sequence[Point],
        level: Level = Level.SHALL,
        severity: Severity = Severity.BLOCKING,
        condition: str = "",
        since: int | None = None,
        until: int | None = None,
        kinds: Sequence[Kind] = REGISTERS,
    ) -> Callable[[Check], Check]:
        """Return a decorator that makes a criterion of a check.

        Args:
            id: Identifier of the criterion: `REG-01`.
            statement: One sentence.
            source: Document, and clause where it was read.
            node: Role that has to do it.
            points: Points of which one must have been captured.
            level: Strength of the standard's sentence.
            severity: What a deviation costs the user.
            condition: When it applies, in words.
            since: First 3GPP release that has the rule.
            until: Last 3GPP release that has the rule.
            kinds: Kinds of procedures that it speaks of.
        """

        def decorate(check: Check) -> Check:
            document, clause = source
            self._criteria.append(
                Criterion(
                    id,
                    statement,
                    document,
                    clause,
                    level,
                    severity,
                    node,
                    tuple(points),
                    condition,
                    since,
                    until,
                    tuple(kinds),
                    check=check,
                )
            )
            return check

        return decorate


def passed(expected: str, found: str, *citations: Citation, node: Role | None = None) -> Finding:
    """The statement is true."""
    return Finding(Verdict.PASS, expected, found, citations, node=node)


def failed(
    expected: str,
    found: str,
    *citations: Citation,
    by_absence: bool = False,
    node: Role | None = None,
    compared: Iterable[Message | None] = (),
    nobody: bool = False,
) -> Finding:
    """The statement is false."""
    others = tuple(message for message in compared if message is not None)
    return Finding(Verdict.FAIL, expected, found, citations, by_absence, node, compared=others, nobody=nobody)


def inconclusive(expected: str, reason: str, *citations: Citation) -> Finding:
    """Evidence is missing."""
    return Finding(Verdict.INCONCLUSIVE, expected, reason, citations)


def unreached(expected: str, reason: str) -> Finding:
    """The procedure did not get as far as that: evidence is missing, unless what was seen is why it ended before."""
    return Finding(Verdict.INCONCLUSIVE, expected, reason, unreached=True)


def not_applicable(expected: str, reason: str) -> Finding:
    """The condition of the criterion is not met."""
    return Finding(Verdict.NOT_APPLICABLE, expected, reason)
