"""`netlab run` on a terminal and elsewhere. Its tests are no cells here: nothing binds an address."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.commands.progress import wants_own_output

TESTS = """
import pytest

@pytest.mark.parametrize("number", range(20))
def test_number(number):
    assert number != 7, "seven does not conform"
"""
SHOW_CURSOR, HIDE_CURSOR = b"\x1b[?25h", b"\x1b[?25l"


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    (tmp_path / "test_some.py").write_text(TESTS)
    words = ["run", "--reports", str(tmp_path / "reports"), "--fabric", "loopback", "test_some.py"]
    return [sys.executable, "-m", "conformance.cli", *words]


def environment(**changes: str) -> dict[str, str]:
    unwanted = ("NO_COLOR", "COLUMNS", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST")
    return {name: value for name, value in os.environ.items() if name not in unwanted} | changes


def drawn(command: list[str], folder: Path, **changes: str) -> bytes:
    """Run the command on a terminal of its own and return what it wrote there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment(**{"TERM": "xterm"} | changes)
    ) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                more = os.read(ours, 65536)
            except OSError:  # Linux says so when the last writer has gone
                break
            written += more
            if not more:
                break
        process.wait(timeout=60)
    os.close(ours)
    return written


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_plain_lines_where_nothing_can_be_drawn(command: list[str], tmp_path: Path, workers: list[str]) -> None:
    done = subprocess.run(
        [*command, *workers],
        cwd=tmp_path,
        env=environment(FORCE_COLOR="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.isascii()
    assert all(character.isprintable() or character == "\n" for character in done.stdout)
    lines = done.stdout.splitlines()
    (failing,) = [line for line in lines if line.startswith("differs: ")]
    assert failing.startswith("differs: test_number[7]: AssertionError: seven does not conform")
    assert 1 < len([line for line in lines if " of 20 cells" in line]) <= 10
    assert done.stdout.count("def test_number(number):") == 1  # the mistake itself, once
    assert done.returncode == 4


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_on_a_terminal_progress_is_drawn_and_the_cursor_restored(
    command: list[str], tmp_path: Path, workers: list[str]
) -> None:
    written = drawn([*command, *workers], tmp_path)
    assert re.search(rb" left, \d+:\d\d", written)
    assert "✗ test_number[7]: AssertionError: seven does not conform".encode() in written
    assert written.count(HIDE_CURSOR) == written.count(SHOW_CURSOR) == 1
    assert written.index(HIDE_CURSOR) < written.index(SHOW_CURSOR)
    assert b"bringing up nodes" not in written


def test_no_color_is_respected(command: list[str], tmp_path: Path) -> None:
    assert b"\x1b[31m" in drawn(command, tmp_path)
    assert b"\x1b[31m" not in drawn(command, tmp_path, NO_COLOR="1")


def test_a_terminal_that_cannot_draw_gets_plain_lines(command: list[str], tmp_path: Path) -> None:
    assert b"\x1b" not in drawn(command, tmp_path, TERM="dumb")


def test_pytest_alone_keeps_its_own_output(tmp_path: Path, command: list[str]) -> None:
    words = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "test_some.py"]
    done = subprocess.run(words, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert "1 failed, 19 passed" in done.stdout
    assert "cells" not in done.stdout


@pytest.mark.parametrize(
    ("options", "own"),
    [(["-v"], True), (["-xvs"], True), (["-rA"], True), (["--tb=short"], True), (["--collect-only"], True),
     (["-m", "registration"], False), (["--core", "emulated"], False), (["--reports=x", "-n2", "-x"], False)],
)  # fmt: skip
def test_who_asks_for_what_pytest_prints_gets_it(options: list[str], own: bool) -> None:
    assert wants_own_output(options) is own
