"""The pytest plugin: options, cells as parameters, verdicts as outcomes.

A test case is a function that takes `cell` and carries the marker `flow`:

    @pytest.mark.registration
    @pytest.mark.flow("registration-home", credentials="aka")
    def test_registration(cell: Cell) -> None:
        cell.terminal().register()

When the function returns, the cell's capture is closed and judged, and pytest is told what the verdict pair
means. Nothing happens in runs without such test cases.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from conformance.cores.emulated.node import is_emulated
from conformance.faults.catalogue import TERMINAL, load_catalogue
from conformance.federation import default_federation_path, load_federation
from conformance.federation.matrix import Cell as Square
from conformance.options import add_options
from conformance.report.allure_results import attach_result
from conformance.report.allure_run import write_run_files
from conformance.report.junit_properties import junit_properties
from conformance.requirements.covered import requirements_of
from conformance.runs.bench import Bench, NotRun, make_fabric
from conformance.runs.cell import (
    CALLEE,
    CALLER,
    JUDGED,
    STANDARD,
    Cell,
    CellIdentity,
    error_result,
    not_applicable,
    not_run,
)
from conformance.runs.choice import FabricChoice, choose_fabric
from conformance.runs.deadline import deadline, usual_deadline_s
from conformance.runs.earlier import Earlier, require_same, rerun_failed, resumed, unfinished_run, words_to_repeat
from conformance.runs.expected import (
    FILE_NAME,
    Deviation,
    Expectation,
    deviations_of_core,
    expectation,
    load_expected,
)
from conformance.runs.folder import RUN_FILE, RunFolder, named_run, new_run_id, open_run, read_lines
from conformance.runs.header import run_header
from conformance.runs.leftovers import clear_leftovers
from conformance.runs.outcome import Outcome, explain, outcome
from conformance.runs.parties import called_party, first_party
from conformance.runs.plan import BenchPlan, FabricName, parse_faults
from conformance.runs.publish import publish
from conformance.runs.selection import missing_feature, other_fabric, squares
from conformance.runs.sheet import configuration, read_sheet
from conformance.terminals.programs.catalogue import PROGRAMS, why_not
from conformance.vocabulary.errors import BadInput, NetlabError, TestbedDown
from conformance.vocabulary.federation import CoreKind, Federation, NodeKind
from conformance.vocabulary.results import CellResult, RunHeader
from conformance.vocabulary.verdicts import Verdict, VerdictPair

GROUPS = (
    "registration", "call", "message", "presence", "iptv", "terminals", "dns", "qos", "vpn", "security", "onepass",
    "mishap",
)  # fmt: skip
ALLURE_FOLDER = "allure_report_dir"
"""Where allure-pytest keeps its `--alluredir`."""
RUN = pytest.StashKey[RunFolder]()
PLAN = pytest.StashKey[BenchPlan]()
EARLIER = pytest.StashKey[Earlier]()
WORDS = pytest.StashKey[Sequence[str]]()
"""What the run was begun with."""
FEDERATION = pytest.StashKey[Federation]()
"""As its file describes it, played by the core of the run; read once."""
SQUARES = pytest.StashKey[dict[str, list[Square]]]()
"""The cells of each marker `flow` that was met: many test cases have the same."""
DEVIATIONS = pytest.StashKey[Sequence[Deviation]]()
OF_CORE = pytest.StashKey[Mapping[str, Sequence[Deviation]]]()
"""Known deviations of the software that plays a home network, by testbed."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the harness; `netlab run` takes the same."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers and decide the run's folder; under xdist all workers share it."""
    for name in GROUPS:
        config.addinivalue_line("markers", f"{name}: test cases of the group {name}")
    for words in (
        "flow(id, access='none', credentials='aka', roaming=True, callee=None, callee_credentials=None, "
        "transport='udp', each=None, then=()): "
        "the flow that the cell must follow, those of the procedures after it, and the cells",
        "expected(interoperability='PASS', conformance='PASS', criteria=()): what is expected where not PASS/PASS",
        "fault(node, name, at='home'): that node misbehaves in this cell, on purpose",
        "fabric(name, ip=None): NOT_APPLICABLE on another fabric, or where the federation has another version of IP",
        "program(name, plays=('caller',)): that real program is the terminal of caller, callee or both; NOT_APPLICABLE "
        "where it is missing or cannot play it",
        "feature(name, of='home'): NOT_APPLICABLE where that testbed does not declare the feature",
    ):
        config.addinivalue_line("markers", words)
    config.stash[SQUARES] = dict[str, list[Square]]()
    worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
    reports = Path(config.getoption("--reports")).absolute()
    try:
        config.stash[EARLIER] = _earlier(config, reports)
        config.stash[PLAN] = _plan(config)
        config.stash[DEVIATIONS] = _deviations(config)
        testbeds = config.stash[FEDERATION].testbeds.values()
        config.stash[OF_CORE] = {testbed.name: deviations_of_core(testbed.core) for testbed in testbeds}
    except BadInput as error:
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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test a cell."""
    marker = metafunc.definition.get_closest_marker("flow")
    if marker is None or "cell" not in metafunc.fixturenames:
        return
    known = metafunc.config.stash[SQUARES]
    wanted = repr(sorted(marker.kwargs.items()))
    try:
        if wanted not in known:
            full = metafunc.config.getoption("--full")
            known[wanted] = squares(metafunc.config.stash[FEDERATION], marker.kwargs, full=full)
    except BadInput as error:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: {error}") from None
    # What the options leave out is not even made. Of nothing pytest would make a test that is skipped.
    found = [square for square in known[wanted] if _is_asked_for(square, metafunc.config)] or known[wanted][:1]
    metafunc.parametrize("cell", found, ids=[square.id for square in found], indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the cells that --home, --visited, --third and --access leave out."""
    earlier = config.stash[EARLIER]
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        square = _square(item)
        is_wanted = square is None or (_is_asked_for(square, config) and earlier.wants((_test_case(item), item.name)))
        (kept if is_wanted else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _is_asked_for(square: Square, config: pytest.Config) -> bool:
    homes, visits, thirds, access = (config.getoption(f"--{name}") for name in ("home", "visited", "third", "access"))
    return (
        (not homes or square.home in homes)
        and (not visits or square.visited in visits)
        and (not thirds or square.third in thirds)
        and access in (None, square.access_point)
    )


def _square(item: pytest.Item) -> Square | None:
    call = getattr(item, "callspec", None)
    square = call.params.get("cell") if call else None
    return square if isinstance(square, Square) else None


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
    federation = load_federation(file).played_by(core)
    config.stash[FEDERATION] = federation
    for option in ("--home", "--visited", "--third"):
        for name in config.getoption(option):
            if name not in federation.testbeds:
                raise BadInput(f"{option} {name}: no such testbed; expected one of {', '.join(federation.testbeds)}")
    fabric = _fabric(config, federation)
    plan = BenchPlan(
        federation_file=file,
        worker=int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")),
        capture_backend=config.getoption("--capture-backend"),
        fabric=fabric.name,
        core=core,
        faults=parse_faults(config.getoption("--fault"), federation),
        fabric_reason=fabric.reason,
    )
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
    identity = _identity(request.node, request.param)
    run = request.config.stash[RUN]
    if isinstance(bench, NetlabError):
        _stop(request.node, identity, run, bench)
    reason = _missing_feature(request.node, request.param, bench) or _missing_program(identity, bench)
    if reason is not None:
        result = not_applicable(identity, run, reason)
        _describe(request.node, result)
        pytest.skip(explain(result))
    try:
        misbehaving = _misbehave(request.node, request.param, bench)
        opened = Cell(identity, bench, run)
    except NotRun as error:
        result = not_run(identity, run, error)
        _describe(request.node, result)
        pytest.skip(explain(result))
    except NetlabError as error:
        _stop(request.node, identity, run, error)
    yield opened
    opened.leave()
    for node in misbehaving:
        bench.core.start_node(node)


def _stop(item: pytest.Item, identity: CellIdentity, run: RunFolder, error: NetlabError) -> NoReturn:
    """Make an ERROR of a cell that cannot even be opened."""
    kind = CellWithoutTestbed if isinstance(error, TestbedDown) else CellError
    if not (run.path / RUN_FILE).exists():  # the run itself could not begin
        raise kind(str(error)) from None
    result = error_result(identity, run, error)
    _describe(item, result)
    raise kind(explain(result)) from None


def _describe(item: pytest.Item, result: CellResult) -> None:
    """Tell JUnit and Allure of a cell, whatever its outcome."""
    item.user_properties += junit_properties(result)
    if item.config.getoption(ALLURE_FOLDER, None):
        folder = item.config.stash[RUN].path / result.folder
        attach_result(result, folder, requirements_of(result.test_case))


def _testbed(square: Square, side: str) -> str:
    return {"home": square.home, "visited": square.visited}[side]


def _missing_feature(item: pytest.Item, square: Square, bench: Bench) -> str | None:
    """Return why the cell does not apply: another fabric, a missing feature, a node that cannot misbehave."""
    for marker in item.iter_markers("fabric"):
        if (
            reason := other_fabric(bench.fabric.name, marker.args[0], bench.federation, marker.kwargs.get("ip"))
        ) is not None:
            return reason
    for marker in item.iter_markers("fault"):
        kind, fault = marker.args
        testbed = bench.federation.testbeds[_testbed(square, marker.kwargs.get("at", "home"))]
        if not is_emulated(testbed, NodeKind(kind)):
            return f"{testbed.name}/{kind} is played by core {testbed.core}, which cannot show {fault} on purpose"
    for marker in item.iter_markers("feature"):
        testbed = bench.federation.testbeds[_testbed(square, marker.kwargs.get("of", "home"))]
        reason = missing_feature(bench.plan.federation_file, testbed, marker.args[0])
        if reason is not None:
            return reason
    return None


def _missing_program(identity: CellIdentity, bench: Bench) -> str | None:
    """Return why the program that the cell wants as its terminal cannot play it."""
    if identity.terminal not in PROGRAMS:
        return None
    if bench.plan.faults.get(TERMINAL):
        return f"{identity.terminal} does not misbehave on purpose: --fault {TERMINAL}=... is for our own terminal"
    parties = {CALLER: first_party, CALLEE: called_party}
    played = (parties[one](bench.federation, identity.square).subscriber for one in identity.plays)
    return next((reason for one in played if (reason := why_not(identity.terminal, one)) is not None), None)


def _misbehave(item: pytest.Item, square: Square, bench: Bench) -> list[str]:
    """Restart the nodes that the test case wants to misbehave; return their names."""
    faults: dict[str, set[str]] = {}
    for marker in item.iter_markers("fault"):
        kind, fault = marker.args
        name = fault.format(home=square.home, visited=square.visited)
        load_catalogue().check([name], kind)
        faults.setdefault(f"{_testbed(square, marker.kwargs.get('at', 'home'))}/{kind}", set()).add(name)
    for node, names in faults.items():
        bench.core.start_node(node, faults=frozenset(names))
    return list(faults)


def _identity(item: pytest.Item, square: Square) -> CellIdentity:
    assert isinstance(item, pytest.Function)
    marker = item.get_closest_marker("flow")
    assert marker is not None
    identifier = _test_case(item)
    sheet = read_sheet(identifier, configuration(square), item.function.__doc__)
    return CellIdentity(
        name=item.name,
        test_case=identifier,
        title=sheet.purpose,
        square=square,
        flow=marker.args[0],
        then=tuple(marker.kwargs.get("then", ())),
        sheet=sheet,
        terminal=_program(item),
        plays=_plays(item),
        expected=expectation(item.name, _of_test_case(item), _known(item.config, square)),
    )


def _test_case(item: pytest.Item) -> str:
    """Return the identifier of an item's test case: folder, file and function."""
    name = getattr(item, "originalname", item.name)
    return f"{item.path.parent.name}/{item.path.stem.removeprefix('test_')}/{name}"


def _known(config: pytest.Config, square: Square) -> Sequence[Deviation]:
    """Return the known deviations of a cell: what the user says goes before what is known of a core."""
    return (*config.stash[DEVIATIONS], *config.stash[OF_CORE][square.home])


def _program(item: pytest.Item) -> str:
    """Return what the marker `program` names, else `standard`."""
    marker = item.get_closest_marker("program")
    if marker is None:
        return STANDARD
    if marker.args[0] not in PROGRAMS:
        raise pytest.UsageError(f"{item.nodeid}: program {marker.args[0]}: expected one of {', '.join(PROGRAMS)}")
    return str(marker.args[0])


def _plays(item: pytest.Item) -> tuple[str, ...]:
    """Return whose terminal the marker `program` means."""
    marker = item.get_closest_marker("program")
    plays = (CALLER,) if marker is None else tuple(marker.kwargs.get("plays", (CALLER,)))
    if not plays or not set(plays) <= {CALLER, CALLEE}:
        raise pytest.UsageError(f"{item.nodeid}: program plays={plays!r}: expected '{CALLER}', '{CALLEE}' or both")
    return plays


def _of_test_case(item: pytest.Item) -> Expectation:
    """Return what the marker `expected` says: a test case may drive a terminal that does not conform."""
    marker = item.get_closest_marker("expected")
    if marker is None:
        return Expectation()
    pair = (Verdict(marker.kwargs.get(name, Verdict.PASS)) for name in VerdictPair._fields)
    return Expectation(VerdictPair(*pair), tuple(marker.kwargs.get("criteria", ())))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Take up the run that is resumed, in the process that all workers belong to."""
    config = session.config
    if hasattr(config, "workerinput") or not config.stash[EARLIER].resumed or config.getoption("collectonly"):
        return
    run, plan = config.stash[RUN], config.stash[PLAN]
    try:
        require_same(open_run(run.path).header, run_header(run.run_id, plan, make_fabric(plan, Path())))
    except BadInput as error:
        raise pytest.UsageError(str(error)) from None
    run.take_up()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Judge the cell when its test case has returned or was stopped, and turn the verdicts into an outcome."""
    opened = pyfuncitem.funcargs.get("cell")
    if not isinstance(opened, Cell):
        return (yield)
    stopped_by: Exception | None = None
    try:
        with deadline(_deadline_s(pyfuncitem), Path(inspect.unwrap(pyfuncitem.function).__code__.co_filename)):
            yield
    except Exception as error:  # noqa: BLE001 - judged below; what is not ours to judge is raised again
        stopped_by = error
    result = opened.finish(stopped_by)
    _describe(pyfuncitem, result)
    if stopped_by is not None and not isinstance(stopped_by, JUDGED):
        raise stopped_by
    match outcome(result, strict=pyfuncitem.config.getoption("--inconclusive") == "fail"):
        case Outcome.PASSED:
            return True
        case Outcome.SKIPPED:
            pytest.skip(explain(result))
        case Outcome.FAILED:
            pytest.fail(explain(result), pytrace=False)
        case Outcome.ERROR:
            is_down = isinstance(stopped_by, TestbedDown) or result.node_logs
            raise (CellWithoutTestbed if is_down else CellError)(explain(result))


def _deadline_s(item: pytest.Item) -> float:
    asked: float | None = item.config.getoption("--cell-deadline")
    slow = item.get_closest_marker("slow") is not None
    return asked or usual_deadline_s(item.config.stash[FEDERATION].timers, slow=slow)


class CellError(Exception):
    """A cell that could not be judged: our fault, or a testbed that is down."""


class CellWithoutTestbed(CellError):
    """A cell that could not be judged because a testbed is down; Allure's categories know it by this name."""


def _has_cell(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and isinstance(item.funcargs.get("cell"), Cell)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report an ERROR as pytest reports everything that kept a test from being held: as an error, not a failure."""
    report = yield
    stopped_by = call.excinfo.value if call.excinfo is not None else None
    if isinstance(stopped_by, CellError):
        report.when = "setup"
        report.longrepr = str(stopped_by)
    elif call.when == "call" and isinstance(stopped_by, Exception) and _has_cell(item):
        report.when = "setup"  # the test case itself is wrong: its author needs the traceback
    return report


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the footer and the report, once, when the last worker has finished."""
    if hasattr(session.config, "workerinput"):
        return
    run = session.config.stash[RUN]
    if (run.path / RUN_FILE).exists():
        resumed = session.config.stash[EARLIER].resumed
        nothing_left = resumed and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
        run.finish(int(pytest.ExitCode.OK if nothing_left else exitstatus))
        publish(run.path)
        allure_folder = session.config.getoption(ALLURE_FOLDER, None)
        header = read_lines(run.path)[0]
        if allure_folder and isinstance(header, RunHeader):
            write_run_files(Path(allure_folder), header)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """End with the place of the report, unless no summary is wanted."""
    run = config.stash[RUN]
    if not config.getoption("no_summary") and (run.path / "index.html").exists():
        terminalreporter.write_line(f"netlab report: {run.path / 'index.html'}")
