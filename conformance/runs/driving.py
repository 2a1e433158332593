"""While a cell is driven: what answers within milliseconds comes before what may take its time.

A terminal that says 100 later than 200 ms behind an INVITE is judged to be late (RFC 3261 17.2.1), whoever kept it: so
on a busy machine it must be nobody of ours. Three things did. The collector, looking for cycles in all that pytest has
made, stops all threads for 0.2 s, and for a second where the processor is wanted elsewhere. tshark and the judge of
other workers have as much right to the processor as nodes and terminals. And a thread that waits for the processor
keeps the interpreter's lock from the terminals' one: hence the main thread takes part.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from conformance.vocabulary.collector import without_collector

STEP: Final = 10
"""By so much the niceness is lower: nine parts of the processor to one for everybody else."""


@contextmanager
def foremost() -> Iterator[None]:
    """Run the block before others; threads and processes that are begun in it go on like that.

    Without the right to it (CAP_SYS_NICE) nothing changes.
    """
    usual = os.getpriority(os.PRIO_PROCESS, 0)  # of this thread alone, as Linux has it
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, usual - STEP)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, usual)


@contextmanager
def driving() -> Iterator[None]:
    """Run a cell in the block, from the beginning of its capture to the end."""
    with foremost(), without_collector():
        yield
