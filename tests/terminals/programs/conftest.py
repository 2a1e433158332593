"""Programs as terminals of the federation's subscribers, towards a P-CSCF that says what the test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.stack.hop import Hop
from conformance.terminals.event_log import EventLog
from conformance.terminals.programs.catalogue import PROGRAMS, installed
from conformance.terminals.programs.program_terminal import Place, ProgramTerminal
from conformance.vocabulary.federation import Federation, NodeKind, Subscriber


@pytest.fixture
def play(federation: Federation, tmp_path: Path) -> Iterator[Callable[..., ProgramTerminal]]:
    """Makes a terminal of a program; skips where the program is missing."""
    made: list[ProgramTerminal] = []

    def make(name: str, subscriber: Subscriber) -> ProgramTerminal:
        if not installed(name):
            pytest.skip(f"{name} is not installed: apt-get install {PROGRAMS[name].package}")
        node = federation.testbeds["uc3m"].node(NodeKind.PCSCF)
        place = Place(
            federation=federation,
            testbed=federation.testbeds["octopus" if "octopus" in subscriber.impi else "uc3m"],
            subscriber=subscriber,
            address=federation.testbeds["uc3m"].access_networks[0].pool[1 + len(made)],
            pcscf=Hop(str(node.address), node.port),
            folder=tmp_path,
        )
        made.append(PROGRAMS[name].make(place, EventLog()))
        return made[-1]

    yield make
    for terminal in made:
        terminal.close()
