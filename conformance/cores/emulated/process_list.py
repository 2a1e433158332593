"""The processes of a core on disk, so that those of a run that was killed can be found and ended."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from conformance.cores.emulated.processes import ProcessMark

SUPERVISOR = "conformance.cores.emulated.supervisor"
"""Module that each process of a core has on its command line."""
PROCESSES_FILE = "processes.json"


def write_processes(folder: Path, marks: Mapping[str, ProcessMark]) -> None:
    """Write which processes a core has.

    Args:
        folder: of the core.
        marks: process of each name.
    """
    told = {name: [mark.pid, mark.started] for name, mark in marks.items()}
    (folder / PROCESSES_FILE).write_text(json.dumps(told))


def end_leftovers(folder: Path) -> list[int]:
    """End what an earlier run left that was killed: only processes that are certainly its own.

    Args:
        folder: folder of that run's core; its list of processes has their ids and start times.

    Returns:
        Process ids that were ended.
    """
    file = folder / PROCESSES_FILE
    try:
        marks = [ProcessMark(int(pid), int(started)) for pid, started in json.loads(file.read_text()).values()]
    except (OSError, ValueError, TypeError, AttributeError):
        return []
    ended = []
    for mark in marks:
        if mark.runs() and SUPERVISOR in mark.command():
            os.kill(mark.pid, signal.SIGKILL)
            ended.append(mark.pid)
    file.unlink(missing_ok=True)
    return ended
