"""The bench: a federation that is up, with a sniffer at every observation point.

One bench a worker. It is brought up when the first cell needs it and taken down at the end; in between it
says before and after each cell whether the testbeds of that cell are still alive.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from ipaddress import IPv4Address
from pathlib import Path

from conformance.capture import Sniffers, loopback_points
from conformance.cores.emulated.core import EmulatedCore
from conformance.cores.emulated.plan import log_file
from conformance.faults.catalogue import TERMINAL
from conformance.federation import load_federation, rebase
from conformance.runs.plan import BenchPlan
from conformance.stack.tunnel import Tunnel
from conformance.trace.decode import require_tshark
from conformance.trace.decoder import Decoder
from conformance.vocabulary.errors import BadInput, TestbedDown
from conformance.vocabulary.federation import Federation, NodeKind, Testbed

SPOOL = "spool"
NODES = "nodes"


class Bench:
    """A federation on the loopback fabric, up and captured.

    Args:
        plan: what to bring up.
        folder: the run's folder; node logs go below `nodes`, unfinished captures below `spool`.

    Raises:
        BadInput: the federation file is wrong.
        TestbedDown, NotPermitted: from `start`, one line each.
    """

    def __init__(self, plan: BenchPlan, folder: Path) -> None:
        self.plan = plan
        self.federation: Federation = rebase(load_federation(plan.federation_file), plan.worker).played_by(plan.core)
        if not self.federation.block.is_loopback:
            raise BadInput(
                f"{plan.federation_file}: block: found {self.federation.block}, expected one inside 127.0.0.0/8: "
                "the loopback fabric keeps every packet on this machine"
            )
        self.folder = folder
        nodes = folder / NODES / f"worker-{plan.worker}"
        self._spool = folder / SPOOL / f"worker-{plan.worker}"
        self._addresses = {name: _hosts(testbed) for name, testbed in self.federation.testbeds.items()}
        node_faults = {key: names for key, names in plan.faults.items() if key != TERMINAL}
        self.core = EmulatedCore(plan.federation_file, plan.worker, nodes, node_faults, core=plan.core)
        self.sniffers = Sniffers(loopback_points(self.federation), plan.capture_backend, self._spool)
        self.decoder = Decoder()
        self._running = ExitStack()

    def start(self) -> None:
        """Bring the testbeds up, then the sniffers; return when nodes answer and every sniffer has seen a packet."""
        require_tshark()  # before anything is driven: without it nothing can be judged
        with ExitStack() as starting:
            starting.callback(_remove_spool, self._spool)
            starting.callback(remove_databases, self.core.folder)
            starting.callback(self.core.down)
            self.core.up()
            starting.callback(self.sniffers.stop)
            self.sniffers.start()
            starting.callback(self.decoder.close)
            self.decoder.prepare()
            self._running = starting.pop_all()

    def stop(self) -> None:
        """End every process and sniffer that `start` began."""
        self._running.close()

    def dead_nodes(self, nodes: frozenset[str]) -> dict[str, list[str]]:
        """Return those of these nodes (`testbed/kind`) that died, with their last log lines."""
        return {name: log for name, log in self.core.check().items() if name in nodes}

    def require_alive(self, nodes: frozenset[str]) -> None:
        """Raise TestbedDown where one of these nodes has died."""
        dead = self.dead_nodes(nodes)
        if dead:
            raise TestbedDown(
                f"{', '.join(dead)}: the node is down, so nothing can be said about this cell; "
                f"its log is in {self.folder / NODES}"
            )

    def settle(self, testbeds: set[str]) -> None:
        """Wait until nothing is on its way between the nodes of these testbeds.

        A node that waits for an answer which does not come is left to itself after some seconds: the silence of
        another one may be what the cell is about. A node that just died is told of by `dead_nodes`.
        """
        with suppress(TestbedDown):
            self.core.settle(testbeds)

    def forget_users(self, testbeds: set[str]) -> list[str]:
        """Make sure that no node of these testbeds knows a registration, so that a cell takes nothing from another.

        A CSCF that still knows one is started anew.

        Returns:
            One sentence for each such node; none where every terminal was deregistered as it should.
        """
        told = []
        with suppress(TestbedDown):  # a node that just died is told of by `dead_nodes`
            for name, users in self.core.known_users(testbeds).items():
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

    def lease_address(self, testbed: str) -> IPv4Address:
        """Return the next address of the testbed's first access network, so that no two terminals share one."""
        return next(self._addresses[testbed])

    def tunnel(self, visited: str, home_address: IPv4Address) -> Tunnel:
        """Return the tunnel that carries a terminal's packets from a visited network; it leases an address there.

        Args:
            visited: testbed that the terminal is in; KeyError where it has no gateway.
            home_address: address of the terminal in its home network.
        """
        gateway = self.federation.testbeds[visited].node(NodeKind.GATEWAY)
        return Tunnel(
            local_address=str(self.lease_address(visited)),
            gateway=(str(gateway.address), gateway.port),
            ids=self.federation.tunnel_ids(home_address),
        )


def remove_databases(nodes: Path) -> None:
    """Remove what nodes kept while they ran; their logs stay. An HSS keeps subscribers' keys, which outlive no run."""
    for folder in nodes.iterdir() if nodes.is_dir() else ():
        if folder.is_dir():
            shutil.rmtree(folder)


def _remove_spool(spool: Path) -> None:
    """Remove a worker's spool, and with the last one the folder of all: it marks a run that did not end in order."""
    shutil.rmtree(spool, ignore_errors=True)
    with suppress(OSError):  # another worker still has its own
        spool.parent.rmdir()


def _hosts(testbed: Testbed) -> Iterator[IPv4Address]:
    """Yield the pool's addresses in turn, for ever; the network and broadcast addresses are left out."""
    return itertools.cycle(list(testbed.access_networks[0].pool.hosts()))
