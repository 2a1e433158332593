"""The run around all cells: taken up where it is resumed, ended with footer and report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.plugin.stash import ALLURE_FOLDER, EARLIER, PLAN, RUN
from conformance.report.allure_run import write_run_files
from conformance.runs.bench import make_fabric
from conformance.runs.earlier import require_same
from conformance.runs.folder import RUN_FILE, open_run, read_lines
from conformance.runs.header import run_header
from conformance.runs.publish import publish
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.results import RunHeader


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
