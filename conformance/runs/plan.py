"""What a bench is made of, as the options of a run say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.cores.emulated.node import is_emulated
from conformance.faults.catalogue import TERMINAL, load_catalogue
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import CoreKind, Federation, NodeKind

if TYPE_CHECKING:
    from conformance.runs.standing import Standing

CORES = tuple(CoreKind)
"""Software that can play the testbeds, as `--core` spells it."""
AUTO = "auto"
"""Value of `--fabric`: what the machine allows."""


class FabricName(StrEnum):
    """How hosts are joined."""

    LOOPBACK = "loopback"
    NAMESPACES = "namespaces"


@dataclass(frozen=True)
class BenchPlan:
    """Federation file, worker, capture backend, faults, core and fabric of one bench."""

    federation_file: Path
    worker: int
    capture_backend: str
    faults: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By `testbed/node`, for example `uc3m/s-cscf`; a terminal's faults stand under `terminal`."""
    core: CoreKind | None = None
    """What plays every IMS testbed; None: what the federation file says."""
    fabric: FabricName = FabricName.LOOPBACK
    fabric_reason: str = ""
    """Why the fabric is no better one, for the report; empty where the user said which."""
    standing: Standing | None = None
    """The testbeds that stand and are used, maybe beside others; None: own ones are brought up."""
    leases: Path | None = None
    """Where subscribers are leased; None: nobody else has these testbeds."""


def parse_faults(texts: Iterable[str], federation: Federation) -> dict[str, frozenset[str]]:
    """Return the faults of a run by node.

    Args:
        texts: values of `--fault`, each `NODE=FAULT`: `uc3m/s-cscf=no-service-route`, `terminal=wrong-digest-uri`.
        federation: says which nodes there are.

    Raises:
        BadInput: no such node, no such fault, or a fault of another kind of node.
    """
    nodes = {f"{testbed.name}/{kind}" for testbed in federation.testbeds.values() for kind in testbed.nodes}
    found: dict[str, set[str]] = {}
    for text in texts:
        node, separator, fault = text.partition("=")
        if not separator or not fault:
            raise BadInput(f"--fault {text}: expected NODE=FAULT, for example uc3m/s-cscf=no-service-route")
        if node != TERMINAL and node not in nodes:
            raise BadInput(f"--fault {text}: no node {node}; expected terminal or one of {', '.join(sorted(nodes))}")
        load_catalogue().check([fault], node.rpartition("/")[2])
        testbed, _, kind = node.partition("/")
        if kind and not is_emulated(federation.testbeds[testbed], NodeKind(kind)):
            raise BadInput(
                f"--fault {text}: {node} is played by core {federation.testbeds[testbed].core}, which shows no faults "
                "on purpose; name a node that is emulated, or use --core emulated"
            )
        found.setdefault(node, set()).add(fault)
    return {node: frozenset(names) for node, names in found.items()}
