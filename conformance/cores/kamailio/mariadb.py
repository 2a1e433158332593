"""A MariaDB server of an HSS: a child of its node, at a socket in the node's folder and nowhere else.

Its system tables are made once a version and kept in the user's cache, because that takes longer than everything else;
each start begins with a copy, and what it has kept outlives no run.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from conformance.cores.emulated.control import short_name
from conformance.cores.emulated.node import NodeContext
from conformance.cores.kamailio.program import INSIDE, RESOLVER, Program, running
from conformance.vocabulary.errors import TestbedDown

SOCKET = "mariadb.sock"
_DATA = "mariadb"
_SERVER, _INSTALLER = "mariadbd", "mariadb-install-db"
_ADVICE = "apt-get install --no-install-recommends mariadb-server"
_AGAIN_S = 0.02
_INNODB = ("--innodb-log-file-size=4M", "--innodb-data-file-path=ibdata1:10M:autoextend")
"""The same when tables are made and when they are used."""
_COMMAND = (
    *(_SERVER, "--no-defaults", "--user=root", f"--datadir={INSIDE}/{_DATA}", f"--socket={INSIDE}/{SOCKET}"),
    # Who may open the socket may read the keys: it lies in a folder of root's.
    *("--skip-networking", "--skip-grant-tables", f"--pid-file={INSIDE}/mariadb.pid"),
    *("--innodb-buffer-pool-size=8M", "--performance-schema=OFF", "--key-buffer-size=1M"),
    # What it keeps has to outlive its process, and not the machine's power.
    *("--innodb-flush-method=nosync", "--sync-frm=OFF"),
    *_INNODB,
)


def require_mariadb() -> None:
    """Return where the server is installed.

    Raises:
        TestbedDown: it is not.
    """
    for program in (_SERVER, _INSTALLER):
        if shutil.which(program) is None:
            raise TestbedDown(
                f"database mariadb: expected the program {program}, found none; run: {_ADVICE}, "
                'or write database = "sqlite" into the federation file'
            )


@asynccontextmanager
async def mariadb(context: NodeContext) -> AsyncIterator[tuple[Path, Program]]:
    """Run a server for a node; yield its socket once it listens, and the program.

    Raises:
        TestbedDown: it is not installed, or ends at once; with its own line.
    """
    require_mariadb()
    folder = context.folder
    folder.chmod(0o700)
    (folder / SOCKET).unlink(missing_ok=True)
    (folder / RESOLVER).touch()
    if not (folder / _DATA).is_dir():
        await asyncio.to_thread(_copy_tables, folder / _DATA)
    async with running(folder.parent, context.name, folder, _COMMAND) as program:
        while not listens(folder / SOCKET):
            if not program.runs:
                await program.until_end()
            # Not an event that one could wait for: the state of another process is only seen by asking again.
            await asyncio.sleep(_AGAIN_S)
        yield folder / SOCKET, program


def listens(path: Path) -> bool:
    """Whether somebody accepts connections at a socket: its file is there some moments before that."""
    with short_name(path) as name, socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(name) == 0


def _copy_tables(target: Path) -> None:
    shutil.copytree(_tables(), target)


def _tables() -> Path:
    """Return system tables of the installed version; they are made where the cache has none."""
    version = subprocess.run([_SERVER, "--version"], capture_output=True, text=True, check=False).stdout
    name = "".join(c if c.isalnum() or c in ".-" else "_" for c in version.partition("Ver ")[2].split(" ")[0])
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netlab" / "mariadb"
    found = cache / (name or "unknown")
    if found.is_dir():
        return found
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as making:
            made = Path(making) / _DATA
            command = [_INSTALLER, "--no-defaults", f"--datadir={made}", "--user=root"]
            command += ["--auth-root-authentication-method=normal", "--skip-test-db", *_INNODB]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
            if done.returncode != 0:
                raise TestbedDown(f"{_INSTALLER}: {(done.stderr or done.stdout).strip().splitlines()[-1][:200]}")
            if not found.is_dir():  # another node was faster
                made.rename(found)
    except FileExistsError:
        pass
    except OSError as error:
        raise TestbedDown(
            f"{error.filename or cache}: {error.strerror}; set XDG_CACHE_HOME to a writable folder"
        ) from None
    return found
