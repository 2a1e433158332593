"""Network namespaces by name: entering one, and listing those of the harness.

A namespace is a property of a thread (setns(2)). A socket stays where it was opened, so that whoever needs one in a
namespace enters it, opens the socket, and goes back.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

from conformance.vocabulary.errors import NotPermitted, TestbedDown

FOLDER = Path("/run/netns")
"""Where named namespaces are; `ip netns` reads the same folder."""
PREFIX = "nl-"
"""How the name of every namespace of the harness begins."""

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)  # loaded once, before anything forks


def enter(name: str) -> None:
    """Move this thread into a namespace for good; nothing where the name is empty.

    Raises:
        TestbedDown: there is no such namespace.
        NotPermitted: only root may enter one.
    """
    if not name:
        return
    try:
        descriptor = os.open(FOLDER / name, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise TestbedDown(
            f"network namespace {name}: {error.strerror}; expected one that this run made: was it removed by somebody?"
        ) from None
    try:
        _set(descriptor, name)
    finally:
        os.close(descriptor)


def leave_for_a_new_one() -> None:
    """Move this thread into a new namespace that has no name yet; it ends with the thread unless it is given one.

    Raises:
        OSError: only root may do it, and not everywhere.
    """
    if _libc.unshare(_CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@contextlib.contextmanager
def inside(name: str) -> Iterator[None]:
    """Be in a namespace for a moment, to open sockets there; stay where we are where the name is empty.

    The thread must do nothing else meanwhile: no `await` within.

    Raises:
        TestbedDown: there is no such namespace.
        NotPermitted: only root may enter one.
    """
    if not name:
        yield
        return
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(name)
        try:
            yield
        finally:
            _set(own, "the own one")
    finally:
        os.close(own)


def named(prefix: str = PREFIX) -> list[str]:
    """Return the names of all namespaces that begin like that, in order."""
    try:
        return sorted(entry.name for entry in FOLDER.iterdir() if entry.name.startswith(prefix))
    except OSError:
        return []


def processes_in(name: str) -> list[int]:
    """Return the ids of all processes that are in a namespace (as `ip netns pids` does)."""
    try:
        wanted = (FOLDER / name).stat().st_ino
    except OSError:
        return []
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it ended, or is a kernel thread
                if (entry / "ns" / "net").stat().st_ino == wanted:
                    found.append(int(entry.name))
    return found


def _set(descriptor: int, name: str) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise NotPermitted(f"network namespace {name}: {os.strerror(ctypes.get_errno())}; run as root")
