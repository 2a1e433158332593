"""Verdicts, the strength of a requirement and the weight of a deviation."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """What may be said of a criterion, a procedure or a cell."""

    PASS = "PASS"  # noqa: S105 - a verdict
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    """Evidence is missing: a point was not captured, packets were dropped, a step was never reached."""
    NOT_APPLICABLE = "NOT_APPLICABLE"
    """The feature is not declared, or the condition of the criterion is not met."""
    ERROR = "ERROR"
    """Our own fault, or a testbed that is down: nothing may be said about conformance."""


_OVERWRITING = (Verdict.NOT_APPLICABLE, Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.ERROR)


def worst(*verdicts: Verdict) -> Verdict:
    """Return the verdict that overwrites all others, NOT_APPLICABLE where there is none.

    The order none < pass < inconclusive < fail < error is that of TTCN-3 (ETSI ES 201 873-1).
    """
    return max(verdicts, key=_OVERWRITING.index, default=Verdict.NOT_APPLICABLE)


class VerdictPair(NamedTuple):
    """The two verdicts of a cell. They are never merged."""

    interoperability: Verdict
    conformance: Verdict

    def __str__(self) -> str:
        return f"{self.interoperability}/{self.conformance}"


class Level(StrEnum):
    """How strong the standard's sentence is."""

    SHALL = "SHALL"
    SHOULD = "SHOULD"
    INFORMATION = "INFORMATION"


class Severity(StrEnum):
    """What a deviation costs the user."""

    BLOCKING = "blocking"
    DEGRADED = "degraded"
    COSMETIC = "cosmetic"
