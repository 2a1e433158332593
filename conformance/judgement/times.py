"""How long the user of a procedure waits, between two messages at the terminal's end of Gm.

A time is the difference of what one clock says at one place. Two captures have two clocks, and the error of their
estimated offset may be as large as a time: between them nothing is measured.
"""

from __future__ import annotations

from conformance.criteria.procedure import Kind, Procedure
from conformance.criteria.registration import Hop, Registration
from conformance.trace.model import Message, Sighting
from conformance.vocabulary.results import ProcedureTime
from conformance.vocabulary.times import TimeName

RINGING = (180, 183)
"""What tells the caller that something goes on at the other end: Ringing and Session Progress (RFC 3261 21.1)."""


def times(procedure: Procedure) -> list[ProcedureTime]:
    """Return the times of a procedure whose two messages were both captured; none for kinds without one."""
    if isinstance(procedure, Registration) and procedure.kind is Kind.REGISTRATION:
        return of_registration(procedure)
    return []


def of_registration(registration: Registration) -> list[ProcedureTime]:
    """Return how long a terminal took from its first REGISTER until it was registered."""
    first = registration.first.gm
    last = None if registration.accepted is None else registration.accepted.gm
    if first is None or last is None:
        return []
    return _present(between(TimeName.REGISTRATION, first.request, _success(last)))


def of_invite(hop: Hop | None) -> list[ProcedureTime]:
    """Return post-dial delay and set-up time of a call.

    Args:
        hop: The INVITE between the caller's terminal and its P-CSCF; None where that was not captured.
    """
    if hop is None:
        return []
    ringing = [message for message in hop.provisional if message.sip.status in RINGING]
    first = min(ringing, key=lambda message: message.time_ns, default=None)
    return _present(
        between(TimeName.POST_DIAL_DELAY, hop.request, first), between(TimeName.SET_UP, hop.request, _success(hop))
    )


def between(name: TimeName, sent: Message | None, got: Message | None) -> ProcedureTime | None:
    """Return the time from what a terminal sent to what it got.

    Args:
        name: What is measured.
        sent: Seen first where it was captured nearest to the terminal.
        got: Taken where `sent` was taken, for a message may pass several points on its way.

    Returns:
        None where one of both is missing, or no capture has both.
    """
    if sent is None or got is None:
        return None
    start = sent.sightings[0]
    end = _same_place(start, got) or _same_capture(start, got)
    if end is None or end.time_ns < start.time_ns:
        return None
    return ProcedureTime.model_construct(
        name=name.value,
        ms=round((end.time_ns - start.time_ns) / 1e6, 3),
        capture=start.capture,
        from_frame=start.frame,
        to_frame=end.frame,
    )


def _same_place(start: Sighting, message: Message) -> Sighting | None:
    place = (start.capture, start.point, start.encapsulation)
    return next((one for one in message.sightings if (one.capture, one.point, one.encapsulation) == place), None)


def _same_capture(start: Sighting, message: Message) -> Sighting | None:
    """Return where the message was seen last: nearest to the terminal, which gets it."""
    return next((one for one in reversed(message.sightings) if one.capture == start.capture), None)


def _success(hop: Hop) -> Message | None:
    response = hop.response
    return response if response is not None and 200 <= (response.sip.status or 0) < 300 else None


def _present(*found: ProcedureTime | None) -> list[ProcedureTime]:
    return [one for one in found if one is not None]
