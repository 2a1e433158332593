"""What the core tells its supervisor, and what the supervisor reports: one JSON object a line, both ways."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from conformance.vocabulary.federation import CoreKind, Network, NodeKind, Strictness


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Plan(_Line):
    """First line to the supervisor: what to run."""

    federation_file: Path
    block: Network
    """Where the federation lies."""
    folder: Path
    namespaces: dict[str, str] = {}
    """Network namespace by node (`uc3m/s-cscf`); a node without one lives where the supervisor does."""
    faults: dict[str, frozenset[str]] = {}
    """By node: `uc3m/s-cscf`."""
    core: CoreKind | None = None
    """What plays every IMS testbed; None: what the federation file says."""
    modules: dict[NodeKind, str] = {}
    """Other modules for kinds of nodes, whatever plays their testbed."""
    strictness: dict[str, Strictness] = {}
    """By testbed, where it is another one than the federation file says."""


class Order(StrEnum):
    """What the core may ask for later."""

    START = "start"
    STOP = "stop"
    """SIGTERM."""
    KILL = "kill"
    """SIGKILL."""
    END = "end"
    """All nodes, then the supervisor. The end of its standard input means the same."""


class Command(_Line):
    """A further line to the supervisor."""

    order: Order
    node: str = ""
    strictness: Strictness | None = None
    """With `start`: of the node's testbed, for every node of it that is started from now on; None: as it is."""
    faults: frozenset[str] | None = None
    """With `start`: faults that the node shows from now on; None: those of the plan."""


class Happening(StrEnum):
    """What the supervisor reports."""

    STARTED = "started"
    READY = "ready"
    DIED = "died"
    FAILED = "failed"
    """The supervisor itself cannot go on; `detail` says why."""


class Report(_Line):
    """A line of the supervisor."""

    happening: Happening
    node: str = ""
    pid: int = 0
    status: int = 0
    """Exit status; minus the number of the signal where a signal ended it."""
    detail: str = ""


KEY_LOG = "tls-keys.log"
"""In the folder of a node that serves TLS: the secrets of its connections, as `netlab validate --keys` and tshark take
them (NSS key log)."""


def node_folder(folder: Path, name: str) -> Path:
    """Return where a node keeps its files: those of `uc3m/s-cscf` are in `uc3m-s-cscf`."""
    return folder / name.replace("/", "-")


def log_file(folder: Path, name: str) -> Path:
    """Return where the lines of a node go: `uc3m/s-cscf` writes `uc3m-s-cscf.log`."""
    return folder / f"{name.replace('/', '-')}.log"
