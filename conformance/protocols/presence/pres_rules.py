"""Presence authorisation rules, `application/auth-policy+xml` (RFC 5025, RFC 4745): who is told, and how much.

Rules only grant: what several matching rules say is combined, of the subscription handling the greatest, of permissions
the union (RFC 4745 10). A condition that is unknown does not hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum

from lxml import etree

from conformance.protocols.presence.identity import canonical, domain_of
from conformance.protocols.presence.xml_document import MalformedDocument, read_document

CONTENT_TYPE = "application/auth-policy+xml"
POLICY = "urn:ietf:params:xml:ns:common-policy"
PRES_RULES = "urn:ietf:params:xml:ns:pres-rules"
OMA_POLICY = "urn:oma:xml:xdm:common-policy"

_MOST_RULES = 500


class SubHandling(IntEnum):
    """What becomes of a subscription (RFC 5025 3.2.1), in the order of precedence."""

    BLOCK = 0
    CONFIRM = 10
    POLITE_BLOCK = 20
    ALLOW = 30


class UserInput(IntEnum):
    """How much a watcher sees of when the user was last active (RFC 5025 3.3.2)."""

    FALSE = 0
    BARE = 10
    THRESHOLDS = 20
    FULL = 30


Selector = tuple[str, str]
"""What a component is chosen by: element name and its text, as `("class", "work")`; `("all", "")` chooses every one."""
ALL: Selector = ("all", "")


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a watcher may see (RFC 5025 3.3)."""

    services: frozenset[Selector] = frozenset()
    devices: frozenset[Selector] = frozenset()
    persons: frozenset[Selector] = frozenset()
    attributes: frozenset[str] = frozenset()
    """Names behind `provide-`: `activities`, `mood`, `note`."""
    unknown: frozenset[tuple[str, str]] = frozenset()
    """Namespace and name of other attributes."""
    user_input: UserInput = UserInput.FALSE
    all_attributes: bool = False

    def __or__(self, other: Permissions) -> Permissions:
        return Permissions(
            self.services | other.services,
            self.devices | other.devices,
            self.persons | other.persons,
            self.attributes | other.attributes,
            self.unknown | other.unknown,
            max(self.user_input, other.user_input),
            self.all_attributes or other.all_attributes,
        )


EVERYTHING = Permissions(frozenset({ALL}), frozenset({ALL}), frozenset({ALL}), all_attributes=True)


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules say about one watcher."""

    handling: SubHandling
    permissions: Permissions = field(default_factory=Permissions)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Whom the rules are asked about, and when."""

    watcher: str
    """Canonical identity."""
    now: datetime
    sphere: str = ""
    """That the presentity has published."""


_Condition = Callable[[Occasion], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a document."""

    id: str
    conditions: tuple[_Condition, ...]
    handling: SubHandling
    permissions: Permissions
    for_others: bool = False
    """It counts where no other rule matches (condition other-identity of OMA)."""

    def matches(self, occasion: Occasion) -> bool:
        """Tell whether all conditions hold; a rule without conditions is for everybody."""
        return all(holds(occasion) for holds in self.conditions)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The rules of a presentity."""

    rules: tuple[Rule, ...] = ()
    boundaries: tuple[datetime, ...] = ()
    """When a validity begins or ends."""

    def decide(self, occasion: Occasion) -> Decision:
        """Combine what all matching rules grant; without one the subscription is blocked (RFC 5025 3.2.1)."""
        matching = [rule for rule in self.rules if not rule.for_others and rule.matches(occasion)]
        if not matching:
            matching = [rule for rule in self.rules if rule.for_others and rule.matches(occasion)]
        permissions = Permissions()
        for rule in matching:
            permissions |= rule.permissions
        return Decision(max((rule.handling for rule in matching), default=SubHandling.BLOCK), permissions)

    def __add__(self, other: Ruleset) -> Ruleset:
        return Ruleset(self.rules + other.rules, self.boundaries + other.boundaries)


def read_rules(data: bytes) -> Ruleset:
    """Read a document.

    Raises:
        MalformedDocument: not well-formed, another root element, too many rules, a rule without id, or a value that the
            schema does not have.
    """
    root = read_document(data, _policy("ruleset"))
    found = root.findall(_policy("rule"))
    if len(found) > _MOST_RULES:
        raise MalformedDocument(f"rules: expected at most {_MOST_RULES}, found {len(found)}")
    times = [_time(one) for name in ("from", "until") for one in root.iter(_policy(name))]
    return Ruleset(tuple(map(_rule, found)), tuple(times))


def _rule(element: etree._Element) -> Rule:
    name = element.get("id")
    if not name:
        raise MalformedDocument("rules: expected attribute id in each rule, found none")
    conditions = element.find(_policy("conditions"))
    actions = element.find(_policy("actions"))
    transformations = element.find(_policy("transformations"))
    children = [] if conditions is None else list(conditions)
    return Rule(
        name,
        tuple(_condition(one) for one in children if one.tag != f"{{{OMA_POLICY}}}other-identity"),
        _handling(actions),
        _permissions(() if transformations is None else transformations),
        any(one.tag == f"{{{OMA_POLICY}}}other-identity" for one in children),
    )


def _handling(actions: etree._Element | None) -> SubHandling:
    word = _text(None if actions is None else actions.find(_rules("sub-handling"))) or "block"
    try:
        return SubHandling[word.upper().replace("-", "_")]
    except KeyError:
        raise MalformedDocument(
            f"sub-handling: expected block, confirm, polite-block or allow, found {word[:20]!r}"
        ) from None


def _condition(element: etree._Element) -> _Condition:
    match element.tag:
        case tag if tag == _policy("identity"):
            parts = [_identity(one) for one in element]
            return lambda occasion: any(holds(occasion) for holds in parts)
        case tag if tag == _policy("sphere"):
            value = element.get("value", "")
            return lambda occasion: bool(value) and occasion.sphere == value
        case tag if tag == _policy("validity"):
            times = [_time(one) for one in element]
            spans = list(zip(times[::2], times[1::2], strict=False))
            return lambda occasion: any(begin <= occasion.now < end for begin, end in spans)
    return lambda _: False


def _identity(element: etree._Element) -> _Condition:
    if element.tag == _policy("one"):
        one = canonical(element.get("id", ""))
        return lambda occasion: occasion.watcher == one
    if element.tag == _policy("many"):
        domain = (element.get("domain") or "").lower()
        excepted = [_except(one) for one in element.iterchildren(_policy("except"))]
        # An element of another namespace restricts in a way that nobody here knows.
        known = len(excepted) == len(element)
        return lambda occasion: (
            known
            and (not domain or domain_of(occasion.watcher) == domain)
            and not any(holds(occasion) for holds in excepted)
        )
    return lambda _: False


def _except(element: etree._Element) -> _Condition:
    one, domain = element.get("id"), (element.get("domain") or "").lower()
    if one is not None:
        identity = canonical(one)
        return lambda occasion: occasion.watcher == identity
    return lambda occasion: bool(domain) and domain_of(occasion.watcher) == domain


def _permissions(transformations: Iterable[etree._Element]) -> Permissions:
    granted = Permissions()
    for one in transformations:
        name = etree.QName(one)
        if name.namespace != PRES_RULES or not name.localname.startswith("provide-"):
            continue
        granted |= _permission(name.localname.removeprefix("provide-"), one)
    return granted


def _permission(what: str, element: etree._Element) -> Permissions:
    match what:
        case "services":
            return Permissions(services=frozenset(_selectors(element)))
        case "devices":
            return Permissions(devices=frozenset(_selectors(element)))
        case "persons":
            return Permissions(persons=frozenset(_selectors(element)))
        case "all-attributes":
            return Permissions(all_attributes=True)
        case "user-input":
            word = _text(element).upper()
            if word not in UserInput.__members__:
                raise MalformedDocument(f"provide-user-input: found {word[:20]!r}")
            return Permissions(user_input=UserInput[word])
        case "unknown-attribute":
            named = (element.get("ns", ""), element.get("name", ""))
            return Permissions(unknown=frozenset({named})) if _true(element) else Permissions()
    return Permissions(attributes=frozenset({what})) if _true(element) else Permissions()


def _selectors(element: etree._Element) -> Iterator[Selector]:
    for one in element:
        name = str(etree.QName(one).localname)
        yield ALL if name.startswith("all-") else (name, _text(one))


def _true(element: etree._Element) -> bool:
    return _text(element) in ("true", "1")


def _text(element: etree._Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


def _time(element: etree._Element) -> datetime:
    text = _text(element)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise MalformedDocument(f"validity: expected a date and time, found {text[:30]!r}") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _policy(name: str) -> str:
    return f"{{{POLICY}}}{name}"


def _rules(name: str) -> str:
    return f"{{{PRES_RULES}}}{name}"
