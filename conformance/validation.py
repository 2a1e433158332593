"""Judges captures that somebody sent: the function behind `netlab validate`, for programs.

from conformance import validate

judgement = validate("capture.pcapng")
print(judgement)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from pathlib import Path

from conformance.federation import load_federation
from conformance.flows.load import load_flow
from conformance.judgement import judge
from conformance.report.judgement_text import judgement_lines
from conformance.trace.decode import read_trace
from conformance.trace.keys import check_keys
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.results import Judgement

File = str | PathLike[str]


class Validation(Judgement):
    """A judgement that knows how to show itself: `str()` is the text of `netlab validate`."""

    def __str__(self) -> str:
        return "\n".join(judgement_lines(self))


def validate(
    *captures: File,
    federation: File | Federation | None = None,
    flow: str | None = None,
    keys: File | None = None,
    workers: int = 1,
) -> Validation:
    """Judge captures of one and the same event.

    Args:
        captures: Files in any format that tshark reads, one or several that saw the same event at several points.
        federation: Names, features and releases of the networks; without it criteria that need them say less.
        flow: Identifier of the only flow to judge (`netlab flows` lists them); None for everything that is found.
        keys: File of TLS key log lines and ESP security associations (lines of Wireshark's `esp_sa` table).
        workers: How many processes judge a large capture; the verdicts are the same ones.

    Returns:
        The captures and every procedure in them, with verdicts and evidence. Its `verdict` is the worst of all,
        its `failures` are the SHALL criteria that fail.

    Raises:
        BadInput: No capture is given, a file cannot be read or is not what it should be, or the flow is unknown.
        NotPermitted: tshark is missing or too old.
    """
    if not captures:
        raise BadInput("no capture was given, expected at least one file")
    if flow is not None:
        load_flow(flow)  # said before anything is read
    if keys is not None:
        check_keys(Path(keys))
    if federation is not None and not isinstance(federation, Federation):
        federation = load_federation(Path(federation))
    files = [Path(capture) for capture in captures]

    def judged() -> Judgement:
        trace = read_trace(files, keys=None if keys is None else Path(keys))
        return judge(trace, federation=federation, flow=flow, workers=workers)

    judgement = _outside_of_event_loops(judged)
    return Validation.model_construct(**{name: getattr(judgement, name) for name in _FIELDS})


def _outside_of_event_loops(work: Callable[[], Judgement]) -> Judgement:
    """Do the work; in a thread where an event loop runs in this one (a notebook, an asynchronous test).

    The second reading has an event loop of its own, and a thread can run only one.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(work).result()


_FIELDS = tuple(name for name in Judgement.model_fields if name != "schema_")
"""What is taken over; the schema is that of the type."""
