"""Where a program's secrets stand while it runs: a folder in memory that nobody else can read.

Programs want keys and passwords in files. Those files never lie among the reports; they go with the terminal, and
after a kill with the next one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own with mode 0700 is made in it
_PREFIX = "netlab-private-"


def _root() -> Path:
    return _MEMORY if os.access(_MEMORY, os.W_OK) else Path(tempfile.gettempdir())


class PrivateFolder:
    """A new folder with mode 0700, in memory where the machine has `/dev/shm`.

    Whoever holds the lock on a folder is alive: the kernel lets go of it when the process ends, however it ends.
    """

    def __init__(self) -> None:
        clear_private_folders()
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_root()))
        self._lock: int | None = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def write(self, name: str, text: str) -> Path:
        """Write a file that only its owner may read; an older one of that name is replaced."""
        file = self.path / name
        with suppress(FileNotFoundError):
            file.unlink()
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        return file

    def remove(self) -> None:
        """Remove the folder and all that is in it; a second call does nothing."""
        if self._lock is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = None


def clear_private_folders() -> None:
    """Remove what processes left behind that were killed; what a living one uses stays."""
    for folder in _root().glob(f"{_PREFIX}*"):
        try:
            if not any(folder.iterdir()):
                continue  # perhaps made a moment ago, and not locked yet: there is no secret in it
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # somebody else's, or gone
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            pass  # its owner is alive
        finally:
            os.close(lock)
