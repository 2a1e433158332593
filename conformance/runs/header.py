"""The header line of a run: what was run, with what, and what this set-up cannot do."""

from __future__ import annotations

import time
from collections.abc import Sequence

import conformance
from conformance.fabric.fabric import Fabric
from conformance.federation import default_federation_path
from conformance.runs.earlier import digest
from conformance.runs.plan import BenchPlan
from conformance.runs.versions import git_commit, tool_versions
from conformance.vocabulary.federation import CoreKind, Federation
from conformance.vocabulary.results import RunHeader

LIMITS = (
    "Home access point: tunnels carry UDP only; their identifiers come from the federation file, not from GTP-C.",
)


_PLAYED_BY = {
    CoreKind.EMULATED: "Core emulated: {} played by netlab-conformance itself; partners' software is not exercised.",
    CoreKind.KAMAILIO: "Core kamailio: {} Kamailio as P-, I- and S-CSCF, presence server and XDMS, and BIND as DNS; "
    "HSS, application server and gateway are those of netlab-conformance.",
}
_VERB = {CoreKind.EMULATED: ("is", "are"), CoreKind.KAMAILIO: ("has", "have")}


def run_header(run_id: str, plan: BenchPlan, fabric: Fabric, words: Sequence[str] = ()) -> RunHeader:
    """Return the header of a run that begins now.

    Args:
        run_id: its name.
        plan: of its bench.
        fabric: of its bench; it need not be up.
        words: what it was begun with; see `earlier.words_to_repeat`.
    """
    federation = fabric.federation
    return RunHeader(
        run=run_id,
        started_ns=time.time_ns(),
        version=conformance.__version__,
        commit=git_commit(),
        federation=f"{federation.name} ({plan.federation_file.name})",
        testbeds={name: testbed.domain for name, testbed in federation.testbeds.items()},
        core=" and ".join(cores_of(federation)),
        cores={name: core for core, names in cores_of(federation).items() for name in names},
        fabric=fabric.name,
        capture_backend=plan.capture_backend,
        tools=tool_versions(),
        limits=[*_choice(plan), *fabric.limits, *LIMITS, *_played_by(federation), *_faults(plan)],
        options=_options(plan),
        words=[*words, f"--fabric={plan.fabric}"],
        federation_digest=digest(plan.federation_file),
    )


def cores_of(federation: Federation) -> dict[CoreKind, list[str]]:
    """Return the IMS testbeds of each core that plays one."""
    found: dict[CoreKind, list[str]] = {}
    for testbed in federation.testbeds.values():
        if testbed.has_ims:
            found.setdefault(testbed.core, []).append(testbed.name)
    return dict(sorted(found.items())) or {CoreKind.EMULATED: []}


def _played_by(federation: Federation) -> list[str]:
    cores = cores_of(federation)
    told = []
    for core, names in cores.items():
        whole = len(cores) == 1
        subject = "the testbeds" if whole else ", ".join(names)
        verb = _VERB[core][whole or len(names) > 1]
        told.append(_PLAYED_BY[core].format(f"{subject} {verb}"))
    return told


def _options(plan: BenchPlan) -> list[str]:
    """Return what has to be said again so that a cell of this run comes out the same."""
    is_usual = plan.federation_file.resolve() == default_federation_path().resolve()
    federation = [] if is_usual else [f"--federation={plan.federation_file}"]
    core = [f"--core={plan.core}"] if plan.core is not None else []
    return (
        federation
        + core
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
