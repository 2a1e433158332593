"""The second opinion: a FAIL stands only where Wireshark sees what the criterion claims. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from conformance.criteria.model import Citation, Claim, Finding
from conformance.vocabulary.verdicts import Verdict

SHOWN = 200
_SPACE = re.compile(r"\\r|\\n|\\t|\s")


class Reading(Protocol):
    """One frame as Wireshark reads it (`conformance.trace.confirm.FrameReading`)."""

    @property
    def fields(self) -> Mapping[str, list[str]]:
        """Wireshark's field name to the values that it shows."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What Wireshark says of one citation."""

    agrees: bool
    words: str


def frames_of(findings: Iterable[Finding]) -> dict[int, set[int]]:
    """Return the frames to read again, by capture: those that a FAIL cites."""
    wanted: dict[int, set[int]] = {}
    for finding in findings:
        if finding.verdict is Verdict.FAIL:
            for citation in finding.citations:
                wanted.setdefault(citation.message.capture, set()).add(citation.message.frame)
    return wanted


def opinion(citation: Citation, readings: Mapping[tuple[int, int], Reading]) -> Opinion:
    """Compare one citation with the second reading of its frame.

    Args:
        citation: What a criterion cites.
        readings: Frame readings by capture and frame.
    """
    frame = citation.message.frame
    reading = readings.get((citation.message.capture, frame))
    if reading is None:
        return Opinion(False, f"Wireshark does not have frame {frame}")
    for claim in citation.claims:
        shown = reading.fields.get(claim.field, [])
        wrong = _contradiction(claim, shown)
        if wrong is not None:
            return Opinion(False, wrong[:SHOWN])
    if not citation.claims:
        return Opinion(True, f"frame {frame}")
    words = "; ".join(_words(claim, reading.fields.get(claim.field, [])) for claim in citation.claims)
    return Opinion(True, words[:SHOWN])


def confirm(finding: Finding, readings: Mapping[tuple[int, int], Reading]) -> Finding:
    """Return a FAIL as it is where Wireshark sees the same, else as ERROR with the reason.

    Args:
        finding: Finding of a criterion; other verdicts than FAIL come back unchanged.
        readings: Frame readings by capture and frame.
    """
    if finding.verdict is not Verdict.FAIL:
        return finding
    for citation in finding.citations:
        second = opinion(citation, readings)
        if not second.agrees:
            words = f"{finding.found}; Wireshark does not see that in frame {citation.message.frame}: {second.words}"
            return finding._replace(verdict=Verdict.ERROR, found=words)
    return finding


def _contradiction(claim: Claim, shown: list[str]) -> str | None:
    plain = [_plain(value) for value in shown]
    if claim.absent is not None:
        if not claim.absent and shown:
            return f"{claim.field} is there: {shown[0]}"
        if claim.absent and any(_plain(claim.absent) in value for value in plain):
            return f"{claim.field} has {claim.absent}"
        return None
    if not shown:
        return f"no {claim.field}"
    for value in claim.values:
        if not any(_plain(value) in one for one in plain):
            return f"{claim.field} shows {shown[0]}"
    return None


def _words(claim: Claim, shown: list[str]) -> str:
    if claim.absent is not None:
        return f"{claim.field}: none" if not claim.absent else f"{claim.field}: no {claim.absent}"
    fitting = [one for one in shown if all(_plain(value) in _plain(one) for value in claim.values)]
    return f"{claim.field}: {(fitting or shown)[0]}"


def _plain(text: str) -> str:
    # Wireshark writes line ends of folded headers as escapes and keeps white space that a reader unfolds.
    return _SPACE.sub("", text).lower()
