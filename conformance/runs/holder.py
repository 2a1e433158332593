"""The process that holds testbeds which stand without a run: fabric and core, until SIGTERM.

Its plan is one line on standard input; it answers with one line on standard output when every node serves, or why not.
It is nobody's child in the end: the shell that started it may go.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict

from conformance.cores.emulated.core import EmulatedCore
from conformance.cores.emulated.plan import log_file
from conformance.cores.emulated.processes import ProcessMark, set_process_name
from conformance.fabric.fabric import Fabric
from conformance.runs.bench import make_core, make_fabric, remove_databases
from conformance.runs.driving import foremost
from conformance.runs.folder import NODES
from conformance.runs.header import cores_of
from conformance.runs.plan import BenchPlan, FabricName
from conformance.runs.standing import Running, Standing, forget, write
from conformance.vocabulary.errors import Exit, HarnessFault, NetlabError
from conformance.vocabulary.federation import CoreKind


class HoldPlan(BaseModel):
    """What to bring up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: Path
    lock: int
    """Descriptor that keeps a second holder out while this one lives."""
    federation_file: Path
    core: CoreKind | None
    fabric: FabricName
    reason: str = ""
    """Why the fabric is no better one."""


class Answer(BaseModel):
    """What became of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Exit = Exit.AS_EXPECTED
    problem: str = ""
    """One line; empty where every node serves."""


def hold(plan: HoldPlan) -> NoReturn:
    """Bring the testbeds up, say so, and hold them until SIGTERM.

    Raises:
        NetlabError: they do not come up; nothing is left of them but logs.
        SystemExit: the orderly end.
    """
    own = ProcessMark.of(os.getpid())
    if own is None:
        raise HarnessFault("testbed: /proc does not tell of this process; expected that it is mounted")
    os.set_inheritable(plan.lock, False)
    bench_plan = BenchPlan(plan.federation_file, 0, "none", core=plan.core, fabric=plan.fabric)
    nodes = plan.folder / NODES
    with ExitStack() as standing:
        fabric = make_fabric(bench_plan, nodes)
        federation = fabric.federation
        told = Standing(
            pid=own.pid,
            started=own.started,
            since_ns=time.time_ns(),
            federation=f"{federation.name} ({plan.federation_file.name})",
            federation_file=plan.federation_file,
            folder=plan.folder,
            core=" and ".join(cores_of(federation)),
            played_by=plan.core,
            fabric=plan.fabric,
            reason=plan.reason,
            domains={name: testbed.domain for name, testbed in federation.testbeds.items()},
        )
        standing.callback(forget, plan.folder)
        write(plan.folder, told)
        standing.callback(remove_databases, nodes)
        with foremost():
            standing.callback(fabric.down)
            fabric.up()
            core = make_core(bench_plan, fabric, nodes)
            standing.callback(core.down)
            core.up(fabric.namespace_of)
        write(plan.folder, told.model_copy(update={"ready": True, "running": _running(fabric, core)}))
        _answer(Answer())
        while True:
            signal.pause()


def _running(fabric: Fabric, core: EmulatedCore) -> tuple[Running, ...]:
    found = [
        Running(
            name=f"{testbed.name}/{kind}",
            address=f"{node.address}:{node.port}",
            namespace=fabric.namespace_of(f"{testbed.name}/{kind}"),
            log=log_file(core.folder, f"{testbed.name}/{kind}"),
            **_marked(core.pid(f"{testbed.name}/{kind}")),
        )
        for testbed in fabric.federation.testbeds.values()
        for kind, node in testbed.nodes.items()
    ]
    found += [
        Running(name=program.name, namespace=program.namespace, log=program.log, **_marked(program.pid))
        for program in fabric.programs()
    ]
    return tuple(found)


def _marked(pid: int) -> dict[str, Any]:
    mark = ProcessMark.of(pid)
    return {"pid": pid, "started": mark.started if mark else 0}


def _answer(answer: Answer) -> None:
    """Tell who started us, who then goes on without us."""
    os.write(1, answer.model_dump_json().encode() + b"\n")
    os.dup2(2, 1)


_own_pid = os.getpid()


def _end(*_: object) -> NoReturn:
    if os.getpid() != _own_pid:
        os._exit(
            int(Exit.AS_EXPECTED)
        )  # a copy that is about to become another program: the way down is not its affair
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the way down is not to be interrupted
    raise SystemExit(Exit.AS_EXPECTED)


def main() -> int:
    """Hold what the line on standard input says; return the exit status."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    set_process_name("netlab-testbed")
    plan = HoldPlan.model_validate_json(sys.stdin.readline())
    try:
        hold(plan)
    except NetlabError as error:
        _answer(Answer(status=error.exit_code, problem=str(error)))
        return int(error.exit_code)


if __name__ == "__main__":
    sys.exit(main())
