"""The catalogue of quirks: data in `catalogue.toml`, checked when it is read."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from conformance.vocabulary.errors import BadInput, HarnessFault
from conformance.vocabulary.verdicts import Severity

QuirkId = Annotated[str, StringConstraints(pattern=r"^[QJU][1-9][0-9]?[a-z]?$")]
CriterionId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,4}-[0-9]{2,3}$")]


class Known(StrEnum):
    """How well a quirk is known."""

    SOURCE = "source"
    """Read in the platform's own published stack or documentation."""
    SERVER = "server"
    """Read in the source of a server that copes with it."""
    FIELD = "field"
    """A public report of somebody who met it."""
    PROJECT = "project"
    """D2.2 says it of the project's own terminals."""
    INFERRED = "inferred"
    """Follows from the others; nobody has seen it."""


class Cure(StrEnum):
    """What the adapter does about a quirk."""

    NONE = "none"
    REQUEST_URI = "request-uri"
    """It takes port and parameters out of the Request-URI of a REGISTER."""
    AUTHORIZATION = "authorization"
    """It writes Authorization so that a core reads it: realm, private identity, quoting, one header field."""


class Evidence(BaseModel):
    """Where a quirk is known from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    known: Known
    where: Annotated[str, StringConstraints(min_length=3, max_length=400)]


class Quirk(BaseModel):
    """One way in which a terminal deviates, or does what brittle software takes for a deviation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: QuirkId
    title: Annotated[str, StringConstraints(min_length=5, max_length=80)]
    words: Annotated[str, StringConstraints(min_length=10, max_length=400)]
    """What it does to which message."""
    on_wire: bool = True
    """False: it is about the programming interface of the terminal, and no message shows it."""
    evidence: tuple[Evidence, ...] = Field(min_length=1)
    breaks: tuple[CriterionId, ...] = ()
    """Criteria that the terminal fails because of it where it is alone, and no others; none: the standards allow it."""
    severity: Severity = Severity.COSMETIC
    """What it costs the user where nobody adapts."""
    blocks: tuple[str, ...] = ()
    """Which cores refuse or lose the registration because of it: `strict`, `openimscore`, `kamailio`, `lenient`."""
    cure: Cure = Cure.NONE
    advice: Annotated[str, StringConstraints(max_length=300)] = ""
    """What somebody can do about it at the terminal; empty: nothing is known."""


@cache
def all_quirks() -> dict[str, Quirk]:
    """Return the quirks by their ids, in the order of the file.

    Raises:
        HarnessFault: the catalogue itself is wrong.
    """
    text = files("conformance.quirks").joinpath("catalogue.toml").read_text(encoding="utf-8")
    try:
        quirks = [Quirk.model_validate(entry) for entry in tomllib.loads(text).get("quirk", [])]
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise HarnessFault(f"catalogue of quirks: {error}") from error
    known = {quirk.id: quirk for quirk in quirks}
    if len(known) != len(quirks):
        raise HarnessFault("catalogue of quirks: expected each id once")
    return known


def quirk_named(id: str) -> Quirk:
    """Return a quirk.

    Raises:
        BadInput: there is none of that id.
    """
    try:
        return all_quirks()[id]
    except KeyError:
        known = ", ".join(all_quirks())
        raise BadInput(f"quirk {id[:40]!r}: expected one of {known}; see `netlab terminal list`") from None
