"""A server program as child of its node: in the foreground, in namespaces of its own, and never longer than the node.

The program is process 1 of a PID namespace: when it ends, or is killed because the node ended, the kernel ends every
process below it. Its mount namespace has the resolver of its node as `/etc/resolv.conf`, a `/tmp` of its own, because
Kamailio's Diameter makes pipes there that are named after process ids, which are the same in every namespace, and in it
the node's folder as working directory. What it may not do is to administer the network: the IPsec module of a P-CSCF
begins by deleting every security association of the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from conformance.cores.emulated.plan import log_file
from conformance.cores.emulated.processes import die_with_parent
from conformance.vocabulary.errors import TestbedDown

INSIDE = "/tmp/node"  # noqa: S108 - a name in the program's own namespace
"""The node's folder as the program sees it."""
SHARED = "/tmp/shared"  # noqa: S108 - likewise
"""The folder of the node whose database it uses, as the program sees it: its own where it shares none."""
RESOLVER = "resolv.conf"
"""File in the node's folder that becomes the program's `/etc/resolv.conf`."""
_ENTER = ("unshare", "--pid", "--fork", "--kill-child", "--mount", "--propagation", "private", "sh", "-c")
_BIND_AND_BECOME = (
    'mount --bind "$0" /etc/resolv.conf && mount -t tmpfs tmpfs /tmp && mkdir /tmp/node /tmp/shared && '
    'mount --no-canonicalize --bind . /tmp/node && mount --no-canonicalize --bind "$1" /tmp/shared && shift && '
    "cd /tmp/node && export HOME=/tmp/node && "
    'exec setpriv --bounding-set -net_admin --inh-caps -net_admin "$@"'
)
_COMPLAINTS = (
    re.compile(r"exited by a signal"),
    re.compile(r"parse error|ERROR: bad config|Address already in use|Cannot assign"),
    re.compile(r"\b(CRITICAL|critical|fatal)\b(?!.*EOF on)"),
    re.compile(r"\b(ERROR|error|failed)\b(?!.*ims_ipsec_pcscf)"),  # that one always has something to complain of
)
"""What tells most of why a program ended, the best first."""
_LINE_AT_MOST = 300
_TAIL = 65_536


class Program:
    """A program that runs.

    Args:
        name: how it is called in complaints: `uc3m/s-cscf: kamailio`.
        process: what was started.
        log: where its output goes.
        begin: size of that file before it started.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path, begin: int) -> None:
        self._name = name
        self._process = process
        self._log = log
        self._begin = begin

    @property
    def runs(self) -> bool:
        """True until it has ended."""
        return self._process.returncode is None

    async def until_end(self) -> None:
        """Wait for its end, which is never in order.

        Raises:
            TestbedDown: always, with the line in which the program says why.
        """
        status = await self._process.wait()
        raise TestbedDown(f"{self._name} ended ({_how(status)}): {self.last_words()}")

    def last_words(self) -> str:
        """Return the line that says most of its end: the first of the strongest complaints since its start."""
        with self._log.open("rb") as log:
            log.seek(max(self._begin, self._log.stat().st_size - _TAIL))
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
        for complaint in _COMPLAINTS:
            if found := next((line for line in lines if complaint.search(line)), None):
                return found[:_LINE_AT_MOST]
        return lines[-1][:_LINE_AT_MOST] if lines else "it wrote nothing"


@asynccontextmanager
async def running(
    core_folder: Path, name: str, folder: Path, command: Sequence[str], shared: str = "."
) -> AsyncIterator[Program]:
    """Run a program for as long as the context lasts; it keeps nothing that its end could damage, so it is killed.

    Args:
        core_folder: folder of all nodes, where their logs are.
        name: name of the node.
        folder: the node's folder: working directory of the program; it holds the file `resolv.conf`.
        command: the program and its arguments.
        shared: folder of the node whose database it uses, relative to its own.
    """
    log = log_file(core_folder, name)
    begin = log.stat().st_size if log.exists() else 0
    parent = os.getpid()
    process = await asyncio.create_subprocess_exec(
        *_ENTER,
        _BIND_AND_BECOME,
        str((folder / RESOLVER).absolute()),
        shared,
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        preexec_fn=lambda: die_with_parent(parent),
    )
    try:
        yield Program(f"{name}: {command[0]}", process, log, begin)
    finally:
        _kill(process)
        await process.wait()


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill a program so that its end, when it is waited for, is that of every process in its namespace."""
    if process.returncode is not None:
        return
    try:
        inside = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    except OSError:
        inside = []
    # Process 1 of the namespace ends after all others, and `unshare` after it.
    for pid in (int(child) for child in inside) if inside else (process.pid,):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _how(status: int) -> str:
    if status < 0:
        return f"by {signal.Signals(-status).name}"
    return f"exit status {status}"
