"""How long a lab and the testbeds in it take to come and to go, many times in a row, and that nothing is left.

    python -m benchmarks.lab [--rounds 100] [--no-write]

Run as root: it moves into a network namespace of its own, where nobody has the addresses of the loopback fabric. The
peer is a shell script of `ip netns` and `ip link` that makes the same namespaces, cables, addresses and routes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process_tree import descendants
from benchmarks.results_file import machine, write_section
from conformance.fabric import registry
from conformance.fabric.hosts import ETHERNET
from conformance.fabric.layout import CORE_BRIDGE, HUB, OUTER, Layout, layout, node_host, placed
from conformance.fabric.namespaces import Namespaces
from conformance.fabric.netns import named
from conformance.federation import default_federation_path, load_federation
from conformance.runs.bench import make_core, make_fabric
from conformance.runs.plan import BenchPlan, FabricName
from conformance.vocabulary.federation import CoreKind, Federation, Interconnect

Step = Callable[[], None]
PEER = "peer-"
"""How the peer's namespaces begin: not like ours, which whoever makes a lab takes away where no lab has them."""
_PEER_S = 120


@dataclass(frozen=True)
class Measured:
    """One kind of thing that came and went, in milliseconds a round."""

    what: str
    up: list[float]
    down: list[float]

    @property
    def row(self) -> str:
        """Median, quartiles and the worst of each."""
        return (
            f"| {self.what} | {_spread(self.up)} | {max(self.up):.0f} | {_spread(self.down)} | {max(self.down):.0f} |"
        )


def _spread(values: Sequence[float]) -> str:
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.0f} ({low:.0f} to {high:.0f})"


def measure(what: str, rounds: int, make: Callable[[Path], tuple[Step, Step]], folder: Path) -> Measured:
    """Bring something up and take it down again, so many times in a row.

    Args:
        what: for the table.
        rounds: how many times.
        make: returns what brings it up and what takes it down, given a folder of its own.
        folder: where these folders are.
    """
    ups, downs = [], []
    for number in range(rounds):
        up, down = make(folder / f"{len(what)}-{number}")
        try:
            ups.append(_timed(up))
        finally:
            downs.append(_timed(down))
    return Measured(what, ups, downs)


def _timed(step: Step) -> float:
    start = time.perf_counter()
    step()
    return (time.perf_counter() - start) * 1000


def up_and_down(fabric: FabricName, kind: CoreKind | None = None) -> Callable[[Path], tuple[Step, Step]]:
    """Return what makes the testbeds of the default federation on a fabric, played by a core."""

    def make(folder: Path) -> tuple[Step, Step]:
        plan = BenchPlan(default_federation_path(), 0, "none", core=kind, fabric=fabric)
        joined = make_fabric(plan, folder)
        core = make_core(plan, joined, folder)

        def up() -> None:
            joined.up()
            core.up(joined.namespace_of)

        def down() -> None:
            core.down()
            joined.down()

        return up, down

    return make


def _federation(interconnect: Interconnect) -> Federation:
    return load_federation(default_federation_path()).model_copy(update={"interconnect": interconnect})


def lab_alone(interconnect: Interconnect) -> Callable[[Path], tuple[Step, Step]]:
    """Return what makes a lab in which no node runs."""

    def make(folder: Path) -> tuple[Step, Step]:
        fabric = Namespaces(_federation(interconnect), folder)
        return fabric.up, fabric.down

    return make


def peer(plan: Layout) -> Callable[[Path], tuple[Step, Step]]:
    """Return what makes the same namespaces by a shell script."""
    words = "\n".join(["set -e", *_script(plan)])
    away = "\n".join(f"ip netns del {PEER}{host}" for host in plan.hosts())

    def make(folder: Path) -> tuple[Step, Step]:
        def run(script: str) -> Step:
            def step() -> None:
                subprocess.run(["sh", "-c", script], check=True, timeout=_PEER_S)

            return step

        return run(words), run(away)

    return make


def _script(plan: Layout) -> Iterator[str]:
    """Yield the commands: what `Namespaces` makes where partners are routed, one `ip` each."""
    for host in plan.hosts():
        settings = "net.ipv6.conf.all.disable_ipv6=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0"
        yield f"ip netns add {PEER}{host}"
        yield f"ip -n {PEER}{host} link set lo up"
        yield f"ip netns exec {PEER}{host} sysctl -qw {settings}"
    yield from _bridge(HUB, "under0", f"{plan.hub_outer}")
    for number, partner in enumerate(plan.partners):
        gateway = f"{PEER}{partner.gateway}"
        yield from _cable(partner.gateway, OUTER, HUB, f"p{number}", "under0")
        yield f"ip -n {gateway} addr add {partner.outer} dev {OUTER}"
        yield from _bridge(partner.gateway, CORE_BRIDGE, f"{partner.router}/{partner.core.prefixlen}")
        for access in partner.access:
            yield from _bridge(partner.gateway, access.bridge, f"{access.router}/{access.pool.prefixlen}")
        yield f"ip netns exec {gateway} sysctl -qw net.ipv4.ip_forward=1"
        for kind, node in partner.testbed.nodes.items():
            host = node_host(partner.name, kind)
            yield from _cable(host, ETHERNET, partner.gateway, f"n-{kind}", CORE_BRIDGE)
            yield f"ip -n {PEER}{host} addr add {node.address}/{partner.core.prefixlen} dev {ETHERNET}"
            yield f"ip -n {PEER}{host} route add default via {partner.router}"
    for partner in plan.partners:
        for other in plan.partners:
            for network in other.networks if other is not partner else ():
                yield f"ip -n {PEER}{partner.gateway} route add {network} via {other.outer.ip}"


def _bridge(host: str, name: str, address: str) -> Iterator[str]:
    yield f"ip -n {PEER}{host} link add {name} type bridge"
    yield f"ip -n {PEER}{host} link set {name} up"
    yield f"ip -n {PEER}{host} addr add {address} dev {name}"


def _cable(host: str, own: str, other: str, theirs: str, bridge: str) -> Iterator[str]:
    yield f"ip -n {PEER}{host} link add {own} type veth peer name {theirs} netns {PEER}{other}"
    yield f"ip -n {PEER}{host} link set {own} up"
    yield f"ip -n {PEER}{other} link set {theirs} master {bridge} up"


@dataclass(frozen=True)
class Left:
    """What is there now of all that could be left: compared before and after."""

    processes: int
    descriptors: int
    labs: frozenset[str]
    namespaces: frozenset[str]

    @classmethod
    def now(cls) -> Left:
        """Count: our descendants and descriptors; labs and namespaces of this machine."""
        return cls(
            processes=len(descendants(os.getpid())),
            descriptors=len(list(Path("/proc/self/fd").iterdir())),
            labs=frozenset(registry.known()),
            namespaces=frozenset(named("")),
        )

    def more_than(self, before: Left, own: frozenset[str]) -> list[str]:
        """Return what is there that was not before; `own` are the ids of our labs: others may come and go meanwhile."""
        found = []
        if self.processes > before.processes:
            found.append(f"{self.processes - before.processes} processes")
        if self.descriptors > before.descriptors:
            found.append(f"{self.descriptors - before.descriptors} descriptors")
        found += sorted(f"lab {lab}" for lab in self.labs & own)
        found += sorted(name for name in self.namespaces if name.startswith(PEER) or set(name.split("-")) & own)
        return found


def run(rounds: int, folder: Path) -> tuple[list[str], list[str]]:
    """Measure everything; return the lines of the section and what was left."""
    plan = layout(placed(_federation(Interconnect.ROUTED)))
    claimed: set[str] = set()
    claim = registry.claim

    def noted() -> str:
        lab = claim()
        claimed.add(lab)
        return lab

    registry.claim = noted
    # Once to import, and to make the keys of the VPN.
    for fabric in FabricName:
        measure("first", 1, up_and_down(fabric), folder)
    before = Left.now()
    found = [
        measure("testbeds, fabric loopback", rounds, up_and_down(FabricName.LOOPBACK), folder),
        measure("testbeds, fabric namespaces with VPN", rounds, up_and_down(FabricName.NAMESPACES), folder),
        measure(
            "testbeds on Kamailio, BIND and MariaDB, the same fabric",
            rounds,
            up_and_down(FabricName.NAMESPACES, CoreKind.KAMAILIO),
            folder,
        ),
        measure("lab with VPN, no node", rounds, lab_alone(Interconnect.VPN), folder),
        measure("lab without VPN, no node", rounds, lab_alone(Interconnect.ROUTED), folder),
    ]
    left = Left.now().more_than(before, frozenset(claimed))
    shell = measure("`ip netns` and shell: the same lab without VPN", max(2, rounds // 10), peer(plan), folder)
    ratios = [
        statistics.median(ours) / statistics.median(theirs)
        for ours, theirs in ((found[-1].up, shell.up), (found[-1].down, shell.down))
    ]
    hosts = len(list(plan.hosts()))
    lines = [
        "| what | up, ms: median (quartiles) | worst | down, ms | worst |",
        "|---|---:|---:|---:|---:|",
        *(measured.row for measured in [*found, shell]),
        "",
        f"A lab has {hosts} namespaces. Ratio to `ip netns` and shell: up {ratios[0]:.2f}, down {ratios[1]:.2f}.",
        "",
        f"After {rounds} rounds of each there was left (processes, descriptors, labs, namespaces): "
        f"{', '.join(left) or 'nothing'}.",
        "",
        f"Load average of the machine at that time, this benchmark included: {os.getloadavg()[0]:.1f}.",
    ]
    return lines, left


def main() -> int:
    """Measure, print the table, write the section; return 1 where something is left."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lab", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=100, help="how many times in a row (default: 100)")
    parser.add_argument("--no-write", action="store_true", help="print only, leave RESULTS.md alone")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        again = [sys.executable, "-m", "benchmarks.lab", *sys.argv[1:], "--inside"]
        return subprocess.run(["unshare", "--net", *again], check=False).returncode
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=20)
    folder = Path(tempfile.mkdtemp(prefix="netlab-benchmark-"))
    try:
        lines, left = run(max(2, options.rounds), folder)
    finally:
        shutil.rmtree(folder)
    print("\n".join(lines))
    if not options.no_write:
        write_section(
            "What a lab takes to come and go",
            f"`python -m benchmarks.lab`: the emulated federation, {options.rounds} rounds one after the other. "
            f"{machine()}.\n\n" + "\n".join(lines),
        )
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
