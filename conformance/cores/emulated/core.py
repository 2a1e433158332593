"""The emulated core as the harness sees it: up, down, check, and the nodes by name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from conformance.cores.emulated import quiet
from conformance.cores.emulated.exit_status import error_of, how_it_ended
from conformance.cores.emulated.hss import control_path as hss_control_path
from conformance.cores.emulated.hss_channel import HssChannel
from conformance.cores.emulated.log_lines import last_lines
from conformance.cores.emulated.node import has_channel, is_emulated
from conformance.cores.emulated.plan import Command, Order, Plan, log_file, node_folder
from conformance.cores.emulated.process_list import end_leftovers
from conformance.cores.emulated.readiness import all_serving, awaited
from conformance.cores.emulated.strictness import altered_kinds
from conformance.cores.emulated.supervision import Supervision
from conformance.cores.emulated.supervisor import END_S
from conformance.cores.kamailio.installed import require_programs
from conformance.federation import at_block, load_federation, rebase
from conformance.vocabulary.errors import BadInput, HarnessFault, TestbedDown
from conformance.vocabulary.federation import CoreKind, NodeKind, Strictness, Testbed
from conformance.vocabulary.identifiers import IpNetwork, uri_host

LOG_LINES = 10
"""How many of the last lines of a dead node's log are shown."""


class EmulatedCore:
    """All nodes of a federation, each a process of its own under one supervisor.

    Args:
        federation_file: the federation, as TOML.
        worker: number of the parallel worker; it decides the address block.
        folder: where logs, databases and the list of processes go.
        faults: names of faults by node, as `{"uc3m/s-cscf": {"no-service-route"}}`.
        core: what plays every IMS testbed; None: what the federation file says.
        modules: other modules for kinds of nodes, for tests of the core itself.
        block: where the federation lies; None: in the block of the worker.

    Raises:
        BadInput: the federation file is not accepted, or a fault names a node that there is not.
    """

    def __init__(
        self,
        federation_file: Path,
        worker: int,
        folder: Path,
        faults: Mapping[str, frozenset[str]] | None = None,
        *,
        core: CoreKind | None = None,
        modules: Mapping[NodeKind, str] | None = None,
        block: IpNetwork | None = None,
    ) -> None:
        self.folder = folder
        self._federation_file = federation_file
        self._namespaces: dict[str, str] = {}
        self._faults = dict(faults or {})
        self._modules = dict(modules or {})
        self._core = core
        federation = load_federation(federation_file)
        placed = rebase(federation, worker) if block is None else at_block(federation, block)
        self.federation = placed.played_by(core)
        self._nodes: dict[str, tuple[Testbed, NodeKind]] = {
            f"{testbed.name}/{kind}": (testbed, kind)
            for testbed in self.federation.testbeds.values()
            for kind in testbed.nodes
        }
        if unknown := sorted(set(self._faults) - set(self._nodes)):
            raise BadInput(f"fault for node {unknown[0]!r}: expected one of {', '.join(sorted(self._nodes))}")
        for name in sorted(self._faults):
            self._can_misbehave(name, self._faults[name])
        self._supervision = Supervision(folder)
        self._stopped: set[str] = set()
        self._shown: dict[str, frozenset[str]] = {}
        """Faults of nodes that were started with other ones than the plan's."""

    def up(self, namespace_of: Callable[[str], str] | None = None) -> None:
        """Start all nodes and return when each one serves, as seen from outside.

        Args:
            namespace_of: network namespace of a node; None: all live where we do. `restart` keeps to it.

        Raises:
            TestbedDown: one line with the node, what was awaited and its last log lines.
        """
        if self._supervision.is_started:
            raise HarnessFault("emulated core: up() was called twice")
        if namespace_of is not None:
            self._namespaces = {name: namespace_of(name) for name in self._nodes}
        if any(testbed.core is CoreKind.KAMAILIO for testbed in self.federation.testbeds.values()):
            require_programs()
        self.folder.mkdir(parents=True, exist_ok=True)
        end_leftovers(self.folder)
        for name in self._nodes:
            log_file(self.folder, name).unlink(missing_ok=True)
        deadline = time.monotonic() + self.federation.timers.ready_ms / 1000
        try:
            self._start_supervisor()
            self._await_ready(set(self._nodes), deadline)
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """End all nodes; return when every process is gone. May be called at any time.

        Raises:
            HarnessFault: a process is still there.
        """
        self._supervision.end()

    def restart(self) -> None:
        """Bring everything down and up again; what nodes keep in their folders stays."""
        self.down()
        self._supervision.forget()
        self._stopped.clear()
        self._shown.clear()
        self.up()

    def check(self) -> dict[str, list[str]]:
        """Return the nodes that are dead, with the last lines of their logs; empty when all is well.

        A node that was stopped on purpose by `stop_node` is dead too.
        """
        self._supervision.pump()
        dead = {name: self._epitaph(name) for name in self._supervision.dead}
        if not self._supervision.runs:
            for name in self._nodes:
                dead.setdefault(name, ["the supervisor of the nodes is not running", *self._last_lines(name)])
        return dead

    def pid(self, name: str) -> int:
        """Return the process id of a node: `pid("uc3m/s-cscf")`.

        Raises:
            BadInput: there is no such node.
            TestbedDown: it does not run.
        """
        self._known(name)
        self._supervision.pump()
        if name not in self._supervision.marks or name in self._supervision.dead:
            raise TestbedDown(f"{name} does not run: {'; '.join(self._epitaph(name)[:2])}")
        return self._supervision.marks[name].pid

    def stop_node(self, name: str, *, kill: bool = False) -> None:
        """Stop one node and return when it is gone.

        Args:
            name: `uc3m/hss`.
            kill: by SIGKILL; else by SIGTERM, and by SIGKILL where that does not help.

        Raises:
            BadInput: there is no such node.
            TestbedDown: it does not run.
            HarnessFault: it does not end.
        """
        self.pid(name)
        self._stopped.add(name)
        for order, patience in ((Order.KILL, END_S),) if kill else ((Order.STOP, END_S), (Order.KILL, END_S)):
            self._supervision.order(Command(order=order, node=name))
            if self._supervision.until(lambda: name in self._supervision.dead, time.monotonic() + patience):
                return
        raise HarnessFault(f"{name}: expected to end after SIGKILL within {END_S:g} s, found running")

    def start_node(self, name: str, faults: frozenset[str] | None = None) -> None:
        """Start a node that is dead, or that shows other faults, and return when it serves.

        Args:
            name: `uc3m/hss`.
            faults: what it shows from now on; None: the faults that the core was made with. A node that runs and
                shows just these is left alone; one that shows others is stopped first. What it keeps in its folder
                stays. With an HSS its CSCFs are awaited too, until they have found it again.

        Raises:
            BadInput: there is no such node.
            TestbedDown: it does not become ready.
        """
        self._known(name)
        self._supervision.pump()
        planned = self._faults.get(name, frozenset())
        wanted = planned if faults is None else faults
        self._can_misbehave(name, wanted)
        if name not in self._supervision.dead:
            if self._shown.get(name, planned) == wanted:
                return
            self.stop_node(name)
        del self._supervision.dead[name]
        self._stopped.discard(name)
        self._supervision.ready.discard(name)
        self._shown[name] = wanted
        self._supervision.order(Command(order=Order.START, node=name, faults=wanted))
        deadline = time.monotonic() + self.federation.timers.ready_ms / 1000
        self._await_ready({name}, deadline)
        testbed, kind = self._nodes[name]
        if kind is NodeKind.HSS:
            self._await_clients(testbed, deadline)

    def set_strictness(self, testbed: str, strictness: Strictness) -> None:
        """Let the core of a testbed take deviations in another way; return when its nodes serve.

        Its CSCFs, and its DNS where the zone differs, are started anew, so that they know no registration any more.
        Nothing happens where it is as wanted.

        Raises:
            BadInput: there is no such testbed, or its core is none of the harness.
            TestbedDown: a node does not become ready.
        """
        kinds = altered_kinds(self.federation, testbed, strictness)
        if not kinds:
            return
        self.federation = self.federation.taken({testbed: strictness})
        self._nodes = {name: (self.federation.testbeds[t.name], kind) for name, (t, kind) in self._nodes.items()}
        self._start_anew({f"{testbed}/{kind}" for kind in kinds}, strictness)

    def _start_anew(self, names: set[str], strictness: Strictness) -> None:
        """Stop nodes of a testbed and start them, all at the same time; each one shows the faults that it showed."""
        self._supervision.pump()
        alive = names - self._supervision.dead.keys()
        for name in alive:
            self._supervision.order(Command(order=Order.STOP, node=name))
        dead = self._supervision.dead.keys()
        if not self._supervision.until(lambda: alive <= dead, time.monotonic() + END_S):
            raise HarnessFault(f"{', '.join(sorted(alive - dead))}: expected to end after SIGTERM, found running")
        for name in sorted(names):
            del self._supervision.dead[name]
            self._stopped.discard(name)
            self._supervision.ready.discard(name)
            shown = self._shown.get(name, self._faults.get(name, frozenset()))
            self._supervision.order(Command(order=Order.START, node=name, faults=shown, strictness=strictness))
        self._await_ready(names, time.monotonic() + self.federation.timers.ready_ms / 1000)

    def settle(self, testbeds: Iterable[str]) -> bool:
        """Wait until no CSCF, presence server or XDMS of these testbeds has anything under way on the wire.

        Args:
            testbeds: names; nodes that are dead are passed over.

        Returns:
            False where a node was still busy after some seconds: something waits for an answer that does not come.
        """
        return asyncio.run(quiet.all_quiet(self._channels(testbeds, _settles).values()))

    def known_users(self, testbeds: Iterable[str]) -> dict[str, list[str]]:
        """Return whose registrations the CSCFs of these testbeds know.

        Args:
            testbeds: names; nodes that are dead are passed over.

        Returns:
            Default public user identities by node (`uc3m/s-cscf`), without the nodes that know nobody.

        Raises:
            TestbedDown: a node does not answer.
        """
        return asyncio.run(quiet.known_users(self._channels(testbeds, has_channel)))

    def _channels(self, testbeds: Iterable[str], asked: Callable[[Testbed, NodeKind], bool]) -> dict[str, Path]:
        self._supervision.pump()
        wanted = set(testbeds)
        return {
            name: quiet.control_path(self._folder_of(name))
            for name, (testbed, kind) in self._nodes.items()
            if testbed.name in wanted and asked(testbed, kind) and name not in self._supervision.dead
        }

    def hss(self, testbed: str) -> HssChannel:
        """Return what an operator has of the HSS of a testbed.

        Raises:
            BadInput: there is no such testbed, or it has no HSS.
            TestbedDown: it does not run.
        """
        name = f"{testbed}/{NodeKind.HSS}"
        self.pid(name)
        return HssChannel(name, hss_control_path(self._folder_of(name), testbed))

    def _folder_of(self, name: str) -> Path:
        return node_folder(self.folder, name)

    def _known(self, name: str) -> None:
        if name not in self._nodes:
            raise BadInput(f"node {name!r}: expected one of {', '.join(sorted(self._nodes))}")

    def _can_misbehave(self, name: str, faults: frozenset[str]) -> None:
        testbed, kind = self._nodes[name]
        if faults and not is_emulated(testbed, kind):
            raise BadInput(
                f"fault {min(faults)} for {name}: the node is played by core {testbed.core}, which shows no faults on "
                "purpose; expected a node of an emulated testbed, an HSS or an application server"
            )

    def _start_supervisor(self) -> None:
        plan = Plan(
            federation_file=self._federation_file.absolute(),
            block=self.federation.block,
            namespaces=self._namespaces,
            folder=self.folder.absolute(),
            faults=self._faults,
            core=self._core,
            modules=self._modules,
            strictness={name: one.strictness for name, one in self.federation.testbeds.items()},
        )
        self._supervision.start(plan)

    def _await_ready(self, names: set[str], deadline: float) -> None:
        """Wait until the nodes say that they are ready, then until they show it."""
        reported = self._supervision

        def settled() -> bool:
            return names <= reported.ready or bool(names & reported.dead.keys()) or reported.failure is not None

        self._supervision.until(settled, deadline)
        self._supervision.write_processes()
        self._raise_dead(names)
        if missing := sorted(names - self._supervision.ready):
            raise TestbedDown(
                f"{missing[0]}: expected that it reports ready within {self.federation.timers.ready_ms} ms"
                + self._log_tail(missing[0])
            )
        found = self._serving(names, deadline)
        self._raise_dead(names)
        for name in sorted(found):
            if (answer := found[name]) is not None:
                testbed, kind = self._nodes[name]
                node = testbed.node(kind)
                raise TestbedDown(
                    f"{name} at {uri_host(node.address)}:{node.port}: expected {awaited(kind)} within "
                    f"{self.federation.timers.ready_ms} ms, found: {answer}" + self._log_tail(name)
                )

    def _await_clients(self, testbed: Testbed, deadline: float) -> None:
        """Wait until the CSCFs have found their HSS again, as both ends see it.

        A client may not have noticed yet that its connection has ended, and takes itself for connected.
        """
        alive = self._nodes.keys() - self._supervision.dead.keys()
        kinds = [kind for kind in (NodeKind.ICSCF, NodeKind.SCSCF) if f"{testbed.name}/{kind}" in alive]
        hss = self.hss(testbed.name)
        while missing := hss.missing(testbed.fqdn(kind) for kind in kinds):
            if time.monotonic() >= deadline:
                raise TestbedDown(
                    f"{testbed.name}/{NodeKind.HSS}: expected that {', '.join(missing)} connects within "
                    f"{self.federation.timers.ready_ms} ms, found no connection"
                )
        self._await_ready({f"{testbed.name}/{kind}" for kind in kinds}, deadline)

    def _serving(self, names: set[str], deadline: float) -> dict[str, str | None]:
        def still_wanted() -> bool:
            self._supervision.pump()
            return not names & self._supervision.dead.keys() and time.monotonic() < deadline

        places: dict[str, list[str]] = {}
        for name in sorted(names):
            places.setdefault(self._namespaces.get(name, ""), []).append(name)
        return all_serving(
            {place: {name: self._nodes[name] for name in here} for place, here in places.items()}, still_wanted
        )

    def _raise_dead(self, names: set[str]) -> None:
        if (failure := self._supervision.failure) is not None:
            why, status = failure
            raise error_of(status)(why)
        if self._supervision.is_started and not self._supervision.runs:
            raise TestbedDown(f"emulated core: {self._supervision.epitaph()}")
        for name in sorted(names & self._supervision.dead.keys()):
            status = self._supervision.dead[name]
            raise error_of(status)(f"{name} died before it was ready ({how_it_ended(status)}){self._log_tail(name)}")

    def _epitaph(self, name: str) -> list[str]:
        if name not in self._supervision.dead:
            return self._last_lines(name)
        how = how_it_ended(self._supervision.dead[name])
        return [f"{how}, stopped on purpose" if name in self._stopped else how, *self._last_lines(name)]

    def _last_lines(self, name: str) -> list[str]:
        return last_lines(log_file(self.folder, name), LOG_LINES)

    def _log_tail(self, name: str) -> str:
        lines = self._last_lines(name)[-3:]
        return f"; its log ends: {' | '.join(lines)}" if lines else "; its log is empty"


def _settles(testbed: Testbed, kind: NodeKind) -> bool:
    """Tell whether a node may have work that outlives the answer which set it off."""
    return has_channel(testbed, kind) or kind in (NodeKind.PRESENCE, NodeKind.XDMS)
