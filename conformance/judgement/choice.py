"""Gives each procedure the flow that fits it best, and says why the next best does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace

from conformance.flows.load import load_flow
from conformance.flows.model import Flow
from conformance.judgement.found import Found
from conformance.judgement.matcher import Match, match
from conformance.trace.model import HttpMessage, SipMessage
from conformance.vocabulary.roles import Role


@dataclass(frozen=True, slots=True)
class Chosen:
    """One procedure and its flow."""

    found: Found
    flow: Flow
    match: Match
    expected: str
    """Flow by which it is said what the user got: the one that was asked for, else what the terminal wanted."""
    reasons: tuple[str, ...] = ()
    """Where the flow was left, and why another one fits less."""


AskedFlows = str | Set[str] | Sequence[str] | None
"""Which flows are asked for, as `choose` has them."""


def choose(every: Iterable[Found], flow: AskedFlows) -> list[Chosen]:
    """Choose a flow for each procedure.

    Args:
        every: What the finders found.
        flow: The only flow to judge; None for the best fitting one of each procedure. Several: what the procedures
            of their kinds follow, one after the other. A set: what a procedure may come to, success or refusal.

    Returns:
        Without `flow` all procedures. With it those that may follow it; where there is none, those of the same
        kind that should have, so that a procedure that left its flow is reported and not missed. Of several flows
        the last one is that of all further procedures, too. Of a set the best fitting one, for each procedure that
        may follow one of them, where the user wants the first that the procedure may follow.
    """
    if flow is None:
        return [_best(found) for found in every]
    every = list(every)
    if isinstance(flow, Set):
        flows = [(found, tuple(one for one in found.flows if one in flow)) for found in every]
        return [_best(replace(found, flows=some)) for found, some in flows if some]
    if not isinstance(flow, str):
        story = [load_flow(one) for one in flow]
        told = sorted((found for found in every if {*flow} & {*found.flows, *found.related}), key=_begins)
        return [against(found, story[min(place, len(story) - 1)]) for place, found in enumerate(told)]
    expected = load_flow(flow)
    wanted = [found for found in every if flow in found.flows] or [found for found in every if flow in found.related]
    return [against(found, expected) for found in wanted]


def against(found: Found, flow: Flow) -> Chosen:
    """Match a procedure with one flow, at the access point that the procedure used."""
    if flow.wherever and Role.VISITED_PCSCF in found.procedure.roles:
        flow = flow.at_visited_access_point()
    matched = match(flow, found.procedure)
    return Chosen(found, flow, matched, flow.id, () if matched.departure is None else (matched.departure,))


def _begins(found: Found) -> int:
    """Return when a procedure begins: what was asked of DNS before it may belong to another one as well."""
    messages = [*found.procedure.messages]
    own = [message for message in messages if isinstance(message, SipMessage | HttpMessage)]
    return min(message.time_ns for message in own or messages)


def _best(found: Found) -> Chosen:
    candidates = [against(found, load_flow(id)) for id in found.flows]
    # Of equally good ones the likeliest: sorting keeps their order.
    ranked = sorted(candidates, key=lambda one: (one.match.departure is not None, len(one.match.missing)))
    best = ranked[0]
    others = [one for one in ranked[1:] if one.match.departure is not None]
    why = tuple(f"{other.flow.id} does not fit: {other.match.departure}" for other in others[:1])
    return replace(best, expected=found.flows[0], reasons=(*best.reasons, *why))
