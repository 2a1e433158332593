"""Names of the times that a user waits, as results, tables and reports call them."""

from __future__ import annotations

from enum import StrEnum


class TimeName(StrEnum):
    """What is measured, always at the terminal's end of Gm."""

    REGISTRATION = "registration"
    """From the first REGISTER to the 200 that accepts it, the challenge between them included."""
    POST_DIAL_DELAY = "post-dial-delay"
    """From the caller's INVITE to the first 180 or 183."""
    SET_UP = "set-up"
    """From the caller's INVITE to its 200."""
    FIRST_MEDIA = "first-media"
    """From that 200 to the first RTP packet for the caller; 0 where media came before it."""
