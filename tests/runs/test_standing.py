"""What is written down of testbeds that stand, and who may bring them up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.cores.emulated.processes import ProcessMark
from conformance.runs import standing
from conformance.runs.plan import FabricName
from conformance.runs.standing import Running, Standing
from conformance.vocabulary.errors import HarnessFault, NotPermitted

GONE = ProcessMark(pid=os.getpid(), started=1)
"""A process whose id somebody else has now."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "run" / "testbed"


def stood(**changes: object) -> Standing:
    fields: dict[str, object] = {
        "pid": GONE.pid,
        "started": GONE.started,
        "since_ns": 0,
        "federation": "netlab (emulated.toml)",
        "core": "emulated",
        "fabric": FabricName.LOOPBACK,
    }
    return Standing.model_validate(fields | changes)


def test_what_was_written_is_read(folder: Path, tmp_path: Path) -> None:
    assert standing.read(folder) is None
    kept = standing.occupy(folder)
    node = Running(name="uc3m/hss", pid=1, started=2, address="127.1.1.14:3868", log=tmp_path / "log")
    written = stood(running=(node,), ready=True)
    standing.write(folder, written)
    assert standing.read(folder) == written
    assert str(written) == "netlab (emulated.toml), core emulated, fabric loopback"
    standing.forget(folder)
    assert standing.read(folder) is None
    os.close(kept)


def test_a_folder_is_one_persons_at_a_time_and_others_cannot_read_it(folder: Path) -> None:
    kept = standing.occupy(folder)
    assert folder.stat().st_mode & 0o077 == 0
    with pytest.raises(NotPermitted, match="is at work just now"):
        standing.occupy(folder)
    with pytest.raises(NotPermitted, match="is at work just now"):
        standing.end(folder, None)
    os.close(kept)
    os.close(standing.occupy(folder))


def test_who_comes_next_finds_an_empty_folder(folder: Path) -> None:
    (folder / "nodes").mkdir(parents=True)
    (folder / "nodes" / "old.log").touch()
    (folder / "holder.log").touch()
    os.close(standing.occupy(folder))
    assert list(folder.iterdir()) == []


def test_a_process_that_got_the_id_of_a_dead_holder_is_left_alone(folder: Path, tmp_path: Path) -> None:
    os.close(standing.occupy(folder))
    node = Running(name="uc3m/hss", pid=GONE.pid, started=GONE.started, log=tmp_path / "log")
    before = stood(running=(node,))
    standing.write(folder, before)
    assert not before.holder.runs()
    assert not node.lives
    standing.end(folder, before)  # which would end this very process
    assert not folder.exists()


def test_ending_nothing_does_nothing(folder: Path) -> None:
    standing.end(folder, None)
    assert not folder.exists()


@pytest.mark.parametrize("content", ["", "{", '{"pid": 1}', "[]", "\x00"])
def test_what_is_not_ours_is_one_line(folder: Path, content: str) -> None:
    folder.mkdir(parents=True)
    (folder / "standing.json").write_text(content)
    with pytest.raises(HarnessFault, match=r"^[^\n]*standing.json: expected what[^\n]*remove the file$"):
        standing.read(folder)
