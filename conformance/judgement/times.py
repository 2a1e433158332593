"""How long the user of a procedure waits, between two messages at the terminal's end of Gm."""

from __future__ import annotations

from conformance.criteria.call import Call
from conformance.criteria.procedure import Kind, Procedure
from conformance.criteria.registration import Hop, Registration
from conformance.criteria.waits import Wait, first_media, ringing, success
from conformance.criteria.waits import between as wait_between
from conformance.trace.model import Message
from conformance.vocabulary.results import ProcedureTime
from conformance.vocabulary.roles import Role
from conformance.vocabulary.times import TimeName


def times(procedure: Procedure) -> list[ProcedureTime]:
    """Return the times of a procedure whose two messages were both captured; none for kinds without one."""
    if isinstance(procedure, Registration) and procedure.kind is Kind.REGISTRATION:
        return of_registration(procedure)
    if isinstance(procedure, Call) and procedure.kind is Kind.CALL:
        found = of_invite(procedure.invite.hop_from(Role.CALLER))
        return found + _present(_time(TimeName.FIRST_MEDIA, first_media(procedure)))
    return []


def of_registration(registration: Registration) -> list[ProcedureTime]:
    """Return how long a terminal took from its first REGISTER until it was registered."""
    first = registration.first.gm
    last = None if registration.accepted is None else registration.accepted.gm
    if first is None or last is None:
        return []
    return _present(between(TimeName.REGISTRATION, first.request, success(last)))


def of_invite(hop: Hop | None) -> list[ProcedureTime]:
    """Return post-dial delay and set-up time of a call.

    Args:
        hop: The INVITE between the caller's terminal and its P-CSCF; None where that was not captured.
    """
    if hop is None:
        return []
    return _present(
        between(TimeName.POST_DIAL_DELAY, hop.request, ringing(hop)),
        between(TimeName.SET_UP, hop.request, success(hop)),
    )


def between(name: TimeName, sent: Message | None, got: Message | None) -> ProcedureTime | None:
    """Return the time from what a terminal sent to what it got, as `criteria.waits` measures it.

    Args:
        name: What is measured.
        sent: Seen first where it was captured nearest to the terminal.
        got: Taken where `sent` was taken.
    """
    return _time(name, wait_between(sent, got))


def _time(name: TimeName, wait: Wait | None) -> ProcedureTime | None:
    if wait is None:
        return None
    start, frame, took_ns = wait
    return ProcedureTime.model_construct(
        name=name.value,
        ms=round(took_ns / 1e6, 3),
        capture=start.capture,
        from_frame=start.frame,
        to_frame=frame,
    )


def _present(*found: ProcedureTime | None) -> list[ProcedureTime]:
    return [one for one in found if one is not None]
