"""Between which two sightings a time is measured: on one clock, at one place.

Two captures have two clocks, and the error of their estimated offset may be as large as a time: between them nothing
is measured.
"""

from __future__ import annotations

from conformance.criteria.call import Call
from conformance.criteria.call_media import begin_ns, end_ns
from conformance.criteria.registration import Hop
from conformance.trace.media_model import MediaSighting, MediaStream
from conformance.trace.model import Message, Sighting
from conformance.vocabulary.roles import Role

RINGING = (180, 183)
"""What tells the caller that something goes on at the other end: Ringing and Session Progress (RFC 3261 21.1)."""
LONGEST_NS = 24 * 3600 * 1_000_000_000
"""Nobody waits longer for an answer: a clock has been set in between."""

Wait = tuple[Sighting, int, int]
"""Where it begins; frame in the same capture where it ends; nanoseconds between them."""


def between(sent: Message | None, got: Message | None) -> Wait | None:
    """Return the time from what a terminal sent to what it got.

    Args:
        sent: Seen first where it was captured nearest to the terminal.
        got: Taken where `sent` was taken, for a message may pass several points on its way.

    Returns:
        None where one of both is missing, no capture has both, or the clock was set in between.
    """
    if sent is None or got is None:
        return None
    start = sent.sightings[0]
    end = _same_place(start, got) or _same_capture(start, got)
    if end is None or not 0 <= end.time_ns - start.time_ns <= LONGEST_NS:
        return None
    return start, end.frame, end.time_ns - start.time_ns


def ringing(hop: Hop) -> Message | None:
    """Return the first answer to an INVITE that tells the caller that something goes on."""
    found = [message for message in hop.provisional if message.sip.status in RINGING]
    return min(found, key=lambda message: message.time_ns, default=None)


def success(hop: Hop) -> Message | None:
    """Return the 2xx of a hop."""
    response = hop.response
    return response if response is not None and 200 <= (response.sip.status or 0) < 300 else None


def first_media(call: Call) -> Wait | None:
    """Return the time from the answer until the caller's terminal is sent media; 0 where they came before it.

    None where the answer was not captured at the caller's terminal, or no media where the answer was.
    """
    hop = call.invite.hop_from(Role.CALLER)
    answer = None if hop is None else success(hop)
    if answer is None:
        return None
    at = answer.sightings[-1]
    found = [
        (seen.first_ns - at.time_ns, seen.first_frame)
        for leg in call.media
        for stream in leg.caller.coming
        if end_ns(stream) > answer.time_ns and begin_ns(stream) <= answer.time_ns + LONGEST_NS
        for seen in _at_place(stream, at)
    ]
    if not found:
        return None
    wait, frame = min(found)
    return at, frame, max(0, wait)


def _at_place(stream: MediaStream, at: Sighting) -> list[MediaSighting]:
    here = [seen for seen in stream.sightings if seen.capture == at.capture]
    return [seen for seen in here if seen.point is at.point] or here


def _same_place(start: Sighting, message: Message) -> Sighting | None:
    """Return where the message was seen last at a place: of two tunnels one behind the other in the one it left."""
    place = (start.capture, start.point, start.encapsulation)
    seen = reversed(message.sightings)
    return next((one for one in seen if (one.capture, one.point, one.encapsulation) == place), None)


def _same_capture(start: Sighting, message: Message) -> Sighting | None:
    """Return where the message was seen last: nearest to the terminal, which gets it."""
    return next((one for one in reversed(message.sightings) if one.capture == start.capture), None)
