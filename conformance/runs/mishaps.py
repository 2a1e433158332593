"""What happens to testbeds in real life, on purpose and for a while: each mishap is undone whatever happens in it.

    with cell.mishaps.vpn_client_killed("stuba"):
        cell.refused(cell.terminal().register, 504)
    cell.terminal().register()

Behind the block the testbeds are as before: what was stopped serves again, and packets pass. Where that fails, the
block ends with TestbedDown, and the cell is ERROR.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from conformance.fabric.pki import Flaw
from conformance.terminals.event_log import EventLog
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.events import EventKind, TerminalEvent
from conformance.vocabulary.results import Mishap

if TYPE_CHECKING:  # pyroute2 costs a tenth of a second
    from conformance.fabric.namespaces import Namespaces
    from conformance.runs.bench import Bench

BACK_S = 15.0
"""How long the way between partners may take to come back."""


class Mishaps:
    """What a test case may do to its testbeds.

    Args:
        bench: the testbeds.
        events: what the cell's terminals observe.
        told: what was done and undone is added here, for the report.
    """

    def __init__(self, bench: Bench, events: EventLog, told: list[Mishap]) -> None:
        self._bench = bench
        self._events = events
        self._told = told

    @contextmanager
    def vpn_client_killed(self, partner: str) -> Iterator[None]:
        """The partner's VPN client is killed (SIGKILL); it is started again afterwards."""
        lab = self._lab
        lab.stop_client(partner, kill=True)
        self._tell(f"the VPN client of {partner} is killed")
        try:
            yield
        finally:
            lab.start_client(partner)
            self._await_path(lab, partner, f"the VPN client of {partner} is back")

    @contextmanager
    def vpn_hub_killed(self, partner: str) -> Iterator[None]:
        """The hub of the VPN is killed (SIGKILL); afterwards it is started again, and all partners are back.

        Args:
            partner: whose way to all others is awaited.
        """
        lab = self._lab
        lab.stop_hub(kill=True)
        self._tell("the hub of the VPN is killed")
        try:
            yield
        finally:
            lab.start_hub()
            self._tell("the hub of the VPN is started again")
            self._await_path(lab, partner, "all partners have found it")

    @contextmanager
    def vpn_certificate(self, partner: str, flaw: Flaw) -> Iterator[None]:
        """The partner's VPN client comes back with a certificate that the hub refuses; afterwards with its own."""
        lab = self._lab
        lab.stop_client(partner)
        try:
            said = lab.refused_client(partner, flaw)
            self._tell(f"the hub refuses the certificate of {partner} ({flaw}): {said}")
            yield
        finally:
            lab.start_client(partner)
            self._await_path(lab, partner, f"{partner} is back with its own certificate")

    @contextmanager
    def unreachable(self, partner: str) -> Iterator[None]:
        """The line of the partner's VPN gateway is cut; its programs run on."""
        lab = self._lab
        lab.set_reachable(partner, reachable=False)
        self._tell(f"the line of {partner} is cut")
        try:
            yield
        finally:
            lab.set_reachable(partner, reachable=True)
            self._await_path(lab, partner, f"the line of {partner} is mended")

    @contextmanager
    def behind_nat(self, partner: str) -> Iterator[None]:
        """The partner leaves the VPN: its network is behind a NAT with a SIP gateway that changes messages."""
        lab = self._lab
        try:
            with lab.behind_nat(partner):
                self._tell(f"{partner} has left the VPN and is behind a NAT with a SIP gateway")
                yield
        finally:
            self._await_path(lab, partner, f"{partner} is back in the VPN")

    @contextmanager
    def node_killed(self, name: str) -> Iterator[None]:
        """A node (`uc3m/hss`) is killed (SIGKILL); it is started again afterwards, with what it keeps on disk."""
        core = self._bench.core
        core.stop_node(name, kill=True)
        self._tell(f"{name} is killed")
        try:
            yield
        finally:
            core.start_node(name)
            self._tell(f"{name} serves again")

    @contextmanager
    def node_restarted_at(self, kind: EventKind, name: str) -> Iterator[None]:
        """A node (`uc3m/s-cscf`) is killed and started again when a terminal first observes something.

        The terminal goes on when the node serves again.

        Args:
            kind: for example CHALLENGED: between the 401 and the second REGISTER.
            name: the node.
        """
        done = False

        def restart() -> None:
            with self.node_killed(name):
                pass

        def observed(event: TerminalEvent) -> None:
            nonlocal done
            if event.kind is kind and not done:
                done = True
                _elsewhere(restart)

        with self._events.watched(observed):
            yield
        if not done:
            raise BadInput(f"{name} restarted at {kind}: no terminal observed that; expected a procedure that has it")

    def _await_path(self, lab: Namespaces, partner: str, why: str) -> None:
        lab.await_path(partner, BACK_S)
        self._tell(f"{why}: packets pass between {partner} and the others")

    def _tell(self, what: str) -> None:
        self._told.append(Mishap(time_ns=time.time_ns(), what=what))

    @property
    def _lab(self) -> Namespaces:
        from conformance.fabric.namespaces import Namespaces

        lab = self._bench.fabric
        if not isinstance(lab, Namespaces):
            raise BadInput(
                f"fabric {lab.name}: expected namespaces with the VPN between the partners; "
                'mark the test case with @pytest.mark.fabric("namespaces")'
            )
        return lab


def _elsewhere(work: Callable[[], None]) -> None:
    """Do something in a thread of its own and wait for it: a terminal's thread has an event loop already."""
    with ThreadPoolExecutor(1) as worker:
        worker.submit(work).result()
