"""The bench: a federation that is up, with a sniffer at every observation point.

One bench a worker. It is brought up when the first cell needs it and taken down at the end; in between it
says before and after each cell whether the testbeds of that cell are still alive.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from conformance.capture import Sniffers
from conformance.capture.key_logs import KeyLogs
from conformance.cores.emulated.core import EmulatedCore
from conformance.cores.emulated.plan import KEY_LOG, log_file, node_folder
from conformance.fabric.fabric import ALL, Attachment, Fabric, Share
from conformance.fabric.loopback import Loopback
from conformance.faults.catalogue import TERMINAL
from conformance.federation import load_federation
from conformance.runs.deadline import usual_deadline_s
from conformance.runs.driving import foremost
from conformance.runs.folder import NODES, SPOOL, VPN
from conformance.runs.held import SHARES, HeldCore, held_fabric
from conformance.runs.leases import Lease, Leases
from conformance.runs.plan import BenchPlan, FabricName
from conformance.trace.decode import require_tshark
from conformance.trace.decoder import Decoder
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import Federation, NodeKind, Strictness


class DeadNodes(TestbedDown):
    """Nodes that a cell needs are dead, and nobody has told of them yet.

    Args:
        text: one line for a person.
        logs: last log lines of each, by `testbed/kind`.
    """

    def __init__(self, text: str, logs: dict[str, list[str]]) -> None:
        super().__init__(text)
        self.logs = logs


class NotRun(TestbedDown):
    """All dead nodes that a cell needs were found dead in an earlier cell, which has their logs.

    Args:
        text: one line for a person.
        first: name of that cell.
    """

    def __init__(self, text: str, first: str) -> None:
        super().__init__(text)
        self.first = first


class Bench:
    """A federation on a fabric, up and captured.

    Args:
        plan: what to bring up.
        folder: the run's folder; node logs go below `nodes`, unfinished captures below `spool`.

    Raises:
        BadInput: the federation file is wrong.
        TestbedDown, NotPermitted: from `start`, one line each.
    """

    def __init__(self, plan: BenchPlan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        nodes = folder / NODES / f"worker-{plan.worker}"
        self._spool = folder / SPOOL / f"worker-{plan.worker}"
        self._leases = Leases(plan.leases, folder.name) if plan.leases is not None else None
        self._place = Lease()
        share = ALL
        if plan.standing is not None and self._leases is not None:
            number, self._place = self._leases.take_one(f"terminals.{number}" for number in range(SHARES))
            share = Share(number, SHARES)
        self.fabric = make_fabric(plan, nodes, share)
        self.federation: Federation = self.fabric.federation
        self.core = make_core(plan, self.fabric, nodes)
        self.decoder = Decoder()
        self._running = ExitStack()
        self._told_dead: dict[str, str] = {}
        """Dead nodes, by the first cell whose result tells of them."""

    def start(self) -> None:
        """Bring the testbeds up, then the sniffers; return when nodes answer and every sniffer has seen a packet."""
        require_tshark()  # before anything is driven: without it nothing can be judged
        with ExitStack() as starting:
            starting.callback(self._place.release)
            starting.callback(_remove_spool, self._spool)
            if not self.is_shared:
                starting.callback(remove_databases, self.core.folder)
            with foremost():  # nodes and sniffers, but not the decoder
                starting.callback(self.fabric.down)
                self.fabric.up()
                starting.callback(self.core.down)
                self.core.up(self.fabric.namespace_of)
                self.sniffers = Sniffers(
                    self.fabric.points(), self.plan.capture_backend, self._spool, KeyLogs(self.key_logs)
                )
                starting.callback(self.sniffers.stop)
                self.sniffers.start()
            starting.callback(self.decoder.close)
            self.decoder.prepare()
            self._running = starting.pop_all()

    @property
    def is_shared(self) -> bool:
        """Whether somebody else holds the testbeds, and others may use them."""
        return self.plan.standing is not None

    def lease(self, subscribers: Iterable[tuple[str, str]], cell: str) -> Lease:
        """Return when these subscribers are ours alone: at once where nobody else has these testbeds.

        Args:
            subscribers: testbed and name of each.
            cell: that wants them.

        Raises:
            InUse: somebody has one for longer than a cell may take; the text says who.
        """
        if self._leases is None:
            return Lease()
        patience_s = usual_deadline_s(self.federation.timers)
        return self._leases.take((self._user(*one) for one in subscribers), cell, patience_s)

    def _user(self, testbed: str, subscriber: str) -> str:
        """Return the name under which a subscriber is leased: all devices of a user have the same."""
        known = self.federation.testbeds[testbed].subscribers
        impus = next((one.impus for one in known if one.name == subscriber), None)
        first = next((one.name for one in known if one.impus == impus), subscriber)
        return f"{testbed}.{first}"

    def stop(self) -> None:
        """End every process and sniffer that `start` began."""
        self._running.close()

    def dead_nodes(self, nodes: frozenset[str]) -> dict[str, list[str]]:
        """Return those of these nodes (`testbed/kind`, `vpn hub`, `vpn testbed`) that died, with their last log lines.

        A node that lives again has not been told of.
        """
        dead = self.core.check() | self.fabric.dead_vpn()
        self._told_dead = {name: cell for name, cell in self._told_dead.items() if name in dead}
        return {name: log for name, log in dead.items() if name in nodes}

    def tell_dead(self, nodes: Iterable[str], cell: str) -> None:
        """Note that the result of a cell tells of these dead nodes."""
        for name in nodes:
            self._told_dead.setdefault(name, cell)

    def require_alive(self, nodes: frozenset[str], cell: str) -> None:
        """Raise where one of the nodes that a cell needs has died.

        Args:
            nodes: what it needs.
            cell: its name; from now on it is the one that tells of them.

        Raises:
            DeadNodes: nobody has told of one of them.
            NotRun: an earlier cell has told of all.
        """
        self.fabric.keep_points()  # a marker opens the capture of a cell at every point
        dead = self.dead_nodes(nodes)
        if not dead:
            return
        if news := [name for name in dead if name not in self._told_dead]:
            self.tell_dead(news, cell)
            raise DeadNodes(
                f"{', '.join(dead)}: the node is down, so nothing can be said about this cell; "
                f"its log is in {self.folder / NODES}",
                dead,
            )
        first = self._told_dead[next(iter(dead))]
        raise NotRun(f"{', '.join(dead)} went down before: {first} tells of it and has the log", first)

    def set_strictness(self, testbed: str, strictness: Strictness) -> None:
        """Let the emulated core of a testbed take deviations in another way; see `EmulatedCore.set_strictness`.

        It stays so until somebody says otherwise: see `use_strictness`.
        """
        self.core.set_strictness(testbed, strictness)

    def use_strictness(self, wanted: Mapping[str, Strictness]) -> None:
        """Give every testbed the strictness that a cell wants, and all others that of the federation file.

        Args:
            wanted: by testbed.

        Raises:
            BadInput: one of these testbeds cannot be told.
            TestbedDown: a node does not become ready.
        """
        said = {name: testbed.strictness for name, testbed in self.federation.testbeds.items()}
        for name, strictness in {**said, **wanted}.items():
            if self.core.federation.testbeds[name].strictness is not strictness:
                self.set_strictness(name, strictness)

    def settle(self, testbeds: set[str]) -> None:
        """Wait until nothing is on its way between the nodes of these testbeds.

        A node that waits for an answer which does not come is left to itself after some seconds: the silence of
        another one may be what the cell is about. A node that just died is told of by `dead_nodes`.
        """
        with suppress(TestbedDown):
            self.core.settle(testbeds)
        self.fabric.keep_points()  # a marker will close the capture of the cell at every point

    def forget_users(self, testbeds: set[str], ours: Collection[str] = ()) -> list[str]:
        """Make sure that no node of these testbeds knows a registration, so that a cell takes nothing from another.

        A CSCF that still knows one is started anew. Where others use it, too, it is told of and left alone.

        Args:
            testbeds: names.
            ours: public user identities of the cell: others may be known where others use the testbeds.

        Returns:
            One sentence for each such node; none where every terminal was deregistered as it should.
        """
        told = []
        with suppress(TestbedDown):  # a node that just died is told of by `dead_nodes`
            for name, users in self.core.known_users(testbeds).items():
                if self.is_shared:
                    if mine := sorted(set(users) & set(ours)):
                        told.append(f"{name} still knows {', '.join(mine)} after the cell, and others use it")
                    continue
                told.append(f"{name} still knew {', '.join(users)} after the cell and was started anew")
                self.core.stop_node(name)
                self.core.start_node(name)
        return told

    def logs(self, testbeds: set[str]) -> list[Path]:
        """Return the log files of all nodes of these testbeds."""
        return [
            log_file(self.core.folder, f"{name}/{kind}")
            for name in sorted(testbeds)
            for kind in self.federation.testbeds[name].nodes
        ]

    def key_logs(self) -> list[Path]:
        """Return where nodes note the secrets of TLS connections."""
        return [
            node_folder(self.core.folder, f"{name}/{NodeKind.XDMS}") / KEY_LOG
            for name, testbed in self.federation.testbeds.items()
            if NodeKind.XDMS in testbed.nodes
        ]

    def attach(self, visited: str, home: str | None = None) -> Attachment:
        """Attach a terminal to an access network; see `Fabric.attach`."""
        return self.fabric.attach(visited, home)


def make_fabric(plan: BenchPlan, folder: Path, share: Share = ALL) -> Fabric:
    """Return the fabric of a plan, which is not up yet.

    Args:
        plan: what to bring up.
        folder: of the nodes; what the fabric itself writes goes below `vpn`.
        share: of the terminals' addresses, where testbeds that stand are shared.
    """
    if plan.standing is not None:
        return held_fabric(plan.standing, share)
    federation = load_federation(plan.federation_file).played_by(plan.core)
    if plan.fabric is FabricName.LOOPBACK:
        return Loopback(federation, plan.worker)
    # Imported where used: pyroute2 costs a tenth of a second.
    from conformance.fabric.namespaces import Namespaces

    return Namespaces(federation, folder / VPN)


def make_core(plan: BenchPlan, fabric: Fabric, folder: Path) -> EmulatedCore:
    """Return the core of a plan, which is not up yet; its nodes have the addresses that the fabric gave them."""
    if plan.standing is not None:
        return HeldCore(plan.standing, fabric.federation.block)
    node_faults = {key: names for key, names in plan.faults.items() if key != TERMINAL}
    return EmulatedCore(
        plan.federation_file, plan.worker, folder, node_faults, core=plan.core, block=fabric.federation.block
    )


def remove_databases(nodes: Path) -> None:
    """Remove what nodes kept while they ran; their logs stay. An HSS keeps subscribers' keys, which outlive no run."""
    for folder in nodes.iterdir() if nodes.is_dir() else ():
        if folder.is_dir() and folder.name != VPN:
            shutil.rmtree(folder)


def _remove_spool(spool: Path) -> None:
    """Remove a worker's spool, and with the last one the folder of all: it marks a run that did not end in order."""
    shutil.rmtree(spool, ignore_errors=True)
    with suppress(OSError):  # another worker still has its own
        spool.parent.rmdir()
