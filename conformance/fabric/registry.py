"""Which labs there are on this machine, whose they are, and what a killed run left of one.

Each lab has a file `/run/netlab/ID.json` with the process that made it. A lab whose process is gone is nobody's: its
processes are ended and its namespaces removed, by whoever makes the next one.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import time
from dataclasses import asdict
from pathlib import Path

from conformance.cores.emulated.processes import ProcessMark
from conformance.fabric.netns import PREFIX, named, processes_in
from conformance.vocabulary.errors import NotPermitted, TestbedDown

REGISTRY = Path("/run/netlab")
_ETC = Path("/etc/netns")
_END_S = 3.0


def claim() -> str:
    """Return the id of a new lab of this process: four hexadecimal digits that no other lab has.

    Raises:
        NotPermitted: only root may write there.
        TestbedDown: this process cannot be told from others.
    """
    mark = ProcessMark.of(os.getpid())
    if mark is None:
        raise TestbedDown("fabric namespaces: /proc does not tell of this process; expected that it is mounted")
    try:
        while True:
            REGISTRY.mkdir(parents=True, exist_ok=True)
            lab = secrets.token_hex(2)
            # It exists: another lab has that id. It cannot be made: whoever removed the last lab took the folder away.
            with contextlib.suppress(FileExistsError, FileNotFoundError), _file(lab).open("x") as file:
                json.dump(asdict(mark), file)
                return lab
    except PermissionError as error:
        raise NotPermitted(
            f"{REGISTRY}: {error.strerror}; the fabric namespaces needs root, or --fabric loopback"
        ) from None


def namespaces_of(lab: str) -> list[str]:
    """Return the names of a lab's namespaces."""
    return named(f"{PREFIX}{lab}-")


def remove(lab: str) -> None:
    """End every process of a lab, remove its namespaces and forget it.

    Raises:
        TestbedDown: a process does not end.
    """
    # Imported where used: pyroute2 costs a tenth of a second, and every command knows of this file.
    from conformance.fabric.hosts import remove_namespace

    names = namespaces_of(lab)
    deadline = time.monotonic() + _END_S
    marks = [
        mark for name in names for pid in processes_in(name) if (mark := ProcessMark.of(pid)) and pid != os.getpid()
    ]
    for mark in marks:
        with contextlib.suppress(ProcessLookupError):
            os.kill(mark.pid, signal.SIGKILL)
    left = [mark for mark in marks if not mark.wait_gone(deadline)]
    for name in names:
        remove_namespace(name)
        shutil.rmtree(_ETC / name, ignore_errors=True)
    _file(lab).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        REGISTRY.rmdir()
    if left:
        raise TestbedDown(f"lab {lab}: process {left[0].pid} ({left[0].command()}) does not end; end it by hand")


def clear_dead() -> list[str]:
    """Remove the labs whose process is gone; return their ids. Where only root could remove one, it stays."""
    dead = [lab for lab in known() if not _owner_runs(lab)]
    # A namespace without a file is of a lab that was being made, or removed, when its process was killed.
    parts = {name.removeprefix(PREFIX).partition("-")[0] for name in named()}
    dead += sorted(parts - set(known()) - set(dead))
    for lab in dead:
        with contextlib.suppress(TestbedDown, PermissionError):
            remove(lab)
    return dead


def known() -> list[str]:
    """Return the ids of all labs, of living and of dead processes."""
    try:
        return sorted(file.stem for file in REGISTRY.glob("*.json"))
    except OSError:
        return []


def _owner_runs(lab: str) -> bool:
    try:
        mark = ProcessMark(**json.loads(_file(lab).read_text()))
    except FileNotFoundError:
        return False
    except (OSError, ValueError, TypeError):
        return True  # being written just now, or not ours to judge
    return mark.runs()


def _file(lab: str) -> Path:
    return REGISTRY / f"{lab}.json"
