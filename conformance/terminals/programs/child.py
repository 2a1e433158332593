"""A program that runs as a child process: it ends with the harness, and its lines arrive as it writes them."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

from conformance.cores.emulated.processes import die_with_parent
from conformance.vocabulary.errors import HarnessFault, NotPermitted

Enter = Callable[[], None]
"""Runs in the child before the program: for example enters the network namespace of a terminal."""

_LONGEST_LINE = 4096
_MOST_WAITING = 10_000
"""Lines that nobody asked for; beyond that the oldest program output is not kept in memory, only in the log."""
_END_S = 3.0


class ProgramChild:
    """One running program. To be made and used by one thread that lives as long as the program is wanted.

    Args:
        arguments: program and arguments; they are visible to every user of the machine, so no secret is among them.
        folder: its working folder.
        speaks: which of its two outputs is read; the other one is thrown away.
        log: file that everything it says is appended to.
        enter: see `Enter`.
        listens: it takes commands on its standard input: see `tell`.

    Raises:
        NotPermitted: the program cannot be started.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        speaks: Literal["stdout", "stderr"],
        log: Path,
        enter: Enter | None = None,
        listens: bool = False,
    ) -> None:
        self.name = Path(arguments[0]).name
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_WAITING)
        self._ended = False
        parent = os.getpid()

        def become() -> None:
            die_with_parent(parent)
            if enter is not None:
                enter()

        try:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                list(arguments),
                cwd=folder,
                env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LC_ALL": "C", "TERM": "dumb"},
                stdin=subprocess.PIPE if listens else subprocess.DEVNULL,
                preexec_fn=become,
                stdout=subprocess.PIPE if speaks == "stdout" else subprocess.DEVNULL,
                stderr=subprocess.PIPE if speaks == "stderr" else subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise NotPermitted(f"{self.name}: expected a program that starts, found: {error}") from None
        stream = self._process.stdout if speaks == "stdout" else self._process.stderr
        assert stream is not None
        self._reader = threading.Thread(target=self._read, args=(stream, log), name=f"netlab-{self.name}", daemon=True)
        self._reader.start()

    def _read(self, stream: IO[bytes], log: Path) -> None:
        with stream, log.open("ab") as file:
            while line := stream.readline(_LONGEST_LINE):
                file.write(line)
                file.flush()
                try:
                    self._lines.put_nowait(line.decode("utf-8", errors="replace").rstrip("\r\n"))
                except queue.Full:
                    continue
        self._lines.put(None)

    def next_line(self, deadline: float) -> str | None:
        """Return the next line that the program wrote.

        Args:
            deadline: monotonic clock, seconds.

        Returns:
            None where the program has closed its output, which it does when it ends.

        Raises:
            TimeoutError: there was none until the deadline.
        """
        if self._ended:
            return None
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise TimeoutError from None
        self._ended = line is None
        return line

    def tell(self, line: str) -> None:
        """Write one line to its standard input.

        Raises:
            HarnessFault: it has ended, or does not listen.
        """
        stream = self._process.stdin
        try:
            if stream is None:
                raise BrokenPipeError("it takes no commands")
            stream.write(line.encode() + b"\n")
            stream.flush()
        except (OSError, ValueError) as error:
            raise HarnessFault(f"{self.name}: expected a program that takes {line[:80]!r}, found: {error}") from None

    @property
    def runs(self) -> bool:
        """True until the program has ended."""
        return self._process.poll() is None

    def wait(self, deadline: float) -> int:
        """Wait for its end and return its exit status, negative after a signal; TimeoutError at the deadline."""
        try:
            return self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise TimeoutError from None

    def ask_to_end(self) -> None:
        """Send SIGTERM to this very process; nothing where it has ended."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once and collect it; a second call does nothing."""
        self._process.kill()
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            raise HarnessFault(f"{self.name}: process {self._process.pid} did not end within {_END_S:g} s") from None
        self._reader.join(_END_S)
