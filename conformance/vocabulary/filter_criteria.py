"""Initial filter criteria as a federation file declares them: which requests of a subscriber pass which server.

Passive data, as 3GPP TS 29.228 annex B has it: triggers in groups, a priority, an application server, and what becomes
of the request where that one does not answer.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from conformance.vocabulary.numbers import DefaultHandling, RegistrationType, SessionCase
from conformance.vocabulary.patterns import LONGEST_PATTERN

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_PATTERN)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Case(StrEnum):
    """Whose request it is."""

    ORIGINATING = "originating"
    TERMINATING = "terminating"
    TERMINATING_UNREGISTERED = "terminating-unregistered"
    ORIGINATING_UNREGISTERED = "originating-unregistered"

    @property
    def number(self) -> SessionCase:
        """The value of SessionCase."""
        return _CASES[self]


_CASES = {
    Case.ORIGINATING: SessionCase.ORIGINATING,
    Case.TERMINATING: SessionCase.TERMINATING_REGISTERED,
    Case.TERMINATING_UNREGISTERED: SessionCase.TERMINATING_UNREGISTERED,
    Case.ORIGINATING_UNREGISTERED: SessionCase.ORIGINATING_UNREGISTERED,
}


class Registering(StrEnum):
    """What a REGISTER does."""

    INITIAL = "initial"
    AGAIN = "re-registration"
    END = "de-registration"

    @property
    def number(self) -> RegistrationType:
        """The value of RegistrationType."""
        return _REGISTERING[self]


_REGISTERING = {
    Registering.INITIAL: RegistrationType.INITIAL_REGISTRATION,
    Registering.AGAIN: RegistrationType.RE_REGISTRATION,
    Registering.END: RegistrationType.DE_REGISTRATION,
}


class Handling(StrEnum):
    """What becomes of a request whose application server does not answer."""

    CONTINUED = "continued"
    TERMINATED = "terminated"

    @property
    def number(self) -> DefaultHandling:
        """The value of DefaultHandling."""
        return DefaultHandling.SESSION_CONTINUED if self is Handling.CONTINUED else DefaultHandling.SESSION_TERMINATED


class NormalForm(StrEnum):
    """How the groups of triggers are joined."""

    CONJUNCTIVE = "conjunctive"
    """One trigger of each group has to hold."""
    DISJUNCTIVE = "disjunctive"
    """All triggers of one group have to hold."""


class Trigger(_Model):
    """One service point trigger; it looks at one thing."""

    method: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,20}$")] | None = None
    registration: tuple[Registering, ...] = ()
    """With method REGISTER: which registrations; empty: all."""
    request_uri: Pattern | None = None
    header: Pattern | None = None
    """Name of a header field, as a regular expression."""
    line: Annotated[str, StringConstraints(pattern=r"^[a-z]$")] | None = None
    """Type of a line of the session description: `m`."""
    content: Pattern | None = None
    """What the header field or the line holds, as a regular expression; None: it is there."""
    session_case: Case | None = None
    negated: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _looks_at_one_thing(self) -> Trigger:
        names = ("method", "request_uri", "header", "line", "session_case")
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected one of {', '.join(names)}, found {' and '.join(given) or 'none'}")
        if self.content is not None and given[0] not in ("header", "line"):
            raise ValueError(f"expected content beside header or line, found it beside {given[0]}")
        if self.registration and self.method != "REGISTER":
            raise ValueError(f'expected registration beside method = "REGISTER", found it beside {given[0]}')
        return self


class FilterCriterion(_Model):
    """One initial filter criterion of a subscriber."""

    priority: Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)]
    """The lowest number comes first."""
    when: tuple[Annotated[tuple[Trigger, ...], Field(min_length=1)], ...] = ()
    """Groups of triggers; none: every request."""
    normal_form: NormalForm = NormalForm.CONJUNCTIVE
    server: Annotated[str, StringConstraints(pattern=r"^sip:[^\s\"<>]+$", max_length=255)] | None = None
    """SIP URI of the application server; None: that of the testbed."""
    default_handling: Handling = Handling.CONTINUED

    def concerns(self, method: str, case: Case) -> bool:
        """Tell whether it is about a method on a side, as far as method and session case say."""
        triggers = [trigger for group in self.when for trigger in group if not trigger.negated]
        methods = {trigger.method for trigger in triggers if trigger.method is not None}
        cases = {trigger.session_case for trigger in triggers if trigger.session_case is not None}
        return (not methods or method in methods) and (not cases or case in cases)

    def serves(self, case: Case) -> bool:
        """Tell whether it asks for requests of a session case by name."""
        return any(trigger.session_case is case and not trigger.negated for group in self.when for trigger in group)
