"""Reads the user profile that the HSS sends: identities and filter criteria (3GPP TS 29.228 annexes B and E).

The profile is XML from another machine: no document type, bounded in size, nothing is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from conformance.vocabulary.numbers import RegistrationType

_LARGEST = 256 * 1024
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class MethodTrigger:
    """A service point trigger: a method, of REGISTER some types of registration."""

    method: str
    types: frozenset[int]
    """Types of registration; empty: all."""
    negated: bool
    groups: frozenset[int]

    def holds(self, kind: RegistrationType) -> bool:
        """Tell whether it is true of a REGISTER of that type."""
        return (self.method == "REGISTER" and (not self.types or kind in self.types)) != self.negated


@dataclass(frozen=True, slots=True)
class FilterCriteria:
    """One initial filter criteria: which application server is to be told of what."""

    priority: int
    server: str
    """SIP URI of the application server."""
    conjunctive: bool
    """True: AND of groups whose members are joined by OR (conjunctive normal form); False: the other way round."""
    triggers: tuple[MethodTrigger, ...]

    def matches(self, kind: RegistrationType) -> bool:
        """Tell whether the application server is to be told of a REGISTER of that type."""
        groups = {number for trigger in self.triggers for number in trigger.groups}
        inner, outer = (any, all) if self.conjunctive else (all, any)
        return bool(groups) and outer(
            inner(trigger.holds(kind) for trigger in self.triggers if number in trigger.groups) for number in groups
        )


@dataclass(frozen=True, slots=True)
class UserProfile:
    """What the S-CSCF uses of a profile."""

    identities: tuple[str, ...]
    """Registered together and not barred; the first one heads P-Associated-URI (RFC 7315 4.1)."""
    criteria: tuple[FilterCriteria, ...]
    """In the order of their priority."""


def read_profile(user_data: bytes) -> UserProfile:
    """Read a profile. Filter criteria with triggers other than methods speak of sessions and are passed over.

    Args:
        user_data: content of the User-Data AVP.

    Raises:
        ValueError: not well-formed XML, a document type declaration, more than 256 KiB, no usable identity, or a
            number that is none.
    """
    if len(user_data) > _LARGEST:
        raise ValueError(f"User-Data: expected at most {_LARGEST} octets, found {len(user_data)}")
    root = _parse(user_data)
    found = [identity for one in root.every("PublicIdentity") if (identity := _usable_identity(one))]
    if not found:
        raise ValueError("User-Data: expected a PublicIdentity that is not barred, found none")
    criteria = [read for one in root.every("InitialFilterCriteria") if (read := _filter_criteria(one)) is not None]
    return UserProfile(tuple(dict.fromkeys(found)), tuple(sorted(criteria, key=lambda one: one.priority)))


@dataclass(slots=True)
class _Element:
    name: str
    text: str = ""
    children: list[_Element] = field(default_factory=list)

    def all(self, name: str) -> list[_Element]:
        return [child for child in self.children if child.name == name]

    def every(self, name: str) -> list[_Element]:
        """Return the elements of that name at any depth, in document order."""
        return [e for child in self.children for e in ([child] if child.name == name else child.every(name))]

    def content(self, name: str) -> str:
        """Return the text of the first child of that name; empty where there is none."""
        return next((child.text.strip() for child in self.all(name)), "")

    def number(self, name: str) -> int:
        text = self.content(name)
        if not text.isascii() or not text.isdigit() or len(text) > 10:
            raise ValueError(f"User-Data: expected a number as {name}, found {text[:20]!r}")
        return int(text)


def _usable_identity(element: _Element) -> str:
    return "" if element.content("BarringIndication") in ("1", "true") else element.content("Identity")


def _filter_criteria(element: _Element) -> FilterCriteria | None:
    servers, points = element.all("ApplicationServer"), element.all("TriggerPoint")
    if len(servers) != 1 or len(points) != 1 or not servers[0].content("ServerName"):
        return None
    triggers = points[0].all("SPT")
    if not triggers or not all(spt.all("Method") for spt in triggers):
        return None
    return FilterCriteria(
        priority=element.number("Priority"),
        server=servers[0].content("ServerName"),
        conjunctive=points[0].content("ConditionTypeCNF") in ("1", "true"),
        triggers=tuple(_trigger(spt) for spt in triggers),
    )


def _trigger(spt: _Element) -> MethodTrigger:
    types = [one.text.strip() for extension in spt.all("Extension") for one in extension.all("RegistrationType")]
    groups = [one.text.strip() for one in spt.all("Group")]
    if not groups or not all(text.isascii() and text.isdigit() and len(text) <= 10 for text in [*types, *groups]):
        raise ValueError("User-Data: expected numbers as Group and RegistrationType of an SPT, found others")
    return MethodTrigger(
        method=spt.content("Method"),
        types=frozenset(map(int, types)),
        negated=spt.content("ConditionNegated") in ("1", "true"),
        groups=frozenset(map(int, groups)),
    )


def _parse(user_data: bytes) -> _Element:
    top = _Element("")
    stack = [top]
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise ValueError("User-Data: expected no document type declaration, found one")

    def start(name: str, _: dict[str, str]) -> None:
        if len(stack) > _DEEPEST:
            raise ValueError(f"User-Data: expected at most {_DEEPEST} levels, found more")
        element = _Element(name)
        stack[-1].children.append(element)
        stack.append(element)

    def characters(text: str) -> None:
        stack[-1].text += text

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(user_data, True)
    except (expat.ExpatError, LookupError) as error:  # LookupError: an encoding that there is not
        raise ValueError(f"User-Data: expected well-formed XML, found {str(error)[:80]}") from None
    return top
