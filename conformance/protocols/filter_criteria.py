"""Which application servers a request has to pass: evaluation of initial filter criteria (3GPP TS 29.228 annexes B, F).

No I/O, and nothing of how a request gets to a server. What is asked of any method is the same: an `Occasion` says what
the request is, `FilterCriteria.matches` answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from sipmessage import Request

from conformance.vocabulary.numbers import DefaultHandling, RegistrationType, SessionCase
from conformance.vocabulary.patterns import bounded_pattern, found_in

_UNREGISTERED = (SessionCase.TERMINATING_UNREGISTERED, SessionCase.ORIGINATING_UNREGISTERED)


@dataclass(frozen=True)
class Occasion:
    """A request, and what an S-CSCF knows of it beside its text."""

    request: Request
    case: SessionCase | None = None
    """Whose request it is; None for a REGISTER."""
    registration: RegistrationType | None = None
    """Of a REGISTER."""

    @cached_property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Type and content of each line of the session description; none where there is none."""
        if not (self.request.headers.get("Content-Type") or "").lower().startswith("application/sdp"):
            return ()
        text = self.request.body.decode("utf-8", "replace")
        pieces = (line.strip().partition("=") for line in text.splitlines())
        return tuple((name, content) for name, mark, content in pieces if mark)


class Aspect(Enum):
    """What a trigger looks at; the value is the element of the profile."""

    METHOD = "Method"
    REQUEST_URI = "RequestURI"
    HEADER = "SIPHeader"
    CASE = "SessionCase"
    DESCRIPTION = "SessionDescription"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A service point trigger."""

    aspect: Aspect
    value: str
    """Method, number of the session case, or a regular expression: of the Request-URI, a header name, a line type."""
    content: str | None = None
    """Regular expression of what the header field or the line holds; None: it is there."""
    types: frozenset[int] = frozenset()
    """Of REGISTER: types of registration; empty: all."""
    negated: bool = False
    groups: frozenset[int] = frozenset()

    def holds(self, occasion: Occasion) -> bool:
        """Tell whether it is true of a request."""
        return self._found(occasion) != self.negated

    def _found(self, occasion: Occasion) -> bool:
        request = occasion.request
        match self.aspect:
            case Aspect.METHOD:
                right = not self.types or occasion.registration in self.types
                return request.method == self.value and (right or self.value != "REGISTER")
            case Aspect.CASE:
                return occasion.case is not None and str(int(occasion.case)) == self.value
            case Aspect.REQUEST_URI:
                return _matches(self.value, str(request.uri))
            case Aspect.HEADER:
                return self._any(_fields(request))
            case Aspect.DESCRIPTION:
                return self._any(occasion.lines)

    def _any(self, pairs: Iterable[tuple[str, str]]) -> bool:
        content = self.content
        return any(
            _matches(f"^({self.value})$", name) and (content is None or _matches(content, text)) for name, text in pairs
        )


@dataclass(frozen=True, slots=True)
class FilterCriteria:
    """One initial filter criterion: which requests an application server gets."""

    priority: int
    server: str
    """SIP URI of the application server."""
    conjunctive: bool = True
    """True: AND of groups whose members are joined by OR (conjunctive normal form); False: the other way round."""
    triggers: tuple[Trigger, ...] = ()
    """None: every request (3GPP TS 29.228 annex B)."""
    handling: DefaultHandling = DefaultHandling.SESSION_CONTINUED
    registered: bool | None = None
    """Part of the profile that it is of: for times when the user is registered, or is not; None: for both."""

    def matches(self, occasion: Occasion) -> bool:
        """Tell whether a request is for the application server."""
        if self.registered is not None and self.registered == (occasion.case in _UNREGISTERED):
            return False
        groups = {number for trigger in self.triggers for number in trigger.groups}
        inner, outer = (any, all) if self.conjunctive else (all, any)
        return not groups or outer(
            inner(trigger.holds(occasion) for trigger in self.triggers if number in trigger.groups) for number in groups
        )


@dataclass(slots=True)
class Evaluation:
    """The criteria of one user for one request, as far as they have not been looked at (3GPP TS 24.229 5.4.3)."""

    left: list[FilterCriteria] = field(default_factory=list)

    @classmethod
    def of(cls, criteria: Iterable[FilterCriteria]) -> Evaluation:
        """Begin: all criteria in the order of their priority."""
        return cls(sorted(criteria, key=lambda one: one.priority))

    def next(self, occasion: Occasion) -> FilterCriteria | None:
        """Return the next criterion that matches; it and those before it are not looked at again."""
        while self.left:
            criterion = self.left.pop(0)
            if criterion.matches(occasion):
                return criterion
        return None

    def end(self) -> None:
        """Look at none of the rest."""
        self.left.clear()


def _fields(request: Request) -> Iterator[tuple[str, str]]:
    for name in request.headers.keys():  # noqa: SIM118 - it is no mapping
        for value in request.headers.getlist(name):
            yield name, value


def _matches(pattern: str, text: str) -> bool:
    compiled = bounded_pattern(pattern)
    return compiled is not None and found_in(compiled, text)
