"""Waiting for a file to grow: inotify(7), which the standard library does not wrap."""

from __future__ import annotations

import ctypes
import os
import select
from types import TracebackType

from conformance.vocabulary.errors import NotPermitted

_IN_MODIFY = 0x00000002
_EVENTS_AT_ONCE = 4096


class Growth:
    """Tells when a file was written to. A context manager.

    Args:
        descriptor: The open file; it needs no name.

    Raises:
        NotPermitted: the user has no inotify instance left.
    """

    def __init__(self, descriptor: int) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        watched = self._inotify >= 0 and libc.inotify_add_watch(
            self._inotify, f"/proc/self/fd/{descriptor}".encode(), _IN_MODIFY
        )
        if self._inotify < 0 or watched < 0:
            reason = os.strerror(ctypes.get_errno())
            self.close()
            raise NotPermitted(
                f"inotify for the capture spool: {reason}; raise the limit with "
                "`sysctl fs.inotify.max_user_instances=512` as root"
            )

    def wait(self, seconds: float) -> bool:
        """Wait until the file was written to since the last call, at most so many seconds; tell whether it was."""
        ready, _, _ = select.select([self._inotify], [], [], seconds)
        if ready:
            os.read(self._inotify, _EVENTS_AT_ONCE)
        return bool(ready)

    def close(self) -> None:
        """Stop watching."""
        if self._inotify >= 0:
            os.close(self._inotify)
            self._inotify = -1

    def __enter__(self) -> Growth:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
