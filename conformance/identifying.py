"""Identifies the terminals of captures that somebody sent: the function behind `netlab terminal identify`."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from conformance.federation import load_federation
from conformance.judgement import judge
from conformance.judgement.terminals import identify as terminals_of
from conformance.trace.decode import read_trace
from conformance.trace.keys import check_keys
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.identified import Identification

File = str | PathLike[str]


def identify(*captures: File, federation: File | Federation | None = None, keys: File | None = None) -> Identification:
    """Identify the terminals in captures of one and the same event.

    Args:
        captures: Files in any format that tshark reads.
        federation: Names of the networks, and the secrets of subscribers, with which more can be told.
        keys: File of TLS key log lines and ESP security associations.

    Returns:
        Every terminal that sends REGISTERs, with its quirks and what else deviates.

    Raises:
        BadInput: No capture is given, or a file cannot be read or is not what it should be.
        NotPermitted: tshark is missing or too old.
    """
    if not captures:
        raise BadInput("no capture was given, expected at least one file")
    if keys is not None:
        check_keys(Path(keys))
    if federation is not None and not isinstance(federation, Federation):
        federation = load_federation(Path(federation))
    files: Sequence[Path] = [Path(capture) for capture in captures]
    trace = read_trace(files, keys=None if keys is None else Path(keys))
    return terminals_of(trace, judge(trace, federation=federation))
