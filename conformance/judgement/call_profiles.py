"""The user profiles that S-CSCFs were given on Cx, by the identities that they name (3GPP TS 29.228 6.1.2)."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from conformance.criteria.call import UserProfile
from conformance.criteria.filter_criteria import read_profiles
from conformance.criteria.values import avp, number, text
from conformance.criteria.xml_tree import NotReadError, NotWellFormedError
from conformance.judgement.surroundings import Surroundings
from conformance.judgement.third_party import canonical
from conformance.trace.model import DiameterMessage
from conformance.vocabulary.numbers import Avp, ServerAssignmentType

_LEAVES = (
    ServerAssignmentType.TIMEOUT_DEREGISTRATION,
    ServerAssignmentType.USER_DEREGISTRATION,
    ServerAssignmentType.ADMINISTRATIVE_DEREGISTRATION,
)
"""With them the S-CSCF gives the profile up."""


class _Known(NamedTuple):
    time_ns: int
    profile: UserProfile | None
    """None where the S-CSCF has given it up, was pushed another one (PPR) that nobody reads here, or has it for a user
    who is not registered."""


def profile_of(identity: str, time_ns: int, around: Surroundings) -> UserProfile | None:
    """Return the profile of a public user identity that its S-CSCF has at a time; None where none was seen.

    Args:
        identity: Public user identity.
        time_ns: Nanoseconds since 1970.
        around: What is known of the whole trace.
    """
    known = around.once(_profiles).get(canonical(identity), [])
    place = bisect_left(known, time_ns, key=lambda one: one.time_ns)
    return known[place - 1].profile if place else None


def _profiles(around: Surroundings) -> dict[str, list[_Known]]:
    found: dict[str, list[_Known]] = {}
    together: dict[str, frozenset[str]] = {}
    for transaction in sorted(around.diameter, key=lambda one: one.time_ns):
        if transaction.method not in ("SAR", "PPR"):
            continue
        request, answer = transaction.request, transaction.final
        asked = request if isinstance(request, DiameterMessage) else None
        named = canonical(text(avp(asked, Avp.PUBLIC_IDENTITY)) or "")
        told = answer if isinstance(answer, DiameterMessage) and transaction.method == "SAR" else None
        data = avp(told, Avp.USER_DATA)
        if told is not None and data is not None:
            try:
                profiles = read_profiles(data.data)
            except (NotReadError, NotWellFormedError):
                profiles = ()
            away = number(avp(asked, Avp.SERVER_ASSIGNMENT_TYPE)) == ServerAssignmentType.UNREGISTERED_USER
            names = frozenset({named, *(canonical(one) for profile in profiles for one in profile.identities)})
            for name in names:
                together[name] = names
                found.setdefault(name, []).append(_Known(told.time_ns, None if away else UserProfile(told, data)))
        elif transaction.method == "PPR" or number(avp(asked, Avp.SERVER_ASSIGNMENT_TYPE)) in _LEAVES:
            # A PPR names the private identity alone: no profile is sure any more.
            names = frozenset(found) if transaction.method == "PPR" else together.get(named, frozenset({named}))
            for name in names:
                found.setdefault(name, []).append(_Known(transaction.time_ns, None))
    return found
