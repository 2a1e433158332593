"""`netlab run`: pytest on the test cases, with Allure and JUnit results beside the report."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from conformance.commands.progress import OPTIONS, ProgressPlugin, own_copy_of_standard_output, wants_own_output
from conformance.commands.run_summary import print_summary
from conformance.report.text import visible
from conformance.runs.brief import RunBrief, read_brief
from conformance.runs.earlier import unfinished_run, words_to_repeat
from conformance.runs.folder import RUN_FILE, named_run, new_run_id, open_run
from conformance.runs.outcome import Outcome, outcome
from conformance.runs.plan import AUTO, FabricName
from conformance.runs.publish import REPORT_FILE
from conformance.vocabulary.errors import BadInput, Exit, NotPermitted
from conformance.vocabulary.verdicts import Verdict

_WITH_FILE = ("--federation", "--expected")
"""Options whose value is a file, which pytest and we would take for the place of test cases."""


def add(commands: Any) -> None:
    """Declare the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "run",
        help="bring up the testbeds, run the test cases, write the report",
        description="Takes every pytest option; pytest --help shows ours: --fault, --federation, --capture-backend",
    )
    command.add_argument("--reports", type=Path, default=Path("reports"), help="where runs are written")
    command.add_argument(
        "--fabric",
        choices=[AUTO, *FabricName],
        default=None,
        help="how the hosts are joined (default: namespaces where the machine allows them, else loopback)",
    )
    command.add_argument(
        "--resume",
        nargs="?",
        const="",
        metavar="RUN",
        help="finish a run that was cut short, with its own options: the newest one, or --resume=RUN",
    )
    command.add_argument(
        "--rerun-failed",
        nargs="?",
        const="latest",
        metavar="RUN",
        help="a new run of those cells of the newest run, or of --rerun-failed=RUN, that did not come out as expected",
    )
    command.set_defaults(execute=execute, passes_options_on=True)


def execute(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Run the test cases and return the exit code of the run."""
    _require_writable(arguments.reports)
    rest, earlier, run_id = _words(arguments, _joined(rest))
    folder: Path = arguments.reports.absolute() / run_id
    before = len(open_run(folder).lines) if (folder / RUN_FILE).exists() else 0
    options = [
        "-pconformance.plugin",
        f"--reports={arguments.reports}",
        f"--fabric={arguments.fabric or AUTO}",
        f"--words={json.dumps(rest)}",
        *earlier,
        f"--run-id={run_id}",
        f"--junitxml={_new_file(folder / 'junit.xml')}",
        f"--alluredir={folder / 'allure'}",
        "--quiet",
        # This package is imported already; it has no assertions that pytest would have to rewrite.
        "-Wignore::pytest.PytestAssertRewriteWarning",
        # pytest's notes for --last-failed go to the checkout, which may be somebody else's.
        "-Wignore::pytest.PytestCacheWarning",
    ]
    paths = [] if any(_is_path(word) for word in rest) else [str(_test_cases())]
    mistakes: list[str] = []
    planned = before
    if wants_own_output(rest):
        status = pytest.main([*options, *rest, *paths])
    else:
        status, plugin = _with_progress([*options, *OPTIONS, *rest, *paths], folder)
        mistakes, planned = plugin.texts, before + plugin.progress.total
    if not (folder / RUN_FILE).exists() or status == pytest.ExitCode.USAGE_ERROR:
        print(visible("\n\n".join(mistakes)))
        return _without_a_run(int(status))
    run = read_brief(folder)
    print_summary(run, arguments.reports / "latest" / REPORT_FILE, mistakes, planned)
    code = exit_code(run)
    # A mistake of a test case fails its test whatever the verdicts of the cell are.
    return int(Exit.BROKEN if status == pytest.ExitCode.TESTS_FAILED and code is Exit.AS_EXPECTED else code)


def _with_progress(options: list[str], folder: Path) -> tuple[int, ProgressPlugin]:
    """Run pytest and show how far it is; return its exit code, and the plugin that counted."""
    with own_copy_of_standard_output() as output:
        plugin = ProgressPlugin(folder, output)
        try:
            return pytest.main(options, plugins=[plugin]), plugin
        finally:
            plugin.close()


def exit_code(run: RunBrief) -> Exit:
    """Return the exit code that the cells of a run deserve."""
    if not run.cells:
        return Exit.NOTHING
    outcomes = {outcome(cell) for cell in run.cells}
    if Outcome.ERROR in outcomes or run.cut_short:
        return Exit.BROKEN
    if Outcome.FAILED in outcomes:
        return Exit.DIFFERS
    if any(Verdict.INCONCLUSIVE in cell.pair and not cell.as_expected for cell in run.cells):
        return Exit.INCONCLUSIVE
    return Exit.AS_EXPECTED


def _words(arguments: argparse.Namespace, rest: list[str]) -> tuple[list[str], list[str], str]:
    """Return what the user tells pytest, the option that names an earlier run, and the name of this one.

    Raises:
        BadInput: no such run, or other options for a run that has its own.
    """
    if arguments.resume is not None:
        if rest or arguments.fabric or arguments.rerun_failed is not None:
            raise BadInput("netlab run --resume: the run goes on with its own options; leave the others out")
        folder = unfinished_run(arguments.resume, arguments.reports)
        return open_run(folder).header.words, [f"--resume={folder.name}"], folder.name
    if arguments.rerun_failed is not None:
        folder = named_run(arguments.rerun_failed, arguments.reports).resolve()
        fabric = [f"--fabric={arguments.fabric}"] if arguments.fabric else []
        words = words_to_repeat(open_run(folder).header.words)
        return [*words, *fabric, *rest], [f"--rerun-failed={folder.name}"], new_run_id()
    return rest, [], new_run_id()


def _new_file(file: Path) -> Path:
    """Return the file, or `junit-2.xml` where there is one from before the run was taken up again."""
    number, found = 1, file
    while found.exists():
        number += 1
        found = file.with_stem(f"{file.stem}-{number}")
    return found


def _require_writable(reports: Path) -> None:
    """Raise NotPermitted where no run can be written, before anything is started."""
    try:
        reports.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=reports):
            pass
    except OSError as error:
        raise NotPermitted(
            f"{reports.absolute()}: no run can be written there ({error.strerror}); name another folder with --reports"
        ) from None


def _joined(words: list[str]) -> list[str]:
    """Write `--federation FILE` as `--federation=FILE`."""
    found: list[str] = []
    for word in words:
        if found and found[-1] in _WITH_FILE:
            found[-1] += f"={word}"
        else:
            found.append(word)
    return found


def _is_path(word: str) -> bool:
    return not word.startswith("-") and Path(word.split("::")[0]).exists()


def _test_cases() -> Path:
    for root in (Path.cwd(), Path(__file__).resolve().parents[2]):
        if (root / "testcases").is_dir():
            return root / "testcases"
    raise BadInput("testcases: no such folder here; run netlab in the checkout, or name the test cases")


def _without_a_run(status: int) -> int:
    """Translate pytest's code where no cell was ever begun."""
    if status in (pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.OK):
        return int(Exit.NOTHING)
    return int(Exit.USAGE if status == pytest.ExitCode.USAGE_ERROR else Exit.BROKEN)
