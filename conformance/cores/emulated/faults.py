"""How a node shows faults: bytes altered as they leave, and the one behaviour that bytes cannot show.

The normal path knows nothing of this: it gives the stack `altered(...)`, which is None without faults.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sipmessage import Request

from conformance.cores.emulated.node import NodeContext
from conformance.cores.emulated.register_fields import credentials_for
from conformance.faults.emitted import Alteration, alteration_of
from conformance.faults.emitted_call import EMITTED_SIP
from conformance.faults.emitted_cx import EMITTED_CX
from conformance.faults.emitted_dns import EMITTED_DNS
from conformance.faults.emitted_presence import EMITTED_PRESENCE
from conformance.protocols.filter_criteria import FilterCriteria
from conformance.vocabulary.numbers import SessionCase

KEEPS_KEYS = "keeps-ck-ik"
NO_SECOND_UAR = "no-second-uar"
NO_LOCATION_QUERY = "no-location-query"
IGNORES_PRIVACY = "ignores-privacy"
PATH_UNSUPPORTED = "path-unsupported"
SKIPS_SERVICES = {
    "skips-services-of-caller": SessionCase.ORIGINATING,
    "skips-services-of-callee": SessionCase.TERMINATING_REGISTERED,
}

Select = Callable[[Request], Awaitable[str]]
"""Finds the URI of the S-CSCF for a REGISTER."""


Services = Callable[[str, SessionCase], Sequence[FilterCriteria]]
"""Finds the filter criteria of a user."""


def altered(context: NodeContext) -> Alteration | None:
    """Return the fault hook for the SIP stack of a node, None where there is nothing to alter."""
    return alteration_of(context.faults, {**EMITTED_SIP, **EMITTED_PRESENCE})


def altered_cx(context: NodeContext) -> Alteration | None:
    """Return the fault hook for the Diameter stack of a node, None where there is nothing to alter."""
    return alteration_of(context.faults, EMITTED_CX)


def altered_dns(context: NodeContext) -> Alteration | None:
    """Return the fault hook for what a DNS server answers, None where there is nothing to alter."""
    return alteration_of(context.faults, EMITTED_DNS)


def selection(context: NodeContext, select: Select) -> Select:
    """Return how the I-CSCF finds the S-CSCF: `select` itself, or a memory in front of it (fault `no-second-uar`)."""
    if NO_SECOND_UAR not in context.faults:
        return select
    memory: dict[str, str] = {}

    async def remembered(request: Request) -> str:
        credentials = credentials_for(request, context.testbed.domain, context.policy)
        answers_a_challenge = credentials is not None and credentials.get("nonce")
        if answers_a_challenge and request.call_id in memory:
            return memory.pop(request.call_id)
        memory[request.call_id] = await select(request)
        return memory[request.call_id]

    return remembered


def services(context: NodeContext, criteria_of: Services) -> Services:
    """Return how the S-CSCF finds filter criteria of sessions: `criteria_of` itself, or none for one side."""
    skipped = {case for name, case in SKIPS_SERVICES.items() if name in context.faults}
    if not skipped:
        return criteria_of
    return lambda user, case: () if case in skipped else criteria_of(user, case)
