"""Where programs' secrets stand: seen by nobody else, and gone with the process."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from conformance.terminals.programs import private_folder
from conformance.terminals.programs.private_folder import PrivateFolder, clear_private_folders

KILLED = """
import os, signal, sys
from pathlib import Path
from conformance.terminals.programs import private_folder
private_folder._root = lambda: Path(sys.argv[1])
folder = private_folder.PrivateFolder()
folder.write("accounts", "hush")
print(folder.path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(private_folder, "_root", lambda: tmp_path)
    return tmp_path


def test_only_the_owner_may_look() -> None:
    folder = PrivateFolder()
    file = folder.write("accounts", "hush")
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    folder.remove()


def test_a_file_is_written_anew_and_never_through_a_link(tmp_path: Path) -> None:
    folder = PrivateFolder()
    (folder.path / "accounts").symlink_to(tmp_path / "elsewhere")
    assert folder.write("accounts", "hush").read_text() == "hush"
    assert folder.write("accounts", "other").read_text() == "other"
    assert not (tmp_path / "elsewhere").exists()
    folder.remove()


def test_it_goes_with_all_that_is_in_it(root: Path) -> None:
    folder = PrivateFolder()
    folder.write("accounts", "hush")
    folder.remove()
    folder.remove()
    assert not list(root.iterdir())


def test_what_a_killed_process_left_is_removed_by_the_next_start(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(root)], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == -signal.SIGKILL
    left = Path(done.stdout.strip())
    assert (left / "accounts").exists()
    clear_private_folders()
    assert not left.exists()


def test_what_a_living_one_uses_stays() -> None:
    folder = PrivateFolder()
    file = folder.write("accounts", "hush")
    clear_private_folders()
    assert file.exists()
    folder.remove()


def test_an_empty_folder_stays_because_it_may_be_locked_a_moment_later(root: Path) -> None:
    (root / "netlab-private-new").mkdir()
    clear_private_folders()
    assert (root / "netlab-private-new").exists()


def test_secrets_stand_in_memory_where_the_machine_has_some(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(private_folder, "_MEMORY", tmp_path)
    assert private_folder._root() == tmp_path
    monkeypatch.setattr(private_folder, "_MEMORY", tmp_path / "none")
    assert private_folder._root() == Path(tempfile.gettempdir())
