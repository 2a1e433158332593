"""The loopback fabric: every host is an address of this machine's loopback interface, and every packet stays on it."""

from __future__ import annotations

import itertools

from conformance.capture.points import ObservationPoint, loopback_points
from conformance.fabric.fabric import ALL, Attachment, Program, Share, home_tunnel
from conformance.federation import rebase
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Federation


class Loopback:
    """A federation on `lo`; parallel workers have blocks of their own.

    Args:
        federation: as its file describes it.
        worker: number of the parallel worker.
        share: which terminals' addresses are given; others have the rest.

    Raises:
        BadInput: the block of the federation is not on 127.0.0.0/8.
    """

    name = "loopback"
    limits = (
        "Fabric loopback: all nodes share one host, so VPN, NAT, packet loss and quality of service cannot be "
        "observed.",
    )

    def __init__(self, federation: Federation, worker: int, share: Share = ALL) -> None:
        self.federation = rebase(federation, worker)
        if not self.federation.block.is_loopback:
            raise BadInput(
                f"federation {federation.name}: block: found {self.federation.block}, expected one inside 127.0.0.0/8: "
                "the loopback fabric keeps every packet on this machine"
            )
        self._addresses = {
            name: itertools.cycle(share.of(testbed.access_networks[0].pool.hosts()))
            for name, testbed in self.federation.testbeds.items()
        }

    def up(self) -> None:
        """Nothing is to be joined."""

    def down(self) -> None:
        """Nothing was joined."""

    def keep_points(self) -> None:
        """Nothing is to be kept: there is no VPN."""

    def dead_vpn(self) -> dict[str, list[str]]:
        """Return nobody: there is no VPN."""
        return {}

    def namespace_of(self, node: str) -> str:
        """Return the process's own namespace."""
        return ""

    def programs(self) -> tuple[Program, ...]:
        """Return nothing: nothing runs for this fabric."""
        return ()

    def points(self) -> tuple[ObservationPoint, ...]:
        """Return the points on `lo`."""
        return loopback_points(self.federation)

    def attach(self, visited: str, home: str | None = None) -> Attachment:
        """Lease the next address, so that no two terminals share one; see `Fabric.attach`."""
        local = next(self._addresses[visited])
        if home is None:
            return Attachment(local)
        address = next(self._addresses[home])
        return Attachment(address, home_tunnel(self.federation, visited, address, local))
