"""The header line of a run: what was run, with what, and what this set-up cannot do."""

from __future__ import annotations

import time

import conformance
from conformance.federation import default_federation_path
from conformance.runs.plan import BenchPlan
from conformance.runs.versions import git_commit, tool_versions
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.results import RunHeader

LOOPBACK_LIMITS = (
    "Fabric loopback: all nodes share one host, so VPN, NAT, packet loss and quality of service cannot be observed.",
    "Core emulated: the testbeds are played by netlab-conformance itself; partners' software is not exercised.",
    "Home access point: tunnels carry UDP only; their identifiers come from the federation file, not from GTP-C.",
)


def run_header(run_id: str, plan: BenchPlan, federation: Federation) -> RunHeader:
    """Return the header of a run that begins now."""
    return RunHeader(
        run=run_id,
        started_ns=time.time_ns(),
        version=conformance.__version__,
        commit=git_commit(),
        federation=f"{federation.name} ({plan.federation_file.name})",
        testbeds={name: testbed.domain for name, testbed in federation.testbeds.items()},
        core="emulated",
        fabric="loopback",
        capture_backend=plan.capture_backend,
        tools=tool_versions(),
        limits=[*LOOPBACK_LIMITS, *_faults(plan)],
        options=_options(plan),
    )


def _options(plan: BenchPlan) -> list[str]:
    """Return what has to be said again so that a cell of this run comes out the same."""
    is_usual = plan.federation_file.resolve() == default_federation_path().resolve()
    federation = [] if is_usual else [f"--federation={plan.federation_file}"]
    return federation + [
        f"--fault={node}={name}" for node, names in sorted(plan.faults.items()) for name in sorted(names)
    ]


def _faults(plan: BenchPlan) -> list[str]:
    return [
        f"{node} misbehaves on purpose in this run: {', '.join(sorted(names))}."
        for node, names in sorted(plan.faults.items())
    ]
