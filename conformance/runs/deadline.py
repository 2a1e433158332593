"""The deadline of a cell: a test case that takes longer is stopped, wherever it waits, and the next cell begins.

Every wait of ours has a deadline of its own; this one is for what has none, a loop in a test case or a mistake of ours.
A timer of the kernel interrupts the main thread, and only while the test case is on its stack: what opens, judges and
leaves a cell, and pytest itself, are never stopped half-way. The exception passes every `except Exception` on its way,
and the timer fires again each second until the test case has been left, so that a `finally` that hangs is left, too.
"""

from __future__ import annotations

import linecache
import signal
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.federation import Timers

PROCEDURES = 30
"""So many procedures, each at its own deadline, are more than any cell has."""
_AGAIN_S = 1.0


class CellOverdue(HarnessFault):
    """A test case took longer than a cell may; the text says what it was doing."""


class _Interrupted(BaseException):
    """On its way out of a test case; nothing that a test case catches."""


def usual_deadline_s(timers: Timers, *, slow: bool = False) -> float:
    """Return how long a test case may take where nobody says: generous, for it is there for what hangs.

    Args:
        timers: of the federation.
        slow: it awaits true timers: the end of a registration, of a call that nobody answers.
    """
    waits_s = timers.registration_s + timers.proceeding_s if slow else 0
    return PROCEDURES * timers.procedure_ms / 1000 + waits_s


@contextmanager
def deadline(seconds: float, file: Path) -> Iterator[None]:
    """Stop what runs inside after so many seconds. Outside of the main thread, where no signal comes, nothing happens.

    Args:
        seconds: more than 0.
        file: of the test case, as its code names it; the error names the line in it.

    Raises:
        CellOverdue: it took longer.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    armed = True

    def interrupt(_number: int, frame: FrameType | None) -> None:
        if armed and _is_inside(frame, file):
            raise _Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_S)
            yield
        finally:
            armed = False
    except _Interrupted as stopped:
        raise CellOverdue(
            f"expected an end of the test case within {seconds:g} s, stopped it {_doing(stopped, file)}"
        ) from None
    finally:
        armed = False  # the signal may have come before it was said above
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _is_inside(frame: FrameType | None, file: Path) -> bool:
    while frame is not None and frame.f_code.co_filename != str(file):
        frame = frame.f_back
    return frame is not None


def _doing(stopped: BaseException, file: Path) -> str:
    """Return the line of the test case, and what was awaited there, innermost last."""
    frames = [entry for entry in traceback.extract_tb(stopped.__traceback__) if Path(entry.filename) == file]
    where = ""
    if frames:
        number = frames[-1].lineno or 0
        where = f"in {file.name}:{number}: {linecache.getline(str(file), number).strip()}"
    notes = "; ".join(getattr(stopped, "__notes__", ()))
    return " ".join(part for part in (where, f"({notes})" if notes else "") if part) or "before it had begun"
