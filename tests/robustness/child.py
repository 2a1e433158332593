"""Judges captures, one after the other, and says of each what went wrong; a process of its own.

`python -m tests.robustness.child` reads a `Task` a line from its standard input, runs `netlab validate` on it in this
process, and writes a `Result` a line, both as JSON. Whoever started it keeps the deadline, and sees by the missing line
which capture ended the process.
"""

from __future__ import annotations

import io
import json
import re
import resource
import sys
import time
import traceback
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from conformance.cli import main
from conformance.vocabulary.errors import Exit
from conformance.vocabulary.results import Judgement

MEMORY_AT_MOST = 1 << 30
"""Octets that the command and its largest helper process may take together."""
_ADDRESSES_AT_MOST = 4 << 30
"""Beyond this nothing is given to the process any more, so that a mistake does not take the machine down."""
_LINE_AT_MOST = 3_000
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]")
_BROKEN_CHECK = re.compile(r"the check of [A-Z]+-[0-9]+ broke: .{0,200}")


@dataclass(frozen=True)
class Task:
    """One capture to be judged."""

    file: str
    beside: str | None
    federation: str | None
    as_json: bool


@dataclass(frozen=True)
class Result:
    """What became of it."""

    exit_code: int
    seconds: float
    memory: int
    """Octets, an upper bound: the most that this process ever had, and the most that one of its helpers ever had. A
    helper that takes less than this process counts as much as it, because it is forked from it."""
    faults: list[str]
    """What may not be; empty where all is well."""


def run(task: Task) -> Result:
    """Judge one capture with `netlab validate`."""
    arguments = ["validate", task.file, *([task.beside] if task.beside else [])]
    arguments += ["--json"] * task.as_json + (["--federation", task.federation] if task.federation else [])
    out, err, faults, code = io.StringIO(), io.StringIO(), [], -1
    begin = time.monotonic()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main(arguments)
        except Exception:  # noqa: BLE001  (that nothing gets here is what is tested)
            faults.append(traceback.format_exc(limit=-4))
    seconds = time.monotonic() - begin
    if not faults:
        faults = wrong_with(code, out.getvalue(), err.getvalue(), task)
    memory = sum(1024 * resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    if memory > MEMORY_AT_MOST:
        faults.append(f"{memory >> 20} MiB of memory")
    if left := _children():
        faults.append(f"processes are left: {left}")
    return Result(code, round(seconds, 2), memory, faults)


def wrong_with(code: int, out: str, err: str, task: Task) -> list[str]:
    """Return what is wrong with what the command said.

    Args:
        code: exit code.
        out: standard output.
        err: standard error.
        task: what it was told to do.
    """
    wrong = [f"exit code {code}"] if code not in set(Exit) else []
    if err:
        lines = err.splitlines()
        if len(lines) != 1 or not err.startswith("netlab: ") or len(err) > _LINE_AT_MOST or _CONTROL.search(err[:-1]):
            wrong.append(f"standard error is not one plain line: {err[:600]!r}")
        if task.file not in err:
            wrong.append(f"the line does not name the file: {err[:600]!r}")
        if code != Exit.USAGE:
            wrong.append(f"a bad capture is told as exit code {code}: {err[:600]!r}")
    elif code == Exit.USAGE or not out.strip():
        wrong.append("nothing was said")
    if broken := _BROKEN_CHECK.search(out):
        wrong.append(broken.group())
    if task.as_json and not err:
        try:
            Judgement.model_validate_json(out)
        except ValueError as error:
            wrong.append(f"no JSON of a judgement: {str(error)[:300]}")
    elif control := _CONTROL.search(out):
        wrong.append(f"a control character in the output: {out[max(0, control.start() - 80) : control.end() + 20]!r}")
    elif longest := max((line for line in out.splitlines() if len(line) > _LINE_AT_MOST), key=len, default=""):
        wrong.append(f"a line of {len(longest)} characters: {longest[:200]!r}")
    return wrong


def _children() -> list[str]:
    found: list[str] = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # the thread has just ended
            found += (task / "children").read_text().split()
    return found


def loop() -> None:
    """Take tasks from the standard input until it ends."""
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES_AT_MOST, _ADDRESSES_AT_MOST))
    for line in sys.stdin:
        print(json.dumps(asdict(run(Task(**json.loads(line))))), flush=True)


if __name__ == "__main__":
    loop()
