"""Matches what was seen of a procedure with the partial order of a flow.

What cannot be seen is not missing: a hop of a point that was not captured, or one between two roles that
live in one process and never exchange a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from conformance.criteria.procedure import Procedure, Seen
from conformance.flows.model import Flow, Step
from conformance.trace.model import Message
from conformance.vocabulary.points import Point


@dataclass(frozen=True, slots=True)
class Match:
    """How a procedure fits a flow."""

    steps: dict[str, tuple[Seen, ...]] = field(default_factory=dict)
    """Step of the flow to what was seen of it."""
    missing: tuple[str, ...] = ()
    """Steps that could have been seen and were not."""
    unseen: tuple[str, ...] = ()
    """Steps of points or node pairs that cannot be seen here."""
    departure: str | None = None
    """Where the flow was left first, one sentence; None where it was not."""
    alternative: str | None = None
    """The alternative that fits best, where alternatives differ in their steps."""

    def step_of(self, message: Message) -> str | None:
        """Return the step that a message belongs to."""
        for step, transactions in self.steps.items():
            if any(message is one for seen in transactions for one in seen.messages):
                return step
        return None


def match(flow: Flow, procedure: Procedure) -> Match:
    """Match a procedure with a flow.

    Args:
        flow: The expected flow.
        procedure: What was found, roles bound.

    Returns:
        The steps with what was seen of each, and the first point of departure.
    """
    # In time order; hops of one attempt from the terminal on, because they were seen later.
    pool = sorted(procedure.transactions(), key=lambda seen: (max(seen.attempt, 0), seen.start_ns))
    if not any(step.only for step in flow.steps):
        return _match(flow, flow.steps, procedure, pool)
    tries = [_match(flow, flow.alternative(one.id), procedure, pool, one.id) for one in flow.alternatives]
    return min(tries, key=lambda one: (one.departure is not None, len(one.missing), -len(one.steps)))


def _match(
    flow: Flow, wanted: Sequence[Step], procedure: Procedure, pool: Sequence[Seen], alternative: str | None = None
) -> Match:
    taken: set[int] = set()
    steps: dict[str, tuple[Seen, ...]] = {}
    missing: list[str] = []
    unseen: list[str] = []
    departure: str | None = None
    for step in wanted:
        candidates = [seen for seen in pool if id(seen) not in taken and _fits(flow, step, seen, steps)]
        if not candidates:
            if step.optional or _in_option_not_taken(flow, step, steps):
                continue
            if _observable(step, procedure, pool):
                missing.append(step.id)
                departure = departure or f"the flow was left at {step.id}: {_words(step)} was not seen"
            else:
                unseen.append(step.id)
            continue
        chosen = candidates if step.repeated else candidates[:1]
        steps[step.id] = tuple(chosen)
        taken |= {id(seen) for seen in chosen}
        answer = chosen[0].response
        if not step.accepts(answer) and departure is None:
            got = "no answer" if answer is None else answer
            departure = f"the flow was left at {step.id}: {_words(step)} was answered with {got}"
    return Match(steps, tuple(missing), tuple(unseen), departure, alternative)


def _fits(flow: Flow, step: Step, seen: Seen, steps: dict[str, tuple[Seen, ...]]) -> bool:
    if (seen.protocol, seen.source, seen.destination) != (step.protocol, step.source, step.destination):
        return False
    if seen.request not in step.request or not _in_tunnel(step, seen):
        return False
    before = [one for name in step.after for one in steps.get(name, ())]
    if seen.attempt < 0:
        return all(seen.start_ns >= one.end_ns for one in before)
    outer = _ancestor(flow, step, steps)
    if outer is not None:
        return seen.attempt == outer.attempt
    return all(seen.attempt > one.attempt for one in before)


def _in_tunnel(step: Step, seen: Seen) -> bool:
    if step.tunnel is None:
        return True
    return any(step.tunnel in sighting.encapsulation for message in seen.messages for sighting in message.sightings)


def _ancestor(flow: Flow, step: Step, steps: dict[str, tuple[Seen, ...]]) -> Seen | None:
    """Return the nearest transaction around a step that was seen."""
    while step.inside is not None:
        step = flow.step(step.inside)
        for seen in steps.get(step.id, ()):
            if seen.attempt >= 0:
                return seen
    return None


def _in_option_not_taken(flow: Flow, step: Step, steps: dict[str, tuple[Seen, ...]]) -> bool:
    """Tell whether a step lies in an optional one that was not seen."""
    while step.inside is not None:
        step = flow.step(step.inside)
        if step.optional and not steps.get(step.id):
            return True
    return False


def _observable(step: Step, procedure: Procedure, pool: Sequence[Seen]) -> bool:
    """Tell whether the step would have been seen, had it taken place.

    The point was captured, and the two roles do exchange such messages in this procedure: otherwise they
    may live in one process.
    """
    if not procedure.sees(step.point):
        return False
    if step.point in (Point.GM, Point.ACCESS):
        return True
    return any(
        (seen.protocol, seen.source, seen.destination) == (step.protocol, step.source, step.destination)
        for seen in pool
    )


def _words(step: Step) -> str:
    tunnel = "" if step.tunnel is None else f" inside {step.tunnel}"
    return f"{step.label} from {step.source.value} to {step.destination.value}{tunnel}"
