"""Reads the filter criteria out of a user profile (3GPP TS 29.228 annexes B and E), as hostile as it may be.

What the profile leaves open, or what nobody here can tell of a REGISTER, is None: neither asked for nor forbidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from conformance.criteria.xml_tree import Element, read_xml
from conformance.vocabulary.numbers import RegistrationType

_NUMBER = re.compile(r"[0-9]{1,10}")
_TRUE = ("1", "true")
_UNREGISTERED = "1"
"""ProfilePartIndicator of criteria that are for times when the user is not registered."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A service point trigger."""

    register: bool | None
    """Whether it speaks of REGISTER requests; None for triggers that look at more than the method."""
    types: frozenset[int]
    """Types of registration; empty: all."""
    negated: bool
    groups: frozenset[str]

    def holds(self, kind: RegistrationType) -> bool | None:
        """Tell whether it is true of a REGISTER of that type."""
        if self.register is None:
            return None
        return (self.register and (not self.types or kind in self.types)) != self.negated


@dataclass(frozen=True, slots=True)
class FilterCriteria:
    """One initial filter criteria."""

    server: str
    """ServerName of its application server."""
    conjunctive: bool
    """True: AND of groups whose members are joined by OR; False: OR of groups whose members are joined by AND."""
    triggers: tuple[Trigger, ...]
    sure: bool
    """False where something in it cannot be told: then nothing is asked for, and nothing forbidden."""

    def matches(self, kind: RegistrationType) -> bool | None:
        """Tell whether a REGISTER of that type is to be told to the application server."""
        groups = {group for trigger in self.triggers for group in trigger.groups}
        inner, outer = (_any, _all) if self.conjunctive else (_all, _any)
        if not groups:
            return None
        found = outer(
            inner(trigger.holds(kind) for trigger in self.triggers if group in trigger.groups) for group in groups
        )
        return None if found and not self.sure else found


@dataclass(frozen=True, slots=True)
class ServiceProfile:
    """One service profile: identities with the criteria that apply to them."""

    identities: tuple[str, ...]
    criteria: tuple[FilterCriteria, ...]


@lru_cache(maxsize=256)
def read_profiles(user_data: bytes) -> tuple[ServiceProfile, ...]:
    """Read the service profiles of a User-Data AVP.

    Args:
        user_data: Its content.

    Returns:
        Service profiles in their order; elements that are not understood are passed over.

    Raises:
        NotReadError: It is beyond the bounds, or has a document type declaration.
        NotWellFormedError: It is no XML.
    """
    return tuple(_service_profile(one) for one in _children(read_xml(user_data), "ServiceProfile"))


def _service_profile(element: Element) -> ServiceProfile:
    identities = [_content(one, "Identity") for one in _children(element, "PublicIdentity")]
    criteria = [_criteria(one) for one in _children(element, "InitialFilterCriteria")]
    return ServiceProfile(tuple(filter(None, identities)), tuple(one for one in criteria if one.server))


def _criteria(element: Element) -> FilterCriteria:
    servers, points = _children(element, "ApplicationServer"), _children(element, "TriggerPoint")
    triggers = tuple(_trigger(spt) for point in points[:1] for spt in _children(point, "SPT"))
    return FilterCriteria(
        server=_content(servers[0], "ServerName") if servers else "",
        conjunctive=bool(points) and _content(points[0], "ConditionTypeCNF") in _TRUE,
        triggers=triggers,
        sure=len(servers) == len(points) == 1
        and all(trigger.groups for trigger in triggers)
        and _content(element, "ProfilePartIndicator") != _UNREGISTERED,
    )


def _trigger(spt: Element) -> Trigger:
    methods = [one.content for one in _children(spt, "Method")]
    types = [
        one.content for extension in _children(spt, "Extension") for one in _children(extension, "RegistrationType")
    ]
    understood = len(methods) == 1 and all(_NUMBER.fullmatch(text) for text in types)
    return Trigger(
        register=methods[0] == "REGISTER" if understood else None,
        types=frozenset(map(int, types)) if understood else frozenset(),
        negated=_content(spt, "ConditionNegated") in _TRUE,
        groups=frozenset(one.content for one in _children(spt, "Group")),
    )


def _children(element: Element, name: str) -> list[Element]:
    """Return the children of that local name: some HSSs put the profile into a namespace."""
    return [child for child in element.children if child.local == name]


def _content(element: Element, name: str) -> str:
    return next((child.content for child in _children(element, name)), "")


def _all(values: Iterable[bool | None]) -> bool | None:
    known = set(values)
    return False if False in known else None if None in known else True


def _any(values: Iterable[bool | None]) -> bool | None:
    known = set(values)
    return True if True in known else None if None in known else False
