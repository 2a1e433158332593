"""A judgement as text for a terminal: what `netlab validate` prints."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.report.difference_text import difference_lines
from conformance.report.lines import LIMIT, criterion_line, quirk_line
from conformance.report.media_rows import media_lines
from conformance.report.text import short
from conformance.vocabulary.results import CaptureInfo, Judgement, ProcedureResult
from conformance.vocabulary.verdicts import Verdict

NOTHING = "no procedure was found; expected SIP registrations, subscriptions to them or calls"
_MOST_PROTOCOLS = 8
"""Protocols without signalling that are named."""


def judgement_lines(judgement: Judgement) -> Iterator[str]:
    """Yield the captures, each procedure with its verdicts, reasons and failing criteria, and what was not judged."""
    for capture in judgement.captures:
        yield from _capture(capture)
    found = False
    for procedure in judgement.brief:
        found = True
        yield from procedure_lines(procedure)
    if not found:
        yield NOTHING
    yield from media_lines(judgement.media, judgement.media_left_out)
    for method, count in judgement.unjudged.items():
        messages = "1 message" if count == 1 else f"{count} messages"
        yield f"not judged: {short(method, LIMIT)} ({messages}), of no flow that is known yet"


def procedure_lines(procedure: ProcedureResult) -> Iterator[str]:
    """Yield one procedure: its verdicts, why they are not PASS, what fails or erred, the terminal's quirks."""
    subject = short(", ".join(procedure.subject), LIMIT)
    yield (
        f"{procedure.flow} of {subject}: interoperability {procedure.interoperability}, "
        f"conformance {procedure.conformance}"
    )
    for reason in procedure.reasons:
        yield f"  {short(reason, LIMIT)}"
    for criterion in procedure.criteria:
        if criterion.verdict in (Verdict.FAIL, Verdict.ERROR):
            yield f"  {criterion_line(criterion)}"
    for quirk in procedure.quirks:
        yield f"  {quirk_line(quirk)}"
    for line in difference_lines(procedure.difference):
        yield f"  {line}"


def _capture(capture: CaptureInfo) -> Iterator[str]:
    drops = "loss unknown" if capture.drops is None else f"{capture.drops} lost"
    yield (
        f"{short(capture.file, LIMIT)}: {capture.frames} frames, {capture.signalling} with signalling, "
        f"{capture.copies} copies, {drops}"
    )
    if capture.clock_offset_ns:
        side = "ahead of" if capture.clock_offset_ns > 0 else "behind"
        seconds = abs(capture.clock_offset_ns) / 1e9
        yield f"  its clock is {seconds:.6f} s {side} that of the first capture, as messages show that both have"
    if capture.not_read:
        counts = [f"{name} {count}" for name, count in list(capture.not_read.items())[:_MOST_PROTOCOLS]]
        more = len(capture.not_read) - len(counts)
        others = f", {more} others" if more else ""
        yield f"  {short('no signalling in frames of: ' + ', '.join(counts) + others, LIMIT)}"
    for problem in capture.problems:
        yield f"  {short(problem, LIMIT)}"
