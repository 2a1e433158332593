"""The header line of a run: what was run, with what, and what this set-up cannot do."""

from __future__ import annotations

import time

import conformance
from conformance.fabric.fabric import Fabric
from conformance.federation import default_federation_path
from conformance.runs.plan import BenchPlan
from conformance.runs.versions import git_commit, tool_versions
from conformance.vocabulary.results import RunHeader

LIMITS = (
    "Core emulated: the testbeds are played by netlab-conformance itself; partners' software is not exercised.",
    "Home access point: tunnels carry UDP only; their identifiers come from the federation file, not from GTP-C.",
)


def run_header(run_id: str, plan: BenchPlan, fabric: Fabric) -> RunHeader:
    """Return the header of a run that begins now."""
    federation = fabric.federation
    return RunHeader(
        run=run_id,
        started_ns=time.time_ns(),
        version=conformance.__version__,
        commit=git_commit(),
        federation=f"{federation.name} ({plan.federation_file.name})",
        testbeds={name: testbed.domain for name, testbed in federation.testbeds.items()},
        core="emulated",
        fabric=fabric.name,
        capture_backend=plan.capture_backend,
        tools=tool_versions(),
        limits=[*_choice(plan), *fabric.limits, *LIMITS, *_faults(plan)],
        options=_options(plan),
    )


def _options(plan: BenchPlan) -> list[str]:
    """Return what has to be said again so that a cell of this run comes out the same."""
    is_usual = plan.federation_file.resolve() == default_federation_path().resolve()
    federation = [] if is_usual else [f"--federation={plan.federation_file}"]
    return (
        federation
        # Always: what `netlab run` chooses by itself is another one on another machine.
        + [f"--fabric={plan.fabric}"]
        + [f"--fault={node}={name}" for node, names in sorted(plan.faults.items()) for name in sorted(names)]
    )


def _choice(plan: BenchPlan) -> list[str]:
    return [plan.fabric_reason] if plan.fabric_reason else []


def _faults(plan: BenchPlan) -> list[str]:
    return [
        f"{node} misbehaves on purpose in this run: {', '.join(sorted(names))}."
        for node, names in sorted(plan.faults.items())
    ]
