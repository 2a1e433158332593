"""Judges a large trace part by part: of each procedure its verdicts are kept, the rest is found again when asked.

25,000 whole results have a million pieces of evidence; nobody reads them all at once. So a result is made when somebody
comes to it and forgotten when he goes on. The parts are judged in this process, or in several that are forked from it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import NamedTuple, overload

from conformance.judgement.confirmation import frames_of
from conformance.judgement.inspection import inspect
from conformance.judgement.outcome import Asked, Readings, conclude
from conformance.judgement.parts import PART, split
from conformance.judgement.surroundings import Surroundings
from conformance.judgement.workers import spread
from conformance.trace.model import SipMessage, Trace
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.results import BriefProcedures, ProcedureResult

LARGE = 4_000
"""A trace of more messages is judged in parts."""
AT_ONCE = 5_000
"""So many frames are read a second time together: each time costs a start of tshark, each frame memory."""

Confirm = Callable[[Mapping[int, set[int]]], Readings]
"""Reads frames a second time, by capture."""


class _Part(NamedTuple):
    """What is kept of one part."""

    brief: list[ProcedureResult]
    direct: bool
    """Whether one of them may follow the flow that was asked for; else they are those that should have."""
    unjudged: Counter[str]
    wanted: dict[int, set[int]]
    """Frames to read a second time."""


class Procedures(BriefProcedures):
    """The results of a large trace, part by part, those of a part in the order of their first messages."""

    def __init__(self, inquiry: Inquiry, brief: Sequence[Sequence[ProcedureResult]]) -> None:
        self._inquiry, self._brief = inquiry, brief
        self._ends = list(accumulate(len(part) for part in brief))
        self._last: tuple[int, list[ProcedureResult]] | None = None

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> ProcedureResult: ...

    @overload
    def __getitem__(self, index: slice) -> list[ProcedureResult]: ...

    def __getitem__(self, index: int | slice) -> ProcedureResult | list[ProcedureResult]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"procedure {index} of {len(self)}")
        number = bisect_right(self._ends, place)
        if self._last is None or self._last[0] != number:
            self._last = number, self._inquiry.results(number, self._brief[number])
        return self._last[1][place - self._ends[number]]

    def __iter__(self) -> Iterator[ProcedureResult]:
        for number, brief in enumerate(self._brief):
            yield from self._inquiry.results(number, brief)

    def brief(self) -> Iterator[ProcedureResult]:
        """Yield the results with no more than what failed or could not be judged."""
        for part in self._brief:
            yield from part


class Inquiry:
    """One large trace and how it is judged.

    Args:
        around: The whole trace.
        asked: What its procedures are judged with.
        federation: What the partners agreed and declared.
        flow: The only flow to judge; None for the best fitting one of each procedure.
        confirm: Reads the frames that FAILs cite a second time; None leaves that out.
        size: Messages of a part, about.
    """

    def __init__(
        self,
        around: Surroundings,
        asked: Asked,
        federation: Federation | None,
        flow: str | None,
        confirm: Confirm | None,
        size: int = PART,
    ) -> None:
        self._around, self._asked, self._federation, self._flow = around, asked, federation, flow
        self._confirm = confirm
        self._parts = split(around, size)

    def judge(self, workers: int) -> tuple[Procedures, Counter[str]]:
        """Judge all parts.

        Args:
            workers: How many processes work.

        Returns:
            The results, and the SIP messages that belong to no procedure, by method.
        """
        found = spread(lambda number: self._judged(number, None), len(self._parts), workers)
        if self._confirm is not None:
            self._read_again(found, self._confirm, workers)
        direct = any(part.direct for part in found)
        brief = [part.brief if part.direct or not direct else [] for part in found]
        return Procedures(self, brief), sum((part.unjudged for part in found), Counter())

    def results(self, number: int, brief: Sequence[ProcedureResult]) -> list[ProcedureResult]:
        """Return the whole results of one part.

        Args:
            number: Which part.
            brief: What `judge` found in it.
        """
        if not brief:
            return []
        part = self._parts[number]
        seen = inspect(part, self._around, self._federation, self._flow)
        results = []
        for chosen, judged, known in zip(seen.chosen, seen.judged, brief, strict=True):
            whole = conclude(chosen, judged, None, self._asked).result(self._asked)
            # What was read a second time is not read a third time.
            read = {one.id: one for one in known.criteria}
            update = {
                "criteria": [read.get(one.id, one) for one in whole.criteria],
                "frames": whole.frames,
                "ladder": whole.ladder,
            }
            results.append(known.model_copy(update=update))
        _forget(part)
        return results

    def _judged(self, number: int, readings: Readings | None) -> _Part:
        """Judge one part, with second readings or without."""
        part = self._parts[number]
        seen = inspect(part, self._around, self._federation, self._flow)
        direct = self._flow is None or any(self._flow in one.found.flows for one in seen.chosen)
        if readings is None and self._confirm is not None:
            wanted = frames_of(one.finding for judged in seen.judged for one in judged)
            if wanted:  # nothing is concluded before these frames have been read a second time
                _forget(part)
                return _Part([], direct, seen.unjudged, wanted)
        outcomes = (
            conclude(one, judged, readings, self._asked) for one, judged in zip(seen.chosen, seen.judged, strict=True)
        )
        brief = [one.result(self._asked, brief=True) for one in outcomes]
        _forget(part)
        return _Part(brief, direct, seen.unjudged, {})

    def _read_again(self, found: list[_Part], confirm: Confirm, workers: int) -> None:
        """Read what FAILs cite a second time, and judge the parts with FAILs once more."""
        waiting: dict[int, set[int]] = {}
        numbers: list[int] = []
        for number, part in enumerate(found):
            if part.wanted:
                numbers.append(number)
                for capture, frames in part.wanted.items():
                    waiting.setdefault(capture, set()).update(frames)
            if sum(map(len, waiting.values())) >= AT_ONCE or (numbers and number == len(found) - 1):
                again = partial(self._again, numbers, confirm(waiting))
                for one, judged in zip(numbers, spread(again, len(numbers), workers), strict=True):
                    found[one] = judged
                waiting, numbers = {}, []

    def _again(self, numbers: Sequence[int], readings: Readings, place: int) -> _Part:
        return self._judged(numbers[place], readings)


def _forget(part: Trace) -> None:
    for message in part.messages:
        if isinstance(message, SipMessage):
            message.forget()
