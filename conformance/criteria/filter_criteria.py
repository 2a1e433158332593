"""Reads the filter criteria out of a user profile (3GPP TS 29.228 annexes B and E), as hostile as it may be.

What the profile leaves open, or what nobody here can tell of a REGISTER, is None: neither asked for nor forbidden.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from conformance.criteria.xml_tree import Element, read_xml
from conformance.trace.model import SipMessage
from conformance.vocabulary.numbers import RegistrationType, SessionCase
from conformance.vocabulary.patterns import LONGEST_TEXT, bounded_pattern, found_in

_NUMBER = re.compile(r"[0-9]{1,10}")
_TRUE = ("1", "true")
_KINDS = {"Method": "", "RequestURI": "", "SIPHeader": "Header", "SessionCase": "", "SessionDescription": "Line"}
"""What a trigger may look at, and where its first part stands: in an element of that name, or in itself."""
_UNREGISTERED = "1"
"""ProfilePartIndicator of criteria that are for times when the user is not registered."""


class Occasion(NamedTuple):
    """A request as the S-CSCF got it, and whose it is."""

    request: SipMessage
    case: SessionCase


Holds = Callable[["Trigger"], bool | None]


@dataclass(frozen=True, slots=True)
class Trigger:
    """A service point trigger."""

    kind: str
    """Name of the element that says what it looks at; empty where it looks at several things, or at an unknown one."""
    value: str
    """Method, session case, or a regular expression: of the Request-URI, a header name, the letter of a line."""
    content: str | None
    """Regular expression of what the header field or line holds; None: it is there."""
    types: frozenset[int]
    """Types of registration; empty: all."""
    negated: bool
    groups: frozenset[str]

    def holds(self, kind: RegistrationType) -> bool | None:
        """Tell whether it is true of a REGISTER of that type."""
        if self.kind != "Method":
            return None
        return (self.value == "REGISTER" and (not self.types or kind in self.types)) != self.negated

    def holds_of(self, occasion: Occasion) -> bool | None:
        """Tell whether it is true of another request; None where nobody can tell for sure."""
        found = self._found(occasion)
        return None if found is None else found != self.negated

    def _found(self, occasion: Occasion) -> bool | None:
        sip = occasion.request.sip
        if self.kind == "Method":
            return sip.method == self.value
        if self.kind == "SessionCase":
            return int(self.value) == occasion.case if _NUMBER.fullmatch(self.value) else None
        if self.kind == "RequestURI":
            return True if sip.request_uri == self.value else _part(self.value, sip.request_uri)
        if self.kind == "SIPHeader":
            return self._any((header.name, header.value) for header in sip.headers)
        if self.kind == "SessionDescription" and sip.body:
            lines = (line.partition("=") for line in sip.body.decode("utf-8", "replace").splitlines())
            return self._any((name, text) for name, mark, text in lines if mark)
        return None

    def _any(self, pairs: Iterable[tuple[str, str]]) -> bool | None:
        return _any(_all((_part(self.value, name), self._holds_content(text))) for name, text in pairs)

    def _holds_content(self, text: str) -> bool | None:
        if self.content is None:
            return True
        pattern = bounded_pattern(self.content)
        return None if pattern is None else found_in(pattern, text)


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
    priority: int | None = None
    """The lowest number comes first; None where it cannot be read."""

    def matches(self, kind: RegistrationType) -> bool | None:
        """Tell whether a REGISTER of that type is to be told to the application server."""
        return self._matches(lambda trigger: trigger.holds(kind))

    def matches_of(self, occasion: Occasion) -> bool | None:
        """Tell whether another request has to pass the application server."""
        return self._matches(lambda trigger: trigger.holds_of(occasion))

    def _matches(self, holds: Holds) -> bool | None:
        groups = {group for trigger in self.triggers for group in trigger.groups}
        inner, outer = (_any, _all) if self.conjunctive else (_all, _any)
        if not groups:
            return None
        found = outer(inner(holds(trigger) for trigger in self.triggers if group in trigger.groups) for group in groups)
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
        priority=int(priority) if _NUMBER.fullmatch(priority := _content(element, "Priority")) else None,
        sure=len(servers) == len(points) == 1
        and all(trigger.groups for trigger in triggers)
        and _content(element, "ProfilePartIndicator") != _UNREGISTERED,
    )


def _trigger(spt: Element) -> Trigger:
    kinds = [child for child in spt.children if child.local in _KINDS]
    types = [
        one.content for extension in _children(spt, "Extension") for one in _children(extension, "RegistrationType")
    ]
    understood = len(kinds) == 1 and all(_NUMBER.fullmatch(text) for text in types)
    value, content = "", None
    if understood:
        (whole,) = kinds
        name = _KINDS[whole.local]
        value = _content(whole, name) if name else whole.content
        content = next((child.content for child in _children(whole, "Content")), None)
    return Trigger(
        kind=kinds[0].local if understood else "",
        value=value,
        content=content,
        types=frozenset(map(int, types)) if understood else frozenset(),
        negated=_content(spt, "ConditionNegated") in _TRUE,
        groups=frozenset(one.content for one in _children(spt, "Group")),
    )


def _part(pattern: str, text: str) -> bool | None:
    """Tell whether a whole text is as a pattern says; None where it is so in part, or where nothing can be told."""
    compiled = bounded_pattern(pattern)
    if compiled is None:
        return None
    if compiled.fullmatch(text[:LONGEST_TEXT]):
        return True
    return None if found_in(compiled, text) else False


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
