"""Mutations by chance against the judge: what was found, what was only noticed, and why the rest was not found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.detection.batch import read_captures
from conformance.detection.benign import Verdicts, bases, differences, verdicts
from conformance.detection.captures import judged
from conformance.detection.reasons import Why, why_not
from conformance.faults.chance import Drawn, draw
from conformance.faults.edits import Edit
from conformance.faults.mutate import mutate
from conformance.faults.pcapfile import PacketFile, read_packets
from conformance.faults.reference import Case, build
from conformance.report.text import short
from conformance.vocabulary.verdicts import Verdict

AT_ONCE = 256
"""Captures that are read together: more need more memory, fewer need more tsharks."""
FOREIGN = Case(title="", origin="", why="", expected={})
"""How a capture that is no reference case is judged: without federation, whatever flows it has."""


@dataclass(frozen=True)
class Base:
    """A capture that is mutated."""

    name: str
    case: Case
    capture: PacketFile
    after: tuple[Edit, ...] = ()
    """Edits that make the case of the capture: they come behind a mutation."""


@dataclass(frozen=True)
class Tried:
    """What came of one mutation."""

    base: str
    drawn: Drawn
    found: tuple[str, ...]
    """Criteria that fail now and did not before."""
    noticed: str
    """What else changed in the verdicts, in words; empty: nothing."""
    why: Why | None
    """Why nothing changed; None where something did."""

    @property
    def outcome(self) -> str:
        """`found`, `noticed` or the id of the reason."""
        if self.found:
            return "found"
        return "noticed" if self.why is None else self.why.id

    def as_json(self) -> dict[str, object]:
        """Return it as `netlab faults --random --json` prints it."""
        return {
            "base": self.base,
            "kind": self.drawn.kind,
            "field": self.drawn.field,
            "mutation": self.drawn.words,
            "found": list(self.found),
            "noticed": self.noticed,
            "why": None if self.why is None else {"id": self.why.id, "words": self.why.words},
        }

    def line(self) -> str:
        """Return it as one line."""
        if self.found:
            verdict = f"found by {', '.join(self.found)}"
        elif self.why is None:
            verdict = f"noticed: {self.noticed}"
        else:
            verdict = f"not found, {self.why.id}: {self.why.words}"
        return f"{self.base}: {self.drawn.kind}: {short(self.drawn.words, 140)}: {short(verdict, 160)}"


def reference_bases() -> list[Base]:
    """Return the reference cases that random mutations start from.

    Raises:
        BadInput: there are no reference captures here.
    """
    found = []
    for name, case in bases().items():
        root = name if case.base is None else case.base
        found.append(Base(name, case, build(root), case.edit))
    return found


def foreign_base(file: Path) -> Base:
    """Return a capture that somebody names as a base; errors as in `read_packets`."""
    return Base(file.name, FOREIGN, read_packets(file))


def try_random(chosen: Sequence[Base], count: int, seed: int) -> Iterator[Tried]:
    """Yield what came of each mutation, base by base; the same seed gives the same.

    Args:
        chosen: what is mutated.
        count: mutations of each base.
        seed: where chance begins.

    Raises:
        HarnessFault: a base does not give so many mutations.
        NotPermitted: tshark is missing.
    """
    together = max(1, AT_ONCE // count)
    for start in range(0, len(chosen), together):
        yield from _try(chosen[start : start + together], count, seed)


def _try(chosen: Sequence[Base], count: int, seed: int) -> Iterator[Tried]:
    drawn = [list(draw(base.capture, f"{seed}:{base.name}", count, base.after)) for base in chosen]
    plain = [mutate(base.capture, base.after) for base in chosen]
    captures = [
        (base.name, capture)
        for base, unchanged, mutations in zip(chosen, plain, drawn, strict=True)
        for capture in (unchanged, *(changed for _, changed in mutations))
    ]
    traces = iter(read_captures(captures))
    for base, unchanged, mutations in zip(chosen, plain, drawn, strict=True):
        before = judged(next(traces), base.case)
        was, numbers = verdicts(before), _numbers(base.capture, unchanged)
        for mutation, _ in mutations:
            now = verdicts(judged(next(traces), base.case))
            found = tuple(sorted(_failing(now) - _failing(was)))
            _, words = differences(was, now)
            why = None if found or words else why_not(mutation, before, numbers)
            yield Tried(base.name, mutation, found, words, why)


def _numbers(root: PacketFile, plain: PacketFile) -> dict[int, int]:
    """Return the frame number in the capture that is judged by that in the capture that is mutated."""
    places = {(packet.point, packet.time_ns): number for number, packet in enumerate(plain.packets, 1)}
    packets = enumerate(root.packets, 1)
    return {n: places[p.point, p.time_ns] for n, p in packets if (p.point, p.time_ns) in places}


def _failing(found: Verdicts) -> set[str]:
    return {id for *_, criteria in found for id, verdict in criteria.items() if verdict is Verdict.FAIL}


def percentages(tried: Sequence[Tried]) -> list[str]:
    """Return the last lines: how many were found, noticed, and not found, by reason."""
    if not tried:
        return ["0 mutations"]
    counts = Counter(one.outcome for one in tried)
    found, noticed = counts.pop("found", 0), counts.pop("noticed", 0)
    reasons = ", ".join(f"{id} {number} ({_percent(number, tried)})" for id, number in counts.most_common())
    rest = len(tried) - found - noticed
    return [
        f"{len(tried)} mutations of {len({one.base for one in tried})} captures",
        f"not found, by reason: {reasons or 'none'}",
        f"found {found} ({_percent(found, tried)}), noticed {noticed} ({_percent(noticed, tried)}), "
        f"not found {rest} ({_percent(rest, tried)})",
    ]


def _percent(number: int, tried: Sequence[Tried]) -> str:
    return f"{100 * number / len(tried):.0f} %"
