"""What the options of a run ask for, found out once before anything is collected."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.federation import default_federation_path, load_federation
from conformance.options import add_options
from conformance.plugin.markers import add_markers
from conformance.plugin.stash import DEVIATIONS, EARLIER, FEDERATION, OF_CORE, PLAN, RUN, WORDS
from conformance.runs import standing
from conformance.runs.bench import make_fabric
from conformance.runs.choice import FabricChoice, choose_fabric
from conformance.runs.earlier import Earlier, rerun_failed, resumed, unfinished_run, words_to_repeat
from conformance.runs.expected import FILE_NAME, Deviation, deviations_of_core, load_expected
from conformance.runs.folder import RunFolder, named_run, new_run_id
from conformance.runs.plan import BenchPlan, FabricName, parse_faults
from conformance.vocabulary.errors import BadInput, NotPermitted, TestbedDown
from conformance.vocabulary.federation import CoreKind, Federation


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the harness; `netlab run` takes the same."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers and decide the run's folder; under xdist all workers share it."""
    add_markers(config)
    worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
    reports = Path(config.getoption("--reports")).absolute()
    try:
        config.stash[EARLIER] = _earlier(config, reports)
        config.stash[PLAN] = _plan(config)
        config.stash[DEVIATIONS] = _deviations(config)
        testbeds = config.stash[FEDERATION].testbeds.values()
        config.stash[OF_CORE] = {testbed.name: deviations_of_core(testbed.core) for testbed in testbeds}
    except (BadInput, TestbedDown, NotPermitted) as error:
        raise pytest.UsageError(str(error)) from None
    run_id = worker_input["netlab_run_id"] if worker_input else config.getoption("--run-id") or new_run_id()
    config.stash[RUN] = RunFolder(reports / run_id)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker which run it belongs to, and which fabric was chosen for all of them."""
    node.workerinput["netlab_run_id"] = node.config.stash[RUN].run_id
    plan = node.config.stash[PLAN]
    node.workerinput["netlab_earlier"] = node.config.stash[EARLIER].to_json()
    node.workerinput["netlab_words"] = node.config.stash[WORDS]
    node.workerinput["netlab_fabric"] = (str(plan.fabric), plan.fabric_reason)


def _earlier(config: pytest.Config, reports: Path) -> Earlier:
    """Return what an earlier run leaves to this one; the options then name the run that goes on.

    Raises:
        BadInput: there is no such run, or its set-up was another one.
    """
    worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker_input:
        config.stash[WORDS] = worker_input["netlab_words"]
        return Earlier.from_json(worker_input["netlab_earlier"])
    said = config.getoption("--words")
    words = words_to_repeat(json.loads(said) if said else list(config.invocation_params.args))
    config.stash[WORDS] = words
    earlier, again = Earlier(), config.getoption("--rerun-failed")
    if again is not None:
        folder = named_run(again, reports).resolve()
        words.append(f"--rerun-failed={folder.name}")
        earlier = rerun_failed(folder)
    if config.getoption("--resume") is not None:
        folder = unfinished_run(config.getoption("--resume"), reports)
        earlier = replace(resumed(folder), only=earlier.only)
        config.option.run_id = folder.name
    return earlier


def _plan(config: pytest.Config) -> BenchPlan:
    """Return what the options ask for; a mistake in them, or in the federation file, is one line.

    Raises:
        BadInput: the federation file is wrong, or not for this fabric, or a fault is unknown.
    """
    file = config.getoption("--federation") or default_federation_path()
    core = CoreKind(config.getoption("--core")) if config.getoption("--core") else None
    stands, leases = None, config.getoption("--leases")
    if config.getoption("--standing"):
        stands = standing.in_use(config.getoption("--standing-folder") or standing.FOLDER)
        file, core = stands.asked_for(config.getoption("--federation"), core)
        leases = leases or stands.folder / standing.LEASES
    federation = load_federation(file).played_by(core)
    config.stash[FEDERATION] = federation
    for option in ("--home", "--visited", "--third"):
        for name in config.getoption(option):
            if name not in federation.testbeds:
                raise BadInput(f"{option} {name}: no such testbed; expected one of {', '.join(federation.testbeds)}")
    fabric = FabricChoice(stands.fabric, stands.reason) if stands is not None else _fabric(config, federation)
    plan = BenchPlan(
        federation_file=file,
        worker=int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")),
        capture_backend=config.getoption("--capture-backend"),
        fabric=fabric.name,
        core=core,
        faults=parse_faults(config.getoption("--fault"), federation),
        fabric_reason=fabric.reason,
        standing=stands,
        leases=leases.absolute() if leases is not None else None,
    )
    if stands is not None and plan.faults:
        raise BadInput("--fault: nothing is done to testbeds that others may use, too; leave --standing or --fault out")
    make_fabric(plan, Path())  # says what speaks against it; nothing is brought up
    return plan


def _fabric(config: pytest.Config, federation: Federation) -> FabricChoice:
    """Return the fabric of the run; under xdist one choice is made for all workers."""
    worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker_input:
        name, reason = worker_input["netlab_fabric"]
        return FabricChoice(FabricName(name), reason)
    return choose_fabric(config.getoption("--fabric"), federation, config.getoption("--capture-backend"))


def _deviations(config: pytest.Config) -> Sequence[Deviation]:
    """Return the known deviations: of the named file, else of `expected.toml` in the root folder, else none."""
    file = config.getoption("--expected") or config.rootpath / FILE_NAME
    return load_expected(file) if config.getoption("--expected") or file.exists() else ()
