"""What the supervisor and the core know of processes: who one is, and that its children end with it."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15

_libc = ctypes.CDLL(None, use_errno=True)  # loaded once, before anything forks


def die_with_parent(parent: int) -> None:
    """Make the kernel kill this process when its parent ends, whatever ends it.

    Args:
        parent: process id of the parent; where it ended before the call, this process ends here.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def set_process_name(name: str) -> None:
    """Give this process a name of 15 characters at most, as `ps -e` and `top` show it."""
    _libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


@dataclass(frozen=True, slots=True)
class ProcessMark:
    """A process that cannot be mistaken for another one that got the same id later."""

    pid: int
    started: int
    """Clock ticks after boot (field 22 of `/proc/PID/stat`)."""

    @classmethod
    def of(cls, pid: int) -> ProcessMark | None:
        """Return the mark of a process that runs, None where there is none (or it only waits to be collected)."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()  # the name before it may hold blanks and brackets
        return None if fields[0] in "ZX" else cls(pid, int(fields[19]))

    def runs(self) -> bool:
        """True while this very process runs."""
        return ProcessMark.of(self.pid) == self

    def wait_gone(self, deadline: float) -> bool:
        """Wait until it has ended; the kernel tells, whoever its parent is.

        Args:
            deadline: monotonic clock, seconds.

        Returns:
            False where it still runs at the deadline.
        """
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return True
        try:
            if self.runs():  # the descriptor is of this process, and not of one that got its id
                select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        finally:
            os.close(descriptor)
        return not self.runs()

    def command(self) -> str:
        """Return its command line, empty where it is gone."""
        try:
            return Path(f"/proc/{self.pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
