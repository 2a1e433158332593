"""What can go wrong, and whose fault it is.

    NetlabError                one clear line: what, where, what was expected, what to do
    ├── BadInput               a file, an option or a capture that we cannot accept         exit 2
    ├── TestbedDown            a node that died or never became ready, a port in use        exit 4
    ├── NotPermitted           the machine does not let us (capture, ports below 1024)      exit 4
    ├── EvidenceMissing        nothing may be concluded: drops, a point not captured        exit 3
    │   └── NothingSeen        a person was asked to do something, and no packet came       exit 3
    └── HarnessFault           our own bug, found by ourselves                              exit 4

A peer that does not conform is never an exception: it is a FAIL with evidence.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the `netlab` command."""

    AS_EXPECTED = 0
    DIFFERS = 1
    USAGE = 2
    INCONCLUSIVE = 3
    BROKEN = 4
    NOTHING = 5


class NetlabError(Exception):
    """Base of all errors that the harness raises on purpose; its text is one line for a person."""

    exit_code: Exit = Exit.BROKEN


class BadInput(NetlabError):
    """A federation file, an option, a capture or partner data that cannot be accepted."""

    exit_code = Exit.USAGE


class TestbedDown(NetlabError):
    """A node of a testbed died, never became ready, or could not start."""

    __test__ = False  # the name begins like a pytest class
    exit_code = Exit.BROKEN


class NotPermitted(NetlabError):
    """The operating system refuses what the run needs."""

    exit_code = Exit.BROKEN


class EvidenceMissing(NetlabError):
    """Nothing may be concluded from what was captured."""

    exit_code = Exit.INCONCLUSIVE


class NothingSeen(EvidenceMissing):
    """A person was asked to do something at a phone, and no packet of it was seen in time."""


class HarnessFault(NetlabError):
    """The harness itself is wrong."""

    exit_code = Exit.BROKEN


class BeyondProgram(NetlabError):
    """A program that plays a terminal has a limit of its own that this cell met: it says nothing about the network."""

    exit_code = Exit.INCONCLUSIVE
