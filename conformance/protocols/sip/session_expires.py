"""Session-Expires and Min-SE: how long a session lasts without a refresh, and who refreshes it (RFC 4028). No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sipmessage import Request, Response

from conformance.protocols.sip.name_addr import split_entries

SESSION_EXPIRES = "Session-Expires"
MIN_SE = "Min-SE"
OPTION = "timer"
"""Option tag of the extension."""

Refresher = Literal["uac", "uas"]
"""Which end of a refresh request refreshes next: the one that sends it, or the one that answers it."""

_VALUE = re.compile(r"\s*([0-9]{1,9})\s*((?:;.*)?)", re.DOTALL)
_REFRESHER = re.compile(r";\s*refresher\s*=\s*(uac|uas)\s*(?=;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """One Session-Expires.

    Args:
        seconds: the session interval.
        refresher: who refreshes; None where the request leaves it to who answers.
    """

    seconds: int
    refresher: Refresher | None = None

    @classmethod
    def of(cls, message: Request | Response) -> SessionExpires | None:
        """Return what a message says; None where it says nothing.

        Raises:
            ValueError: it cannot be read.
        """
        text = message.headers.get(SESSION_EXPIRES)
        if text is None:
            return None
        found = _VALUE.fullmatch(text)
        if found is None:
            raise ValueError(f"{SESSION_EXPIRES}: expected seconds, found {text[:40]!r}")
        named = _REFRESHER.search(found[2])
        who: Refresher | None = None
        if named is not None:
            who = "uac" if named[1].lower() == "uac" else "uas"
        return cls(int(found[1]), who)

    def __str__(self) -> str:
        return f"{self.seconds};refresher={self.refresher}" if self.refresher else str(self.seconds)


def min_se(message: Request | Response) -> int | None:
    """Return the seconds of Min-SE; None where there is none.

    Raises:
        ValueError: it cannot be read.
    """
    text = message.headers.get(MIN_SE)
    if text is None:
        return None
    found = _VALUE.fullmatch(text)
    if found is None:
        raise ValueError(f"{MIN_SE}: expected seconds, found {text[:40]!r}")
    return int(found[1])


def supports(message: Request | Response) -> bool:
    """Tell whether who sends a message understands the extension."""
    tags = split_entries([*message.headers.getlist("Supported"), *message.headers.getlist("Require")])
    return OPTION in {tag.lower() for tag in tags}
