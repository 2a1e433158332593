"""Reads the user profile that the HSS sends: identities and filter criteria (3GPP TS 29.228 annexes B and E).

What its filter criteria mean is said in `filter_criteria`. The profile is XML from another machine: no document type,
bounded in size, nothing is fetched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from conformance.protocols.filter_criteria import Aspect, FilterCriteria, Trigger
from conformance.vocabulary.numbers import DefaultHandling

_LARGEST = 256 * 1024
_DEEPEST = 32
_TRUE = ("1", "true")
_PARTS = {Aspect.HEADER: "Header", Aspect.DESCRIPTION: "Line"}
"""Element that names the header field or the line, where Content says what it holds."""


@dataclass(frozen=True, slots=True)
class UserProfile:
    """What the S-CSCF uses of a profile."""

    identities: tuple[str, ...]
    """Registered together and not barred; the first one heads P-Associated-URI (RFC 7315 4.1)."""
    services: dict[str, tuple[FilterCriteria, ...]]
    """Filter criteria of each identity, in the order of their priority."""


def read_profile(user_data: bytes) -> UserProfile:
    """Read a profile. Filter criteria with triggers that no standard names are passed over.

    Args:
        user_data: content of the User-Data AVP.

    Raises:
        ValueError: not well-formed XML, a document type declaration, more than 256 KiB, no usable identity, or a
            number that is none.
    """
    if len(user_data) > _LARGEST:
        raise ValueError(f"User-Data: expected at most {_LARGEST} octets, found {len(user_data)}")
    root = _parse(user_data)
    services: dict[str, tuple[FilterCriteria, ...]] = {}
    for profile in root.every("ServiceProfile"):
        criteria = [one for each in profile.all("InitialFilterCriteria") if (one := _filter_criteria(each)) is not None]
        criteria.sort(key=lambda one: one.priority)
        for each in profile.all("PublicIdentity"):
            if identity := _usable_identity(each):
                services.setdefault(identity, tuple(criteria))
    if not services:
        raise ValueError("User-Data: expected a PublicIdentity that is not barred, found none")
    return UserProfile(tuple(services), services)


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
    """Return a criterion; None where it names no server, or has triggers of a kind that nobody here knows."""
    servers, points = element.all("ApplicationServer"), element.all("TriggerPoint")
    if len(servers) != 1 or len(points) > 1 or not servers[0].content("ServerName"):
        return None
    triggers = [_trigger(spt) for point in points for spt in point.all("SPT")]
    if points and (not triggers or None in triggers):
        return None
    part = element.content("ProfilePartIndicator")
    return FilterCriteria(
        priority=element.number("Priority"),
        server=servers[0].content("ServerName"),
        conjunctive=bool(points) and points[0].content("ConditionTypeCNF") in _TRUE,
        triggers=tuple(one for one in triggers if one is not None),
        handling=(
            DefaultHandling.SESSION_TERMINATED
            if servers[0].content("DefaultHandling") == str(int(DefaultHandling.SESSION_TERMINATED))
            else DefaultHandling.SESSION_CONTINUED
        ),
        registered={"0": True, "1": False}.get(part),
    )


def _trigger(spt: _Element) -> Trigger | None:
    types = [one.text.strip() for extension in spt.all("Extension") for one in extension.all("RegistrationType")]
    groups = [one.text.strip() for one in spt.all("Group")]
    if not groups or not all(text.isascii() and text.isdigit() and len(text) <= 10 for text in [*types, *groups]):
        raise ValueError("User-Data: expected numbers as Group and RegistrationType of an SPT, found others")
    aspects = [aspect for aspect in Aspect if spt.all(aspect.value)]
    if len(aspects) != 1:
        return None
    aspect = aspects[0]
    value, content = spt.content(aspect.value), None
    if aspect in _PARTS:
        whole = spt.all(aspect.value)[0]
        value = whole.content(_PARTS[aspect])
        content = whole.content("Content") if whole.all("Content") else None
    return Trigger(
        aspect=aspect,
        value=value,
        content=content,
        types=frozenset(map(int, types)),
        negated=spt.content("ConditionNegated") in _TRUE,
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
