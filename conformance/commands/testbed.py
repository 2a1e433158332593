"""`netlab testbed up|down|status`: testbeds that stand without a run, for whoever wants to look at them."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conformance.cores.emulated.log_lines import last_lines
from conformance.federation import default_federation_path, load_federation
from conformance.report.text import visible
from conformance.runs import standing
from conformance.runs.choice import choose_fabric
from conformance.runs.holder import Answer, HoldPlan
from conformance.runs.plan import AUTO, CORES, FabricName
from conformance.runs.standing import LOG_FILE, Running, Standing
from conformance.vocabulary.errors import BadInput, Exit, NotPermitted, TestbedDown
from conformance.vocabulary.federation import CoreKind

_HOLDER = "conformance.runs.holder"


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "testbed",
        help="bring testbeds up that stand until they are taken down; tell which of their nodes live",
        description="The testbeds of a federation, without a run. One process holds them; there is one at a time.",
    )
    actions = command.add_subparsers(metavar="up|down|status", required=True)
    up = actions.add_parser("up", help="bring the testbeds up and return when every node serves")
    up.add_argument("--federation", type=Path, default=None, metavar="FILE", help="default: the emulated one")
    up.add_argument("--core", choices=CORES, default=None, help="software that plays every IMS testbed")
    up.add_argument("--fabric", choices=[AUTO, *FabricName], default=AUTO, help="how the hosts are joined")
    for action, parser in (
        (bring_up, up),
        (take_down, actions.add_parser("down", help="end them and remove everything, also after a crash")),
        (tell, actions.add_parser("status", help="one line a node; exit code 4 where one is dead or nothing is up")),
    ):
        parser.set_defaults(execute=action, passes_options_on=False)


def bring_up(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Start the holder, wait until every node serves, and print where each one is."""
    folder = standing.FOLDER
    before = standing.read(folder)
    if before is not None and before.holder.runs():
        raise NotPermitted(
            f"testbed: one is up since {before.since} ({before}); expected none: netlab testbed down ends it"
        )
    if before is not None:
        standing.end(folder, before)
    file = (arguments.federation or default_federation_path()).absolute()
    fabric = choose_fabric(arguments.fabric, load_federation(file), "scapy")
    begun = time.monotonic()
    lock = standing.occupy(folder)
    try:
        _start(
            HoldPlan(
                folder=folder,
                lock=lock,
                federation_file=file,
                core=CoreKind(arguments.core) if arguments.core else None,
                fabric=fabric.name,
                reason=fabric.reason,
            )
        )
    finally:
        os.close(lock)  # the holder has it now
    up = standing.read(folder)
    if up is None:
        raise TestbedDown(f"testbed: it was taken down at once; its log is {folder / LOG_FILE}")
    print(f"up in {time.monotonic() - begun:.1f} s: {up}")
    if up.reason:
        print(up.reason)
    print("\n".join(_places(up)))
    print(f"logs: {folder}; held by process {up.pid}; see: netlab testbed status; end: netlab testbed down")
    return int(Exit.AS_EXPECTED)


def take_down(arguments: argparse.Namespace, rest: list[str]) -> int:
    """End what stands, whatever became of its holder; nothing up is no mistake."""
    stood = standing.read(standing.FOLDER)
    standing.end(standing.FOLDER, stood)
    print("nothing was up" if stood is None else f"down: {stood}, up since {stood.since}")
    return int(Exit.AS_EXPECTED)


def tell(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Print one line a node; return 4 where something is dead or nothing is up."""
    stands = standing.read(standing.FOLDER)
    if stands is None:
        print("nothing is up; netlab testbed up brings the testbeds up")
        return int(Exit.BROKEN)
    lives = stands.holder.runs()
    if not lives:
        print(f"{stands}: up since {stands.since}, but its holder, process {stands.pid}, is gone: netlab testbed down")
    else:
        print(f"{stands}: {'up' if stands.ready else 'being brought up'} since {stands.since}")
    for one in stands.running:
        print(_line(one))
    good = lives and stands.ready and all(one.lives for one in stands.running)
    return int(Exit.AS_EXPECTED if good else Exit.BROKEN)


def _start(plan: HoldPlan) -> None:
    """Start the holder and wait for its answer.

    Raises:
        NetlabError: what kept it from bringing the testbeds up.
    """
    log_file = plan.folder / LOG_FILE
    with log_file.open("wb") as log:
        holder = subprocess.Popen(
            [sys.executable, "-m", _HOLDER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",  # it must not keep a folder from being removed
            pass_fds=[plan.lock],
            start_new_session=True,
        )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        with holder.stdin, holder.stdout:
            holder.stdin.write(plan.model_dump_json().encode() + b"\n")
            holder.stdin.flush()
            line = holder.stdout.readline()
    except BaseException:  # interrupted: it takes down what it had brought up
        holder.terminate()
        holder.wait()
        raise
    if not line:
        holder.wait()
        said = " | ".join(last_lines(log_file, 1)) or "nothing"
        raise TestbedDown(f"testbed: its holder ended (exit status {holder.returncode}) and said: {said}")
    answer = Answer.model_validate_json(line)
    if answer.problem:
        holder.wait()
        raise (BadInput if answer.status is Exit.USAGE else TestbedDown)(answer.problem)
    holder.returncode = 0  # it is nobody's child from now on: nothing is to be collected


def _places(up: Standing) -> Iterator[str]:
    """Yield where each node is, by testbed."""
    for testbed, domain in up.domains.items():
        yield f"  {testbed:12} {domain}"
        for one in up.running:
            owner, _, kind = one.name.partition("/")
            if owner == testbed:
                yield f"    {kind:10} {one.address:22} {_way_in(one)}".rstrip()
    for one in up.running:
        if "/" not in one.name:
            yield f"  {one.name:35} {_way_in(one)}".rstrip()


def _way_in(one: Running) -> str:
    return f"ip netns exec {one.namespace} sh" if one.namespace else ""


def _line(one: Running) -> str:
    if one.lives:
        return f"alive  {one.name:20} {one.address:22} {one.namespace}".rstrip()
    return f"DEAD   {one.name:20} {visible(one.last_line) or 'its log is empty'}"
