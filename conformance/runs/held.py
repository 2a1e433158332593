"""Core and fabric of a run whose testbeds stand already: another process holds them, and others may use them, too.

Nodes are asked over their control channels, as those of a core of our own are. None is started, stopped or altered:
that would be a mishap for whoever else is there.
"""

from __future__ import annotations

from collections.abc import Callable

from conformance.cores.emulated.core import LOG_LINES, EmulatedCore
from conformance.cores.emulated.log_lines import last_lines
from conformance.fabric.fabric import Fabric, Share
from conformance.fabric.loopback import Loopback
from conformance.fabric.netns import PREFIX
from conformance.federation import load_federation
from conformance.runs.folder import NODES
from conformance.runs.plan import FabricName
from conformance.runs.standing import Running, Standing
from conformance.vocabulary.errors import BadInput, TestbedDown
from conformance.vocabulary.federation import Strictness
from conformance.vocabulary.identifiers import IpNetwork

SHARES = 8
"""So many runs and workers can use the same testbeds at a time: each has addresses for its terminals."""


def held_fabric(standing: Standing, share: Share) -> Fabric:
    """Return the fabric of testbeds that stand, for those terminals that have our share of the addresses.

    Raises:
        BadInput: the federation file is no longer what it was.
    """
    assert standing.federation_file is not None
    federation = load_federation(standing.federation_file).played_by(standing.played_by)
    if standing.fabric is FabricName.LOOPBACK:
        return Loopback(federation, 0, share)
    # Imported where used: pyroute2 costs a tenth of a second.
    from conformance.fabric.held import HeldNamespaces

    lab = next((one.namespace for one in standing.running if one.namespace), "").removeprefix(PREFIX).partition("-")[0]

    def dead() -> dict[str, list[str]]:
        programs = [one for one in standing.running if "/" not in one.name]
        return {one.name: last_lines(one.log, LOG_LINES) for one in programs if not one.lives}

    return HeldNamespaces(federation, lab, share, dead)


class HeldCore(EmulatedCore):
    """The nodes of testbeds that stand.

    Args:
        standing: what stands.
        block: where the federation lies on their fabric.
    """

    def __init__(self, standing: Standing, block: IpNetwork) -> None:
        assert standing.federation_file is not None
        super().__init__(standing.federation_file, 0, standing.folder / NODES, core=standing.played_by, block=block)
        self._standing = standing

    def up(self, namespace_of: Callable[[str], str] | None = None) -> None:
        """Make sure that all nodes live."""
        if dead := self.check():
            raise TestbedDown(f"{', '.join(dead)}: dead; netlab testbed status tells more")

    def down(self) -> None:
        """Leave them as they are."""

    def check(self) -> dict[str, list[str]]:
        """Return the nodes that are dead, with the last lines of their logs."""
        return {one.name: last_lines(one.log, LOG_LINES) for one in self._nodes_held() if not one.lives}

    def pid(self, name: str) -> int:
        """Return the process id of a node; see `EmulatedCore.pid`."""
        self._known(name)
        one = next((one for one in self._nodes_held() if one.name == name and one.lives), None)
        if one is None:
            raise TestbedDown(f"{name} does not run; netlab testbed status tells more")
        return one.pid

    def stop_node(self, name: str, *, kill: bool = False) -> None:
        """Refuse it.

        Raises:
            BadInput: always.
        """
        raise BadInput(f"{name}: nothing is done to testbeds that others may use, too; run without --standing")

    def start_node(self, name: str, faults: frozenset[str] | None = None) -> None:
        """Refuse it; see `stop_node`."""
        self.stop_node(name)

    def set_strictness(self, testbed: str, strictness: Strictness) -> None:
        """Refuse it where it is not so already.

        Raises:
            BadInput: it is another one.
        """
        if self.federation.testbeds[testbed].strictness is not strictness:
            raise BadInput(
                f"strictness {strictness} for {testbed}: nothing is done to testbeds that others may use, too; "
                "run without --standing"
            )

    def _nodes_held(self) -> list[Running]:
        return [one for one in self._standing.running if one.name in self._nodes]
