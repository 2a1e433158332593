"""Finds the messages of a trace: each MESSAGE outside of dialogs (page mode, RFC 3428), on its way to who answers it.

It is brought to its receiver as an INVITE is: who is who, Cx and DNS are found as for calls. One within a dialog is no
message of this kind, and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from conformance.criteria.page import Page
from conformance.judgement.call_flows import ROUTES, route_of
from conformance.judgement.call_hops import find_pages
from conformance.judgement.calls import views_of
from conformance.judgement.found import Found
from conformance.judgement.message_service import REFUSED, service
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import Transaction
from conformance.trace.model import Trace
from conformance.vocabulary.federation import Federation

HOME = "message-page"
FLOWS = {call: HOME if call == "call-home" else call.replace("call", "message", 1) for call in ROUTES}
"""Flow of a message that is delivered, by that of a call between the same users at the same places."""
EVERY = (*FLOWS.values(), REFUSED)


def find(
    trace: Trace, transactions: Sequence[Transaction], federation: Federation | None, around: Surroundings
) -> Iterator[Found]:
    """Find the messages of a trace or of a part of one.

    Args:
        trace: The trace.
        transactions: From `correlate(trace)`.
        federation: Where given: whose networks there are.
        around: What is known of the whole, where the trace is a part.
    """
    for page in find_trace_pages(transactions, federation, around):
        flows = flows_of(page)
        others = tuple(flow for flow in EVERY if flow not in flows)
        yield Found(page, flows, partial(service, page), others)


def find_trace_pages(
    transactions: Sequence[Transaction], federation: Federation | None, around: Surroundings
) -> list[Page]:
    """Return the messages, in the order of their MESSAGEs; arguments as in `find`."""
    return views_of(Page, find_pages(transactions), transactions, federation, around)


def flows_of(page: Page) -> tuple[str, ...]:
    """Return the flows that a message may follow, the one that its sender wanted first."""
    wanted, status = FLOWS[route_of(page)], page.invite.status
    return (wanted,) if status is None or status < 300 else (wanted, REFUSED)
