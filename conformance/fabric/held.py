"""A lab of namespaces that another process holds: a run attaches its terminals to it and leaves the rest alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from conformance.fabric import registry
from conformance.fabric.fabric import Share
from conformance.fabric.hosts import Host
from conformance.fabric.namespaces import Namespaces, Slot
from conformance.terminals.loop import TerminalLoop
from conformance.vocabulary.federation import Federation

MOST_TERMINALS = 100
"""Hosts of terminals that one user of the lab may have at a time."""


class HeldNamespaces(Namespaces):
    """A lab that stands.

    Args:
        federation: as its file describes it.
        lab: id of the lab.
        share: which terminals' addresses and hosts are ours; nobody else has the same number.
        dead: says who of the VPN does not run, each with the last lines of its log.
    """

    def __init__(
        self, federation: Federation, lab: str, share: Share, dead: Callable[[], dict[str, list[str]]]
    ) -> None:
        super().__init__(federation, Path())
        self._held_lab = lab
        self._dead = dead
        self._last_terminal = share.number * MOST_TERMINALS
        self._addresses = {
            partner.name: itertools.cycle(share.of(partner.access[0].addresses())) for partner in self.layout.partners
        }

    def up(self) -> None:
        """Find the hosts of the lab."""
        self.lab = self._held_lab
        with ExitStack() as starting:
            starting.callback(self._leave)
            for name in self.layout.hosts():
                self._hosts[name] = Host(self.namespace(name), self.federation.ip_version, exists=True)
            self._take_over()
            self._running = starting.pop_all()

    def dead_vpn(self) -> dict[str, list[str]]:
        """Return who of the VPN does not run; see `Fabric.dead_vpn`."""
        return self._dead()

    def _leave(self) -> None:
        """Leave the lab, and in it the hosts of our terminals: without any the bridge of an access network is down."""
        for slot in self._slots:
            slot.loop.close()
        for host in self._hosts.values():
            with suppress(OSError):
                host.close()
        self._slots.clear()
        self._free.clear()
        self._hosts.clear()
        self.lab = ""

    def _take_over(self) -> None:
        """Use the hosts of terminals that somebody who had our number has left."""
        first = self._last_terminal
        for partner in self.layout.partners:
            stem = self.namespace(f"{partner.name}-ue")
            numbers = [name.removeprefix(stem) for name in registry.namespaces_of(self.lab) if name.startswith(stem)]
            for number in sorted(int(text) for text in numbers if text.isdecimal()):
                if not first < number <= first + MOST_TERMINALS:
                    continue
                host = Host(f"{stem}{number}", self.federation.ip_version, exists=True)
                self._hosts[f"{partner.name}-ue{number}"] = host
                slot = Slot(host, TerminalLoop(host.namespace))
                self._slots.append(slot)
                self._free.setdefault(partner.name, []).append(slot)
                self._last_terminal = max(self._last_terminal, number)
