"""Leases: what is there once and several runs or workers want is used by one of them at a time.

A lease is a lock of the kernel (flock) on a file that is named after the thing: `uc3m.alice` for a subscriber. It ends
when it is given back or when its process ends, however it ends: nothing is ever left to be cleaned up. The file says
who has it, for those who wait. A folder that several machines share serves where its file system has such locks.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from conformance.vocabulary.errors import NotPermitted, TestbedDown

_SUFFIX = ".lease"


class Holder(BaseModel):
    """Who has a lease, as its file says."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pid: int
    host: str
    run: str
    cell: str
    since_ns: int

    def __str__(self) -> str:
        """Return `process 4711 on lab1, run 20261129-101500-1, test_home[uc3m@uc3m], since 10:15:03`."""
        since = time.strftime("%H:%M:%S", time.localtime(self.since_ns / 1e9))
        return f"process {self.pid} on {self.host}, run {self.run}, {self.cell or 'all cells'}, since {since}"


class InUse(TestbedDown):
    """Somebody else uses what a cell needs, and goes on doing so."""


class Lease:
    """Some things that are ours, until `release` or the end of this process."""

    def __init__(self) -> None:
        self._descriptors: list[int] = []

    def add(self, descriptor: int) -> None:
        """Keep a lock, too."""
        self._descriptors.append(descriptor)

    def release(self) -> None:
        """Give everything back; a second call does nothing."""
        while self._descriptors:
            descriptor = self._descriptors.pop()
            os.ftruncate(descriptor, 0)
            os.close(descriptor)


class Leases:
    """The leases of one folder.

    Args:
        folder: where their files are; it is made. Files stay there: to remove one would let two have it.
        run: the run that wants them, for whoever waits for it.
    """

    def __init__(self, folder: Path, run: str) -> None:
        self._folder = folder
        self._run = run

    def take(self, things: Iterable[str], cell: str, patience_s: float) -> Lease:
        """Return when all these things are ours.

        They are taken in the order of their names, whoever takes them, so that nobody waits in a circle.

        Args:
            things: names, for example `uc3m.alice`.
            cell: for what.
            patience_s: how long each is waited for.

        Raises:
            InUse: one is not given back in time; the text says who has it.
            NotPermitted: the folder cannot be written.
        """
        lease = Lease()
        try:
            for thing in sorted(set(things)):
                descriptor = self._open(thing)
                if not (_is_free(descriptor) or _await(descriptor, patience_s)):
                    os.close(descriptor)
                    raise InUse(
                        f"{thing} is in use: expected it free within {patience_s:g} s, found it used by "
                        f"{self.holder(thing) or 'somebody who does not say who'}"
                    )
                lease.add(descriptor)
                self._write(descriptor, cell)
        except BaseException:
            lease.release()
            raise
        return lease

    def take_one(self, things: Iterable[str]) -> tuple[int, Lease]:
        """Return the first of several things that is free now, as its place among them, and its lease.

        Raises:
            InUse: all are in use; the text says who has the first one.
            NotPermitted: the folder cannot be written.
        """
        names = list(things)
        for place, thing in enumerate(names):
            descriptor = self._open(thing)
            if _is_free(descriptor):
                self._write(descriptor, "")
                lease = Lease()
                lease.add(descriptor)
                return place, lease
            os.close(descriptor)
        raise InUse(f"all of {', '.join(names)} are in use, the first one by {self.holder(names[0])}")

    def holder(self, thing: str) -> Holder | None:
        """Return who has a thing; None where nobody has said so."""
        try:
            return Holder.model_validate_json(self._file(thing).read_bytes())
        except (OSError, ValidationError):
            return None

    def _file(self, thing: str) -> Path:
        return self._folder / f"{thing}{_SUFFIX}"

    def _open(self, thing: str) -> int:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return os.open(self._file(thing), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise NotPermitted(
                f"{self._file(thing)}: {error.strerror}; leases need a folder that all who share the testbeds can write"
            ) from None

    def _write(self, descriptor: int, cell: str) -> None:
        holder = Holder(pid=os.getpid(), host=os.uname().nodename, run=self._run, cell=cell, since_ns=time.time_ns())
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, holder.model_dump_json().encode(), 0)


def _is_free(descriptor: int) -> bool:
    """Lock what nobody has; False where somebody has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _await(descriptor: int, patience_s: float) -> bool:
    """Lock what somebody has, when it is given back; False where that takes too long.

    The kernel wakes who waits, but flock has no deadline. The program of that name has one; the lock belongs to the
    opened file, which it shares with us.
    """
    words = ["flock", "--timeout", f"{patience_s:f}", str(descriptor)]
    return subprocess.run(words, pass_fds=[descriptor], check=False).returncode == 0
