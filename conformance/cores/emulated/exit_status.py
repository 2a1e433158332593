"""What the exit status of a node's process says."""

from __future__ import annotations

import signal

from conformance.vocabulary.errors import BadInput, NetlabError, TestbedDown


def how_it_ended(status: int) -> str:
    """Return it in words; a negative status is that of a signal."""
    if status < 0:
        return f"ended by {signal.Signals(-status).name}"
    return f"exit status {status}"


def error_of(status: int) -> type[NetlabError]:
    """Return what a node that ended so complained of: its input, else that it could not be up."""
    return BadInput if status == BadInput.exit_code else TestbedDown
