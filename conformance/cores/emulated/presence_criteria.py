"""The filter criteria by which requests of presence reach the presence server of a network (3GPP TS 24.141 annex A).

A testbed with a presence server gives them to every subscriber, as third-party registration is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from conformance.vocabulary.filter_criteria import Case, FilterCriterion, Trigger

_EVENT = "Event"
_PRESENCE = "^ *presence *(;|$)"
_WINFO = "^ *presence[.]winfo *(;|$)"
_LISTS = "(^|[ ,])eventlist([ ,]|$)"

_ORIGINATING = (Trigger(session_case=Case.ORIGINATING),)
_TERMINATING = (
    Trigger(session_case=Case.TERMINATING),
    Trigger(session_case=Case.TERMINATING_UNREGISTERED),
)


def presence_criteria(server: str) -> tuple[FilterCriterion, ...]:
    """Return the criteria, their priorities counted from 0.

    Publications of a user, subscriptions to a user's presence, and the user's own subscriptions to watchers and to
    lists.

    Args:
        server: SIP URI of the presence server.
    """
    presence = (Trigger(header=_EVENT, content=_PRESENCE),)
    own = (Trigger(header=_EVENT, content=_WINFO), Trigger(header="Supported", content=_LISTS))
    groups = (
        ((Trigger(method="PUBLISH"),), _ORIGINATING, presence),
        ((Trigger(method="SUBSCRIBE"),), _TERMINATING, presence),
        ((Trigger(method="SUBSCRIBE"),), _ORIGINATING, own),
    )
    return tuple(FilterCriterion(priority=priority, when=when, server=server) for priority, when in enumerate(groups))


def behind(own: Iterable[FilterCriterion], services: Sequence[FilterCriterion]) -> list[FilterCriterion]:
    """Return criteria that every subscriber has with priorities behind the subscriber's own.

    Args:
        own: of the subscriber.
        services: priorities counted from 0.
    """
    first = max((one.priority for one in own), default=0) + 1
    return [one.model_copy(update={"priority": first + one.priority}) for one in services]
