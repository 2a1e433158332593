"""The supervisor of the nodes as the harness sees it: what it is told, and what it reports of each node."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from conformance.cores.emulated.exit_status import how_it_ended
from conformance.cores.emulated.log_lines import last_lines
from conformance.cores.emulated.plan import Command, Happening, Plan, Report
from conformance.cores.emulated.process_list import PROCESSES_FILE, SUPERVISOR, write_processes
from conformance.cores.emulated.processes import ProcessMark
from conformance.cores.emulated.supervisor import END_S
from conformance.vocabulary.errors import HarnessFault, TestbedDown

_READ = 65_536


class Supervision:
    """One supervisor from `start` to `end`, and the nodes as it has reported them last.

    Args:
        folder: where its log and the list of processes go.
    """

    def __init__(self, folder: Path) -> None:
        self.marks: dict[str, ProcessMark] = {}
        """Processes by node; the supervisor is one of them."""
        self.ready: set[str] = set()
        self.dead: dict[str, int] = {}
        """Exit status by node."""
        self.failure: tuple[str, int] | None = None
        """Why the supervisor could not do as it was told, and the exit status that says whose fault that is."""
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""

    @property
    def is_started(self) -> bool:
        """Whether it was started and not ended by us."""
        return self._process is not None

    @property
    def runs(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self, plan: Plan) -> None:
        """Start it; it starts the nodes of the plan."""
        with (self._folder / "supervisor.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", SUPERVISOR],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # so that Ctrl-C reaches the harness alone
            )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        if mark := ProcessMark.of(self._process.pid):
            self.marks["supervisor"] = mark
            self.write_processes()
        self._send(plan.model_dump_json())

    def write_processes(self) -> None:
        """Write down which processes there are, for who has to end them without us."""
        write_processes(self._folder, self.marks)

    def end(self) -> None:
        """End it and all nodes; return when every process is gone. Nothing where it was not started.

        Raises:
            HarnessFault: a process is still there.
        """
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()  # which means: end
        try:
            process.wait(END_S + 3)
        except subprocess.TimeoutExpired:
            process.kill()  # the kernel ends the nodes with it
            process.wait()
        process.stdout.close()
        deadline = time.monotonic() + 2
        left = [name for name, mark in self.marks.items() if not mark.wait_gone(deadline)]
        self.marks.clear()
        self.ready.clear()
        if left:
            raise HarnessFault(f"emulated core: {', '.join(left)} expected to be gone after SIGKILL, found running")
        (self._folder / PROCESSES_FILE).unlink(missing_ok=True)

    def forget(self) -> None:
        """Forget how nodes and supervisor ended; to be called between `end` and `start`."""
        self.dead.clear()
        self._rest = b""
        self.failure = None

    def order(self, command: Command) -> None:
        """Tell it what to do with a node.

        Raises:
            TestbedDown: it is not there.
        """
        self._send(command.model_dump_json())

    def until(self, reached: Callable[[], bool], deadline: float) -> bool:
        """Take its reports until something holds; False where it does not until the deadline.

        Args:
            reached: is asked after each report.
            deadline: monotonic clock, seconds.
        """
        self.pump()
        while not reached():
            left = deadline - time.monotonic()
            if left <= 0 or not self.pump(left):
                return reached()
        return True

    def pump(self, patience: float = 0.0) -> bool:
        """Take the reports that are there, waiting for the first one; False when there will be no more."""
        if self._process is None or self._process.stdout is None:
            return False
        descriptor = self._process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while selector.select(patience):
                received = os.read(descriptor, _READ)
                if not received:
                    self._collect()
                    return False
                *lines, self._rest = (self._rest + received).split(b"\n")
                for line in lines:
                    self._take(Report.model_validate_json(line))
                patience = 0.0
        return True

    def epitaph(self) -> str:
        """Say how it ended."""
        tail = " | ".join(last_lines(self._folder / "supervisor.log", 3))
        status = self._process.poll() if self._process is not None else None
        return f"the supervisor ended ({how_it_ended(status or 0)}): {tail or 'it wrote nothing'}"

    def _send(self, line: str) -> None:
        if self._process is None or self._process.stdin is None:
            raise TestbedDown("emulated core: the nodes are not up")
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise TestbedDown(f"emulated core: {self.epitaph()}") from None

    def _collect(self) -> None:
        """It closed its output: it ends, and its exit status says how."""
        if self._process is not None:
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _take(self, report: Report) -> None:
        match report.happening:
            case Happening.STARTED:
                if mark := ProcessMark.of(report.pid):
                    self.marks[report.node] = mark
            case Happening.READY:
                self.ready.add(report.node)
            case Happening.DIED:
                self.dead[report.node] = report.status
                self.ready.discard(report.node)
            case Happening.FAILED:
                self.failure = report.detail, report.status
