"""The shape of an expected flow: transactions between roles in a partial order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


REFUSAL = "refusal"
"""Stands in `response` for any final answer to a REGISTER that neither serves nor challenges: 300 and above but
401 and 407."""

_AT_VISITED = {Role.HOME_PCSCF: Role.VISITED_PCSCF, Role.HOME_DNS: Role.VISITED_DNS}
"""Who stands in for whom where the terminal uses the visited access point."""


class Alternative(_Model):
    """One of the ways in which the same transactions may be carried out."""

    id: Identifier
    title: str


class Step(_Model):
    """One expected transaction."""

    id: Identifier
    source: Role = Field(alias="from")
    destination: Role = Field(alias="to")
    protocol: Literal["SIP", "Diameter", "DNS", "HTTP"]
    point: Point
    request: tuple[Word, ...] = Field(min_length=1)
    """SIP or HTTP method, Diameter command or DNS type; one of them."""
    response: tuple[Word, ...] = ()
    """SIP or HTTP status or Diameter result, one of them; empty: any."""
    provisional: tuple[Word, ...] = ()
    """SIP statuses that may come before the answer: drawn, and not asked for."""
    inside: Identifier | None = None
    """Transaction that this one lies in."""
    after: tuple[Identifier, ...] = ()
    """Transactions that end before this one begins."""
    optional: bool = False
    repeated: bool = False
    """True where any number of such transactions may follow each other."""
    only: tuple[Identifier, ...] = ()
    """Alternatives that have this step; empty: all."""
    tunnel: Literal["gtp"] | None = None
    """The tunnel in which the messages of this step are seen."""

    @property
    def label(self) -> str:
        """The request in words: `REGISTER`, `DNS query`."""
        return "DNS query" if self.protocol == "DNS" else _or(self.request)

    def accepts(self, answer: str | None) -> bool:
        """Tell whether an answer (SIP status, Diameter result; None: there was none) is an expected one."""
        if not self.response or answer in self.response:
            return True
        refused = answer is not None and answer.isdigit() and int(answer) >= 300 and answer not in ("401", "407")
        return REFUSAL in self.response and refused

    @property
    def before_answer(self) -> str:
        """The provisional answers in words: `180 or 183`."""
        return _or(self.provisional)

    @property
    def answer(self) -> str:
        """The answer in words: `401`, `UAA 2001 or 2002`, `answer`."""
        if self.protocol == "Diameter":
            return f"{self.request[0][:-1]}A {_or(self.response)}".strip()
        return _or(self.response) or "answer"


class Flow(_Model):
    """One procedure."""

    id: Identifier
    title: str
    source: str
    """Where the flow stands: document and section."""
    roles: tuple[Role, ...] = Field(min_length=2)
    """Lanes of the ladder, from left to right."""
    alternatives: tuple[Alternative, ...] = ()
    steps: tuple[Step, ...] = Field(min_length=1)
    wherever: bool = False
    """True for a flow that is the same at home and at a visited access point but for the P-CSCF and its DNS."""

    @model_validator(mode="after")
    def _refers_to_what_is_there(self) -> Flow:
        known: set[str] = set()
        for step in self.steps:
            for name in (*step.after, *((step.inside,) if step.inside else ())):
                if name not in known:
                    raise ValueError(f"step {step.id!r} refers to {name!r}, expected a step that stands before it")
            for role in (step.source, step.destination):
                if role not in self.roles:
                    raise ValueError(f"step {step.id!r} has the role {role.value!r}, expected one of the flow's roles")
            for name in step.only:
                if name not in {a.id for a in self.alternatives}:
                    raise ValueError(f"step {step.id!r} names the alternative {name!r}, which the flow does not have")
            if step.id in known:
                raise ValueError(f"two steps are called {step.id!r}, expected another name for each")
            known.add(step.id)
        return self

    def step(self, id: str) -> Step:
        """Return the step of that id; KeyError where there is none."""
        for step in self.steps:
            if step.id == id:
                return step
        raise KeyError(id)

    def alternative(self, id: str) -> tuple[Step, ...]:
        """Return the steps of one alternative, in their order."""
        return tuple(step for step in self.steps if not step.only or id in step.only)

    def at_visited_access_point(self) -> Flow:
        """Return the same flow with the P-CSCF, and the DNS server that it asks, in the visited network.

        The hop from the P-CSCF to the home network is then one between networks (Ic).
        """
        roles: list[Role] = []
        for role in self.roles:
            if role is Role.HOME_PCSCF:
                roles += [Role.VISITED_PCSCF, Role.VISITED_DNS]
            else:
                roles.append(role)
        return self.model_copy(update={"roles": tuple(roles), "steps": tuple(map(_at_visited, self.steps))})

    def children(self, parent: str | None) -> Iterator[Step]:
        """Yield the steps that lie directly in a step (None: in none), in their order."""
        return (step for step in self.steps if step.inside == parent)


def _at_visited(step: Step) -> Step:
    if step.source is Role.HOME_PCSCF:
        there = _AT_VISITED.get(step.destination, step.destination)
        point = Point.IC if step.point is Point.MW else step.point
        return step.model_copy(update={"source": Role.VISITED_PCSCF, "destination": there, "point": point})
    if step.destination is Role.HOME_PCSCF:
        return step.model_copy(update={"destination": Role.VISITED_PCSCF})
    return step


def _or(words: tuple[str, ...]) -> str:
    return ", ".join(words[:-1]) + f" or {words[-1]}" if len(words) > 1 else "".join(words)
