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


class Alternative(_Model):
    """One of the ways in which the same transactions may be carried out."""

    id: Identifier
    title: str


class Step(_Model):
    """One expected transaction."""

    id: Identifier
    source: Role = Field(alias="from")
    destination: Role = Field(alias="to")
    protocol: Literal["SIP", "Diameter", "DNS"]
    point: Point
    request: tuple[Word, ...] = Field(min_length=1)
    """SIP method, Diameter command or DNS type; one of them."""
    response: tuple[Word, ...] = ()
    """SIP status or Diameter result, one of them; empty: any."""
    inside: Identifier | None = None
    """Transaction that this one lies in."""
    after: tuple[Identifier, ...] = ()
    """Transactions that end before this one begins."""
    optional: bool = False
    repeated: bool = False
    """True where any number of such transactions may follow each other."""
    only: tuple[Identifier, ...] = ()
    """Alternatives that have this step; empty: all."""

    @property
    def label(self) -> str:
        """The request in words: `REGISTER`, `DNS query`."""
        return "DNS query" if self.protocol == "DNS" else _or(self.request)

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

    def children(self, parent: str | None) -> Iterator[Step]:
        """Yield the steps that lie directly in a step (None: in none), in their order."""
        return (step for step in self.steps if step.inside == parent)


def _or(words: tuple[str, ...]) -> str:
    return ", ".join(words[:-1]) + f" or {words[-1]}" if len(words) > 1 else "".join(words)
