"""Faults of captures that need no folder of their own: data in `mutations.toml`, made from the reference captures."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from conformance.faults.catalogue import CriterionId
from conformance.faults.edits import Edit
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.roles import Role


class Mutation(BaseModel):
    """One fault of a capture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,60}$")]
    base: str
    """Folder of the reference capture that is changed."""
    federation: str | None = None
    """File below captures/ with which it is judged; that of the base where it is None."""
    words: Annotated[str, StringConstraints(min_length=10, max_length=200)]
    expected: Annotated[tuple[CriterionId, ...], Field(min_length=1)]
    """Criteria that fail because of it, beside those that fail in the base."""
    blamed: Role
    edit: Annotated[tuple[Edit, ...], Field(min_length=1)]


class _Mutations(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    mutation: tuple[Mutation, ...]

    @model_validator(mode="after")
    def _names_are_unique(self) -> _Mutations:
        names = [one.name for one in self.mutation]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"expected each name once, found twice: {', '.join(twice)}")
        return self


def read_mutations(text: str) -> tuple[Mutation, ...]:
    """Read mutations from TOML.

    Raises:
        HarnessFault: it is no TOML, or one is not as `Mutation` wants it.
    """
    try:
        return _Mutations.model_validate(tomllib.loads(text)).mutation
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        first = " ".join(str(error).split())[:300]
        raise HarnessFault(f"conformance/faults/mutations.toml: expected valid mutations, found: {first}") from None


@cache
def load_mutations() -> tuple[Mutation, ...]:
    """Return the project's own mutations."""
    return read_mutations(files("conformance.faults").joinpath("mutations.toml").read_text(encoding="utf-8"))
