"""What `netlab terminal identify --json` prints: the terminals of a capture and what is known of each."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from conformance.vocabulary.results import CaptureInfo, Evidence, FrameRef, QuirkResult


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UnknownDeviation(_Result):
    """Something that deviates and is no quirk that is known."""

    what: str
    """What was found, and what was expected where a criterion says it."""
    criterion: str | None
    """The criterion that fails; None where the reader of messages stepped over something."""
    clause: str | None
    level: str | None
    """`SHALL` or `SHOULD`."""
    evidence: list[Evidence]


class NearestProfile(_Result):
    """The profile that a terminal resembles most."""

    name: str
    more: list[str]
    """Quirks that the terminal shows and the profile does not have."""
    less: list[str]
    """Quirks that the profile has and the terminal, given the occasion, did not show."""


class TerminalResult(_Result):
    """One terminal of a capture."""

    endpoint: str
    """Where its first REGISTER came from: `10.1.0.101:5060/udp`."""
    identities: list[str]
    """Public user identities that it registers."""
    registers: list[FrameRef]
    """Its REGISTERs."""
    profile: str
    """The profile that reproduces it: `standard+Q1+Q9`."""
    quirks: list[QuirkResult]
    unknown: list[UnknownDeviation]
    undecided: list[str]
    """Quirks that it may have: nothing in the capture made it show them."""
    nearest: NearestProfile


class Identification(_Result):
    """All terminals of a capture."""

    schema_: int = Field(default=1, alias="schema", serialization_alias="schema")
    captures: list[CaptureInfo]
    terminals: list[TerminalResult]
    """In the order of their first REGISTERs."""
