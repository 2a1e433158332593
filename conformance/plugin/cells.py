"""The fixtures: the testbeds of a session, and one cell of them for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import NoReturn

import pytest

from conformance.faults.catalogue import load_catalogue
from conformance.federation.matrix import Cell as Square
from conformance.plugin.applicability import (
    impossible_terminal,
    missing_feature_of,
    missing_program,
    testbed_of,
    wanted_strictness,
)
from conformance.plugin.identity import cell_identity
from conformance.plugin.outcomes import CellError, CellWithoutTestbed, describe
from conformance.plugin.stash import PLAN, RUN, WORDS
from conformance.runs.bench import Bench, NotRun
from conformance.runs.cell import Cell
from conformance.runs.cell_identity import CellIdentity
from conformance.runs.cell_result import error_result, not_applicable, not_run
from conformance.runs.folder import RUN_FILE, RunFolder
from conformance.runs.header import run_header
from conformance.runs.leftovers import clear_leftovers
from conformance.runs.outcome import explain
from conformance.terminals.programs.manual import Person
from conformance.vocabulary.errors import NetlabError, TestbedDown


@pytest.fixture(scope="session")
def bench(request: pytest.FixtureRequest) -> Iterator[Bench | NetlabError]:
    """The testbeds, up and captured; or the error that kept them down, so that every cell can say why."""
    config = request.config
    run = config.stash[RUN]
    try:
        clear_leftovers(run.path.parent)
        made = Bench(config.stash[PLAN], run.path)
        run.begin(run_header(run.run_id, made.plan, made.fabric, config.stash[WORDS]))
        made.start()
    except NetlabError as error:
        yield error
        return
    yield made
    made.stop()


@pytest.fixture
def cell(request: pytest.FixtureRequest, bench: Bench | NetlabError) -> Iterator[Cell]:
    """One cell of the matrix, captured from now until the test case returns."""
    if not isinstance(getattr(request, "param", None), Square):
        pytest.fail(f"{request.node.nodeid}: a test case needs @pytest.mark.flow('<flow id>')", pytrace=False)
    identity = cell_identity(request.node, request.param)
    run = request.config.stash[RUN]
    if isinstance(bench, NetlabError):
        _stop(request.node, identity, run, bench)
    reason = (
        missing_feature_of(request.node, request.param, bench)
        or missing_program(identity, bench)
        or impossible_terminal(request.param, bench)
    )
    if reason is not None:
        result = not_applicable(identity, run, reason)
        describe(request.node, result)
        pytest.skip(explain(result))
    try:
        if not bench.is_shared:
            bench.use_strictness(wanted_strictness(request.node, request.param))
        misbehaving = _misbehave(request.node, request.param, bench)
        opened = Cell(identity, bench, run, _person(request.config))
    except NotRun as error:
        result = not_run(identity, run, error)
        describe(request.node, result)
        pytest.skip(explain(result))
    except NetlabError as error:
        _stop(request.node, identity, run, error)
    yield opened
    opened.leave()
    for node in misbehaving:
        bench.core.start_node(node)


def _person(config: pytest.Config) -> Person | None:
    """Return whom the cells with the marker `manual` may ask: pytest's capture is lifted while they are spoken to.

    None in a worker of a run with several: what it prints reaches nobody.
    """
    if hasattr(config, "workerinput"):
        return None
    capture = config.pluginmanager.getplugin("capturemanager")

    def tell(words: str) -> None:
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            print(f"\n{words}", flush=True)

    return Person(tell, config.getoption("--manual-deadline"))


def _misbehave(item: pytest.Item, square: Square, bench: Bench) -> list[str]:
    """Restart the nodes that the test case wants to misbehave; return their names."""
    faults: dict[str, set[str]] = {}
    for marker in item.iter_markers("fault"):
        kind, fault = marker.args
        name = fault.format(home=square.home, visited=square.visited)
        load_catalogue().check([name], kind)
        faults.setdefault(f"{testbed_of(square, marker.kwargs.get('at', 'home'))}/{kind}", set()).add(name)
    for node, names in faults.items():
        bench.core.start_node(node, faults=frozenset(names))
    return list(faults)


def _stop(item: pytest.Item, identity: CellIdentity, run: RunFolder, error: NetlabError) -> NoReturn:
    """Make an ERROR of a cell that cannot even be opened."""
    kind = CellWithoutTestbed if isinstance(error, TestbedDown) else CellError
    if not (run.path / RUN_FILE).exists():  # the run itself could not begin
        raise kind(str(error)) from None
    result = error_result(identity, run, error)
    describe(item, result)
    raise kind(explain(result)) from None
