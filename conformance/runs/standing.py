"""Testbeds that stand without a run: what is written down of them, and how they are ended.

A process of its own holds them (`holder`). Beside its logs lies `standing.json`, so that other commands find it, see
which of its nodes live, and can clean up after it when it was killed. There is one at a time on a machine.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from conformance.cores.emulated.log_lines import last_lines
from conformance.cores.emulated.process_list import end_leftovers
from conformance.cores.emulated.processes import ProcessMark
from conformance.fabric import registry
from conformance.runs.folder import NODES
from conformance.runs.plan import FabricName
from conformance.vocabulary.errors import BadInput, HarnessFault, NotPermitted, TestbedDown
from conformance.vocabulary.federation import CoreKind

FOLDER = registry.REGISTRY / "testbed"
LOG_FILE = "holder.log"
LEASES = "leases"
"""Below the folder: which run uses what of the testbeds."""
_STATE_FILE = "standing.json"
_END_S = 20.0
"""How long the holder has to end its nodes; then it is killed, and the kernel ends them."""
_GONE_S = 5.0


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Running(_Written):
    """A node, or a program of the fabric."""

    name: str
    """`uc3m/p-cscf`, `vpn hub`."""
    pid: int
    started: int
    """Clock ticks after boot; with the process id it cannot be mistaken."""
    address: str = ""
    """With its port; empty for a program."""
    namespace: str = ""
    """Empty: that of the machine."""
    log: Path

    @property
    def lives(self) -> bool:
        """Whether the very process runs."""
        return ProcessMark(self.pid, self.started).runs()

    @property
    def last_line(self) -> str:
        """What it wrote last; empty where it wrote nothing."""
        return next(iter(last_lines(self.log, 1)), "")


class Standing(_Written):
    """Testbeds that stand, or are being brought up."""

    pid: int
    """Of the holder."""
    started: int
    since_ns: int
    federation: str
    """Its name and file, for a reader."""
    federation_file: Path | None = None
    folder: Path = FOLDER
    """Where its state, its nodes' folders and the leases are."""
    core: str
    played_by: CoreKind | None = None
    """What was asked to play every testbed; None: what the federation file says."""
    fabric: FabricName
    reason: str = ""
    """Why the fabric is no better one."""
    ready: bool = False
    """False: some node is still being awaited."""
    domains: dict[str, str] = {}
    """By testbed."""
    running: tuple[Running, ...] = ()

    @property
    def holder(self) -> ProcessMark:
        """The process that holds them."""
        return ProcessMark(self.pid, self.started)

    @property
    def since(self) -> str:
        """Since when, in local time."""
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since_ns / 1e9))

    def asked_for(self, file: Path | None, core: CoreKind | None) -> tuple[Path, CoreKind | None]:
        """Return federation file and core of what stands, for a run that may have named others.

        Args:
            file: that the run names; None: none.
            core: that the run names; None: none.

        Raises:
            BadInput: they are others than those that stand.
        """
        if self.federation_file is None:
            raise BadInput(f"--standing: {self} was brought up by an older version; netlab testbed down, then up")
        if file is not None and file.resolve() != self.federation_file.resolve():
            raise BadInput(f"--standing: {self} stands; found --federation {file}, expected none or that one")
        if core not in (None, self.played_by):
            raise BadInput(f"--standing: {self} stands; found --core {core}, expected none or that one")
        return self.federation_file, self.played_by

    def __str__(self) -> str:
        """Return `netlab (emulated.toml), core emulated, fabric loopback`."""
        return f"{self.federation}, core {self.core}, fabric {self.fabric}"


def read(folder: Path) -> Standing | None:
    """Return what stands, or stood until its holder was killed; None where there is nothing.

    Raises:
        NotPermitted: somebody else's.
        HarnessFault: the file is not as it was written.
    """
    try:
        return Standing.model_validate_json((folder / _STATE_FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise NotPermitted(f"{folder}: {error.strerror}; run as root, who brought the testbeds up") from None
    except ValidationError:
        raise HarnessFault(
            f"{folder / _STATE_FILE}: expected what `netlab testbed up` wrote, found something else: remove the file"
        ) from None


def in_use(folder: Path) -> Standing:
    """Return what stands and serves, for a run that wants to use it.

    Raises:
        TestbedDown: nothing stands, it is not ready, or something of it is dead.
        NotPermitted, HarnessFault: see `read`.
    """
    found = read(folder)
    if found is None or not found.holder.runs():
        raise TestbedDown("--standing: nothing is up; netlab testbed up brings the testbeds up")
    if not found.ready:
        raise TestbedDown(f"--standing: {found} is being brought up since {found.since}; wait until it is up")
    if dead := [one.name for one in found.running if not one.lives]:
        raise TestbedDown(f"--standing: {', '.join(dead)} is dead; netlab testbed down, then up")
    return found


def write(folder: Path, standing: Standing) -> None:
    """Write down what stands; a reader sees the old text or the new one."""
    unfinished = folder / f".{_STATE_FILE}"
    unfinished.write_text(standing.model_dump_json(), encoding="utf-8")
    unfinished.replace(folder / _STATE_FILE)


def forget(folder: Path) -> None:
    """Take back what was written down; the logs are kept until the next one."""
    (folder / _STATE_FILE).unlink(missing_ok=True)


def occupy(folder: Path) -> int:
    """Make the folder ours alone and empty it; return the descriptor that keeps others out while anybody has it open.

    Raises:
        NotPermitted: another one is being brought up, or only root may write there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(kept, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(kept).st_ino != folder.stat().st_ino:
                raise BlockingIOError  # it was taken away and made again meanwhile
        except OSError:
            os.close(kept)
            raise
    except (BlockingIOError, FileNotFoundError):
        raise _busy() from None
    except OSError as error:
        raise NotPermitted(f"{folder}: {error.strerror}; run as root") from None
    _empty(folder)
    return kept


def end(folder: Path, standing: Standing | None) -> None:
    """End what stands and remove all that is left of it, whether its holder lives or was killed.

    Raises:
        HarnessFault: a process does not end.
        NotPermitted: it is being brought up just now, or only root may end it.
    """
    if standing is not None:
        _end_holder(standing.holder)
        end_leftovers(folder / NODES)
        _await_gone(standing.running)
    registry.clear_dead()
    if folder.exists():
        kept = occupy(folder)
        folder.rmdir()
        os.close(kept)
    with suppress(OSError):  # a lab of a run still stands
        folder.parent.rmdir()


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink()


def _busy() -> NotPermitted:
    return NotPermitted("testbed: another `netlab testbed` is at work just now; wait until it has ended")


def _end_holder(holder: ProcessMark) -> None:
    for number, patience in ((signal.SIGTERM, _END_S), (signal.SIGKILL, _GONE_S)):
        if not holder.runs():
            return
        with suppress(ProcessLookupError):
            os.kill(holder.pid, number)
        if holder.wait_gone(time.monotonic() + patience):
            return
    raise HarnessFault(f"process {holder.pid}, which holds the testbeds: expected to end after SIGKILL, found running")


def _await_gone(running: Iterable[Running]) -> None:
    """Wait until the kernel has ended what a killed holder left."""
    deadline = time.monotonic() + _GONE_S
    for one in running:
        if not ProcessMark(one.pid, one.started).wait_gone(deadline):
            raise HarnessFault(f"{one.name}: expected that process {one.pid} ends with its parent, found running")
