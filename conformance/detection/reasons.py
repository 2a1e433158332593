"""Why a mutation was not found: decided from what criteria cited in the unchanged capture, and from `reasons.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from conformance.faults.chance import Drawn, Place
from conformance.vocabulary.results import Evidence, ProcedureResult
from conformance.vocabulary.verdicts import Verdict

TIMING = {"delay", "swap", "duplicate"}
"""Kinds of mutations that leave every message as it is."""


class _Reason(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    words: str
    headers: frozenset[str] = frozenset()
    avps: frozenset[int] = frozenset()
    records: frozenset[str] = frozenset()

    def names(self, field: str) -> bool:
        """Tell whether the table names the field, or the header that the parameter belongs to."""
        if field.startswith("AVP "):
            return int(field.removeprefix("AVP ")) in self.avps
        headers = {name.lower() for name in self.headers}
        return field in self.records or field.lower() in headers or field.partition(":")[0].lower() in headers


class Why(BaseModel):
    """A reason, and the words about this mutation."""

    model_config = ConfigDict(frozen=True)

    id: str
    words: str


@cache
def _table() -> tuple[_Reason, ...]:
    text = files("conformance.detection").joinpath("reasons.toml").read_text(encoding="utf-8")
    return tuple(_Reason.model_validate(each) for each in tomllib.loads(text)["reason"])


def why_not(drawn: Drawn, before: Sequence[ProcedureResult], numbers: Mapping[int, int]) -> Why:
    """Return why no verdict changed.

    Args:
        drawn: the mutation.
        before: what the judge says of the unchanged capture; what its criteria cite is what they read.
        numbers: frame number in that capture by the one that the mutation names.
    """
    if drawn.kind in TIMING:
        words = (
            "every message is still there and as it was; no criterion asks for another order, time or number of them"
        )
        return Why(id="timing", words=words)
    places = [Place(numbers.get(place.frame, 0), place.offset, place.length) for place in drawn.places]
    looked = sorted(_readers(places, before))
    if looked and drawn.kind == "drop":
        return Why(id="elsewhere", words=f"what {', '.join(looked)} read in it stands in other messages too")
    if looked:
        return Why(id="accepted", words=f"{', '.join(looked)} read it there and accept it")
    if drawn.kind == "drop":
        return Why(id="message", words="no criterion needs this message of those that were captured")
    for reason in _table():
        if reason.names(drawn.field):
            return Why(id=reason.id, words=reason.words)
    elsewhere = sorted(_namesakes(drawn.field, before))
    if elsewhere:
        words = f"{', '.join(elsewhere)} read {drawn.field} in other messages, which are as they were"
        return Why(id="elsewhere", words=words)
    return Why(id="uncovered", words=f"no criterion reads {drawn.field} of this message: a gap")


def _cited(before: Iterable[ProcedureResult]) -> Iterable[tuple[str, Evidence]]:
    return (
        (criterion.id, evidence)
        for procedure in before
        for criterion in procedure.criteria
        if criterion.verdict in (Verdict.PASS, Verdict.FAIL)
        for evidence in criterion.evidence
    )


def _readers(places: Sequence[Place], before: Iterable[ProcedureResult]) -> set[str]:
    return {criterion for criterion, evidence in _cited(before) for place in places if _overlaps(place, evidence)}


def _overlaps(place: Place, evidence: Evidence) -> bool:
    if place.frame != evidence.frame or evidence.offset is None:
        return False
    if place.offset is None:
        return True
    end = evidence.offset + (evidence.length or 1)
    return place.offset < end and evidence.offset < place.offset + place.length


def _namesakes(field: str, before: Iterable[ProcedureResult]) -> set[str]:
    header = field.partition(":")[0].lower()
    return {criterion for criterion, evidence in _cited(before) if evidence.field.partition(":")[0].lower() == header}
