"""What stands between the roles of a flow is passed over: a border between networks, an adapter before a P-CSCF.

What a border does to entries: tokens stand for what it hides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from conformance.criteria.values import same_uri
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.roles import RELAYS

if TYPE_CHECKING:
    from conformance.criteria.registration import Hop  # which itself asks for `across_borders`

PARAMETER = "tokenized-by"
_MOST = 64
"""Entries of one header field that are compared; a hostile message may have any number."""


def across_borders(hops: Iterable[Hop]) -> Iterator[tuple[Hop, ...]]:
    """Yield hops in order, those before and behind an IBCF or an adapter as one: flows know its two sides alone."""
    found: list[Hop] = []
    for hop in hops:
        if found and not (found[-1].receiver is hop.sender and hop.sender in RELAYS):
            yield tuple(found)
            found = []
        found.append(hop)
    if found:
        yield tuple(found)


def is_token(uri: str) -> bool:
    """Tell whether a URI is a token of a network that hides its topology (3GPP TS 24.229 5.10.4)."""
    parsed = parse_uri(uri)
    return parsed is not None and PARAMETER in parsed.params


def covers(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether two routes may be the same: a token stands for one entry or more, whatever they are."""
    if len(one) > _MOST or len(other) > _MOST:
        return False
    rows = [[False] * (len(other) + 1) for _ in range(len(one) + 1)]
    rows[0][0] = True
    for i, a in enumerate(one, 1):
        for j, b in enumerate(other, 1):
            before = rows[i - 1][j - 1]
            if is_token(a):
                before = before or rows[i][j - 1]
            if is_token(b):
                before = before or rows[i - 1][j]
            rows[i][j] = before and (is_token(a) or is_token(b) or same_uri(a, b))
    return rows[len(one)][len(other)]


def ends_with(route: Sequence[str], end: Sequence[str]) -> bool:
    """Tell whether the last entries of a route may be those of another one."""
    return any(covers(route[start:], end) for start in range(len(route) + 1))
