"""A program as a child process: its lines, its end, and that it does not outlive the harness."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.cores.emulated.processes import ProcessMark
from conformance.terminals.programs.child import ProgramChild
from conformance.vocabulary.errors import HarnessFault, NotPermitted

PARENT = """
import os, signal, sys
from pathlib import Path
from conformance.terminals.programs.child import ProgramChild
folder = Path(sys.argv[1])
child = ProgramChild(["sleep", "60"], folder=folder, speaks="stdout", log=folder / "log")
print(child._process.pid, flush=True)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., ProgramChild]]:
    made: list[ProgramChild] = []

    def make(*arguments: str, **other: object) -> ProgramChild:
        values = {"folder": tmp_path, "speaks": "stdout", "log": tmp_path / "log"} | other
        made.append(ProgramChild(arguments, **values))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for child in made:
        child.kill()


def soon() -> float:
    return time.monotonic() + 5


def test_lines_come_as_they_are_written_then_the_end(start: Callable[..., ProgramChild], tmp_path: Path) -> None:
    child = start("sh", "-c", "echo one; echo two >&2; printf three; exit 7")
    assert [child.next_line(soon()) for _ in range(4)] == ["one", "three", None, None]
    assert child.wait(soon()) == 7
    assert not child.runs
    assert (tmp_path / "log").read_text() == "one\nthree"


def test_the_other_output_can_be_the_one_that_is_read(start: Callable[..., ProgramChild]) -> None:
    child = start("sh", "-c", "echo one; echo two >&2", speaks="stderr")
    assert [child.next_line(soon()) for _ in range(2)] == ["two", None]


def test_a_line_without_end_is_cut(start: Callable[..., ProgramChild]) -> None:
    child = start("sh", "-c", "head -c 10000 /dev/zero | tr '\\0' x")
    assert [len(line) for line in iter(lambda: child.next_line(soon()), None)] == [4096, 4096, 1808]


def test_it_takes_commands_where_it_listens(start: Callable[..., ProgramChild]) -> None:
    child = start("sed", "-u", "s/^/heard /", listens=True)
    child.tell("/dial")
    assert child.next_line(soon()) == "heard /dial"
    child.kill()
    with pytest.raises(HarnessFault, match=r"sed: expected a program that takes '/hangup'"):
        child.tell("/hangup")
    with pytest.raises(HarnessFault, match="it takes no commands"):
        start("cat").tell("/dial")


def test_a_line_that_does_not_come(start: Callable[..., ProgramChild]) -> None:
    child = start("sleep", "60")
    with pytest.raises(TimeoutError):
        child.next_line(time.monotonic() + 0.05)
    with pytest.raises(TimeoutError):
        child.wait(time.monotonic() + 0.05)
    child.ask_to_end()
    assert child.wait(soon()) == -signal.SIGTERM


def test_a_program_that_cannot_be_started(start: Callable[..., ProgramChild]) -> None:
    with pytest.raises(NotPermitted, match=r"^no-such-program: expected a program that starts, found: .*No such file"):
        start("no-such-program")


def test_it_enters_a_place_before_it_becomes_the_program(start: Callable[..., ProgramChild], tmp_path: Path) -> None:
    def enter() -> None:
        (tmp_path / "entered").write_text(str(ProcessMark.of(1) is not None))

    child = start("cat", "entered", enter=enter)
    assert child.next_line(soon()) == "True"


def test_its_environment_holds_nothing_of_ours(
    start: Callable[..., ProgramChild], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UC3M_ALICE_K", "hush")
    child = start("env")
    names = {line.partition("=")[0] for line in iter(lambda: child.next_line(soon()), None)}
    assert names <= {"PATH", "HOME", "LC_ALL", "TERM", "PWD"}


def test_it_does_not_outlive_a_harness_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = ProcessMark.of(int(parent.stdout.readline()))
        assert child is not None
        parent.communicate("now\n")
    assert parent.returncode == -signal.SIGKILL
    assert child.wait_gone(soon())
