"""Criteria: checkable statements with their source, one file a specification."""

from __future__ import annotations

from functools import cache

from conformance.criteria import (
    d22_vpn,
    rfc2617,
    rfc3261,
    rfc3261_dialog,
    rfc3261_hops,
    rfc3261_refusals,
    rfc3261_transport,
    rfc3261_trying,
    rfc3262,
    rfc3263,
    rfc3263_targets,
    rfc3264,
    rfc3310,
    rfc3310_failures,
    rfc3312,
    rfc3329,
    rfc3455,
    rfc3581,
    rfc3680,
    rfc4320,
    rfc6665,
    ts23003,
    ts23228,
    ts23228_call,
    ts24229_border,
    ts24229_call_dns,
    ts24229_call_orig,
    ts24229_call_term,
    ts24229_event,
    ts24229_event_end,
    ts24229_icscf,
    ts24229_lifetime,
    ts24229_pcscf,
    ts24229_scscf,
    ts24229_third_party,
    ts24229_ue,
    ts29228,
)
from conformance.criteria.model import Criterion

_FILES = (
    d22_vpn,
    rfc3263_targets,
    rfc3264,
    rfc2617,
    rfc3261,
    rfc3261_dialog,
    rfc3261_hops,
    rfc3261_refusals,
    rfc3261_transport,
    rfc3261_trying,
    rfc3262,
    rfc3263,
    rfc3310,
    rfc3310_failures,
    rfc3312,
    rfc3329,
    rfc3455,
    rfc3581,
    rfc3680,
    rfc4320,
    rfc6665,
    ts23003,
    ts23228,
    ts23228_call,
    ts24229_border,
    ts24229_call_dns,
    ts24229_call_orig,
    ts24229_call_term,
    ts24229_event,
    ts24229_event_end,
    ts24229_icscf,
    ts24229_lifetime,
    ts24229_pcscf,
    ts24229_scscf,
    ts24229_third_party,
    ts24229_ue,
    ts29228,
)


@cache
def all_criteria() -> tuple[Criterion, ...]:
    """Return every criterion, sorted by id."""
    return tuple(sorted((c for file in _FILES for c in file.CATALOGUE), key=lambda criterion: criterion.id))
