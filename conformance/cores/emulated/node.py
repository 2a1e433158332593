"""What a node of the emulated core is given, and how one is run."""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.cores.emulated.strictness import Policy, policy_of
from conformance.vocabulary.errors import HarnessFault, NetlabError
from conformance.vocabulary.federation import CoreKind, Federation, Node, NodeKind, Testbed

NODE_MODULES: Mapping[NodeKind, str] = {
    NodeKind.DNS: "conformance.cores.emulated.dns",
    NodeKind.HSS: "conformance.cores.emulated.hss",
    NodeKind.PCSCF: "conformance.cores.emulated.pcscf",
    NodeKind.ICSCF: "conformance.cores.emulated.icscf",
    NodeKind.SCSCF: "conformance.cores.emulated.scscf",
    NodeKind.IBCF: "conformance.cores.emulated.ibcf",
    NodeKind.AS: "conformance.cores.emulated.application_server",
    NodeKind.PRESENCE: "conformance.cores.emulated.presence_server",
    NodeKind.XDMS: "conformance.cores.emulated.xdms",
    NodeKind.SIP_PROXY: "conformance.cores.emulated.sip_proxy",
    NodeKind.ADAPTER: "conformance.cores.emulated.adapter",
    NodeKind.GATEWAY: "conformance.cores.emulated.gateway",
}
"""Module of each kind of node; it has `async def run(context: NodeContext) -> None`, which serves until cancelled."""

_BY_CORE: Mapping[CoreKind, Mapping[NodeKind, str]] = {
    CoreKind.EMULATED: {},
    CoreKind.KAMAILIO: {
        NodeKind.DNS: "conformance.cores.kamailio.dns",
        NodeKind.PCSCF: "conformance.cores.kamailio.cscf",
        NodeKind.ICSCF: "conformance.cores.kamailio.cscf",
        NodeKind.SCSCF: "conformance.cores.kamailio.cscf",
        NodeKind.PRESENCE: "conformance.cores.kamailio.presence",
        NodeKind.XDMS: "conformance.cores.kamailio.xdms",
        NodeKind.SIP_PROXY: "conformance.cores.kamailio.sip_proxy",
    },
}
"""What another core plays itself; every other node is the emulated one."""
_PROXIES = (NodeKind.PCSCF, NodeKind.ICSCF, NodeKind.SCSCF, NodeKind.IBCF, NodeKind.SIP_PROXY, NodeKind.ADAPTER)


def is_emulated(testbed: Testbed, kind: NodeKind) -> bool:
    """Tell whether a node is played by the harness itself, and so can misbehave on purpose."""
    return kind not in _BY_CORE[testbed.core]


def has_channel(testbed: Testbed, kind: NodeKind) -> bool:
    """Tell whether a node answers on the control channel of `quiet`: SIP proxies do, and real servers of presence."""
    return kind in _PROXIES or (kind in (NodeKind.PRESENCE, NodeKind.XDMS) and not is_emulated(testbed, kind))


def module_of(testbed: Testbed, kind: NodeKind) -> str:
    """Return the module that plays a node of a testbed."""
    return _BY_CORE[testbed.core].get(kind, NODE_MODULES[kind])


@dataclass(frozen=True)
class NodeContext:
    """Everything that a node knows when it starts.

    Args:
        federation: all testbeds, at the addresses of this worker. Timers are in it. What a node learns of other
            testbeds' servers it must learn by DNS, not from here.
        testbed: the node's own testbed.
        kind: which function it is.
        folder: where it may keep files (databases).
        log: its logger; lines go to the node's log file.
        faults: names of the faults that it shows; a fault may have an argument: `forgets-zone:uc3m`.
        ready: to be called once, when it can serve.
    """

    federation: Federation
    testbed: Testbed
    kind: NodeKind
    folder: Path
    log: logging.Logger
    faults: frozenset[str]
    ready: Callable[[], None]

    @property
    def node(self) -> Node:
        """The node's own row of the federation: host, address, port."""
        return self.testbed.node(self.kind)

    @property
    def name(self) -> str:
        """How the node is called in logs and commands: `uc3m/s-cscf`."""
        return f"{self.testbed.name}/{self.kind}"

    @property
    def fqdn(self) -> str:
        """Full host name: `scscf.uc3m.netlab.test`."""
        return self.testbed.fqdn(self.kind)

    @property
    def policy(self) -> Policy:
        """How the node takes what deviates."""
        return policy_of(self.testbed.strictness)

    def fault_arguments(self, fault: str) -> frozenset[str]:
        """Return the arguments that the fault is switched on with: `forgets-zone:uc3m` gives `uc3m`."""
        return frozenset(name.partition(":")[2] for name in self.faults if name.startswith(f"{fault}:"))


NodeMain = Callable[[NodeContext], Awaitable[None]]


def node_main(module: str) -> NodeMain:
    """Import a node's module and return its `run`.

    Raises:
        HarnessFault: there is no such module, or it has no `run`.
    """
    try:
        main = importlib.import_module(module).run
    except (ImportError, AttributeError) as error:
        raise HarnessFault(f"node module {module}: expected `async def run(context)`, found: {error}") from error
    return main  # type: ignore[no-any-return]


def run_node(main: NodeMain, context: NodeContext) -> int:
    """Run one node in this process until it ends or SIGTERM comes.

    Args:
        main: the node's `run`.
        context: what it is given.

    Returns:
        Exit status of the process: 0 after SIGTERM, else that of the error. The error is in the log, in one
        line where a person can do something about it and with its traceback where it is our bug.
    """
    try:
        asyncio.run(_until_terminated(main, context))
    except NetlabError as error:
        context.log.error("%s", error)
        return int(error.exit_code)
    except Exception:
        context.log.exception("%s ended by an error of its own", context.name)
        return int(HarnessFault.exit_code)
    return 0


async def _until_terminated(main: NodeMain, context: NodeContext) -> None:
    task = asyncio.ensure_future(main(context))
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        task.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not stopped:
            raise
        return
    raise HarnessFault(f"{context.name}: `run` returned, expected that it serves until it is cancelled")
