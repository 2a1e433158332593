"""The part of a log that belongs to a cell."""

from __future__ import annotations

from pathlib import Path

from conformance.runs.node_logs import mark, write_since


def test_only_what_was_logged_since_the_mark_is_copied(tmp_path: Path) -> None:
    busy, silent, late = (tmp_path / f"{name}.log" for name in ("busy", "silent", "late"))
    busy.write_text("before\n")
    silent.write_text("before\n")
    marks = mark([busy, silent, late])
    with busy.open("a") as log:
        log.write("in the cell\n")
    late.write_text("new\n")

    write_since(marks, tmp_path / "cell")

    assert {file.name: file.read_text() for file in (tmp_path / "cell").iterdir()} == {
        "busy.log": "in the cell\n",
        "late.log": "new\n",
    }
