"""Process that holds the nodes of an emulated federation: imports once, forks one process a node.

It never outlives its purpose: it ends all nodes when its standard input closes, and the kernel ends the nodes when
it is killed itself. So nothing is left behind, whatever happens to the run.
"""

from __future__ import annotations

import gc
import io
import logging
import os
import random
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from conformance.cores.emulated.node import NodeContext, NodeMain, module_of, node_main, run_node
from conformance.cores.emulated.plan import Command, Happening, Order, Plan, Report, log_file, node_folder
from conformance.cores.emulated.processes import die_with_parent, set_process_name
from conformance.fabric.netns import enter
from conformance.federation import at_block, load_federation
from conformance.vocabulary.errors import HarnessFault, NetlabError
from conformance.vocabulary.federation import NodeKind, Strictness

END_S = 2.0
"""How long nodes have to end after SIGTERM, in seconds; then SIGKILL."""

_READ = 65_536


@dataclass
class _Child:
    name: str
    pid: int
    ready: int
    """Descriptor on which the node tells that it can serve."""


class Supervisor:
    """The loop: commands, deaths and readiness, as they come.

    Args:
        plan: what to run.
        report: writes one line to the core.
    """

    def __init__(self, plan: Plan, report: Callable[[Report], None]) -> None:
        self._plan = plan
        self._report = report
        self._federation = at_block(load_federation(plan.federation_file), plan.block).played_by(plan.core)
        self._federation = self._federation.taken(plan.strictness)
        self._mains: dict[str, NodeMain] = {}
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._nodes = {
            f"{testbed.name}/{kind}": (testbed, kind)
            for testbed in self._federation.testbeds.values()
            for kind in testbed.nodes
        }
        if unknown := sorted(set(plan.faults) - set(self._nodes)):
            raise HarnessFault(f"faults for {unknown[0]}: expected one of {', '.join(sorted(self._nodes))}")

    def serve(self, stdin: int) -> None:
        """Start all nodes and serve until told to end.

        Args:
            stdin: descriptor of the commands.

        Raises:
            HarnessFault: a node's module is missing.
        """
        for module in {self._module(name) for name in self._nodes}:
            self._mains[module] = node_main(module)
        self._watch_children()
        gc.collect()
        gc.freeze()  # what is shared with the nodes stays shared
        # Servers first: who looks for them finds them at the first attempt.
        order = [NodeKind.DNS, NodeKind.HSS]
        for name in sorted(self._nodes, key=lambda name: self._nodes[name][1] not in order):
            self._start(name, self._plan.faults.get(name, frozenset()))
        self._selector.register(stdin, selectors.EVENT_READ)
        rest = b""
        while True:
            for key, _ in self._selector.select():
                if key.fd != stdin:
                    self._take(key.fd)
                    continue
                received = os.read(stdin, _READ)
                *lines, rest = (rest + received).split(b"\n")
                if not received or not all(self._obey(Command.model_validate_json(line)) for line in lines):
                    return

    def end(self) -> None:
        """End all nodes; return when none is left."""
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + END_S
        while self._children and (left := deadline - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                self._take(key.fd)
        self._signal_all(signal.SIGKILL)
        while self._children:
            self._collect(0)

    def _obey(self, command: Command) -> bool:
        if command.order is Order.END:
            return False
        child = next((child for child in self._children.values() if child.name == command.node), None)
        if command.order is Order.START:
            if child is None and command.node in self._nodes:
                if command.strictness is not None:
                    self._take_as({self._nodes[command.node][0].name: command.strictness})
                planned = self._plan.faults.get(command.node, frozenset())
                self._start(command.node, planned if command.faults is None else command.faults)
        elif child is not None:
            # Not yet collected, so the id is still that of our child.
            os.kill(child.pid, signal.SIGTERM if command.order is Order.STOP else signal.SIGKILL)
        return True

    def _take_as(self, strictness: Mapping[str, Strictness]) -> None:
        """Let every node that is started from now on know of another strictness."""
        self._federation = self._federation.taken(strictness)
        self._nodes = {
            name: (self._federation.testbeds[testbed.name], kind) for name, (testbed, kind) in self._nodes.items()
        }

    def _module(self, name: str) -> str:
        testbed, kind = self._nodes[name]
        return self._plan.modules.get(kind) or module_of(testbed, kind)

    def _watch_children(self) -> None:
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writer.fileno())
        self._wakeup = (reader, writer)
        self._selector.register(reader.fileno(), selectors.EVENT_READ)

    def _take(self, descriptor: int) -> None:
        if descriptor == self._wakeup[0].fileno():
            self._wakeup[0].recv(_READ)
            self._collect(os.WNOHANG)
            return
        child = next((child for child in self._children.values() if child.ready == descriptor), None)
        if child is None:
            return  # its end was seen in the same turn
        try:
            told = os.read(descriptor, 1)
        except BlockingIOError:
            return  # the descriptor was another child's when the selector looked
        if told:
            self._report(Report(happening=Happening.READY, node=child.name, pid=child.pid))
        self._no_more_ready(child)

    def _collect(self, options: int) -> None:
        while self._children:
            try:
                pid, status = os.waitpid(-1, options)
            except InterruptedError:
                continue
            if pid == 0:
                return
            child = self._children.pop(pid, None)
            if child is None:
                continue
            self._no_more_ready(child)
            code = os.waitstatus_to_exitcode(status)
            self._report(Report(happening=Happening.DIED, node=child.name, pid=pid, status=code))

    def _no_more_ready(self, child: _Child) -> None:
        if child.ready >= 0:
            self._selector.unregister(child.ready)
            os.close(child.ready)
            child.ready = -1

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in self._children:
            os.kill(pid, number)

    def _start(self, name: str, faults: frozenset[str]) -> None:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            status = int(HarnessFault.exit_code)
            try:
                die_with_parent(parent)
                os.close(reading)
                status = self._become(name, writing, faults)
            finally:
                # Never back into the supervisor's loop, whatever happened.
                logging.shutdown()
                os._exit(status)
        os.close(writing)
        self._children[pid] = _Child(name, pid, reading)
        self._selector.register(reading, selectors.EVENT_READ)
        self._report(Report(happening=Happening.STARTED, node=name, pid=pid))

    def _become(self, name: str, ready: int, faults: frozenset[str]) -> int:
        """Be the node: own log, own randomness, nothing of the supervisor's descriptors."""
        testbed, kind = self._nodes[name]
        enter(self._plan.namespaces.get(name, ""))
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        output = os.open(log_file(self._plan.folder, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        moved = os.dup2(ready, 3) if ready != 3 else 3
        os.closerange(4, 256)
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)  # else the last words of a node that dies are lost
        set_process_name(f"{testbed.name[:8]}/{kind}")
        random.seed()
        logging.basicConfig(
            stream=sys.stderr,
            level=logging.INFO,
            format="%(asctime)s.%(msecs)03d %(levelname)s %(name)s: %(message)s",
            datefmt="%H:%M:%S",
            force=True,
        )
        folder = node_folder(self._plan.folder, name)
        folder.mkdir(parents=True, exist_ok=True)

        def can_serve() -> None:
            nonlocal moved
            if moved >= 0:
                os.write(moved, b"+")
                os.close(moved)
                moved = -1

        context = NodeContext(
            federation=self._federation,
            testbed=testbed,
            kind=kind,
            folder=folder,
            log=logging.getLogger(name),
            faults=faults,
            ready=can_serve,
        )
        return run_node(self._mains[self._module(name)], context)


def main() -> int:
    """Run the supervisor: plan and commands on standard input, reports on standard output.

    Returns:
        Exit status: 0 after an orderly end, else that of the error, which was reported.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the harness's affair
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)

    def report(line: Report) -> None:
        os.write(1, line.model_dump_json().encode() + b"\n")

    try:
        plan = Plan.model_validate_json(_first_line())
        supervisor = Supervisor(plan, report)
        try:
            supervisor.serve(0)
        finally:
            supervisor.end()
    except NetlabError as error:
        report(Report(happening=Happening.FAILED, status=error.exit_code, detail=str(error)))
        return error.exit_code
    except ValidationError as error:
        report(Report(happening=Happening.FAILED, status=HarnessFault.exit_code, detail=repr(str(error)[:500])))
        return HarnessFault.exit_code
    return 0


def _first_line() -> bytes:
    """Read one line without taking anything of what follows it."""
    line = bytearray()
    while (octet := os.read(0, 1)) not in (b"\n", b""):
        line += octet
    return bytes(line)


if __name__ == "__main__":
    sys.exit(main())
