"""What the matrix of quirks is expected to show: a table in a file that a partner can read.

    [[outcome]]
    profile = ["symbian-s60", "symbian-s60-ietf"]   # or one name
    core = ["strict", "openimscore"]                # lenient, strict, openimscore, kamailio; left out: any
    adapted = false                                 # by the adapter or not; left out: both
    registers = false                               # whether the user gets the registration
    criteria = ["REG-02"]                           # SHALL criteria that fail, and no others; left out: none
    evidence = false                                # conformance is INCONCLUSIVE: what would show it does not come
    why = "Q1: the P-CSCF follows the port, and finds itself"

The first entry that fits a cell counts. A run fails where reality differs, in whichever direction.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from conformance.runs.expected import Expectation
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import CoreKind, Strictness
from conformance.vocabulary.verdicts import Verdict, VerdictPair

FILE_NAME = "outcomes.toml"
CORES = (*(one.value for one in Strictness), CoreKind.KAMAILIO.value)
"""What the entries may call a core: how strict an emulated one is, or which real one it is."""


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[Annotated[str, StringConstraints(min_length=1, max_length=80)], ...], BeforeValidator(_several)]


class QuirkOutcome(BaseModel):
    """One entry of the table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: Names = Field(min_length=1)
    core: Names = CORES
    adapted: bool | None = None
    registers: bool
    criteria: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,4}-[0-9]{2,3}$")], ...] = ()
    evidence: bool = True
    why: Annotated[str, StringConstraints(max_length=400)] = ""

    def fits(self, profile: str, core: str, adapted: bool) -> bool:
        """Tell whether the entry is about a cell."""
        return profile in self.profile and core in self.core and self.adapted in (None, adapted)

    @property
    def expectation(self) -> Expectation:
        """What is expected of such a cell."""
        conformance = Verdict.FAIL if self.criteria else Verdict.PASS if self.evidence else Verdict.INCONCLUSIVE
        return Expectation(VerdictPair(Verdict.PASS if self.registers else Verdict.FAIL, conformance), self.criteria)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: tuple[QuirkOutcome, ...] = ()


@cache
def load_outcomes(path: Path) -> tuple[QuirkOutcome, ...]:
    """Read a table.

    Raises:
        BadInput: the file cannot be read or an entry is wrong; one line for each mistake.
    """
    try:
        entries = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).outcome
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); expected a table of outcomes") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path}: is no TOML ({error}); correct the file") from None
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        lines = [f"{path}: {'.'.join(map(str, m['loc']))}: {m['msg']}; correct the entry" for m in mistakes]
        raise BadInput("\n".join(lines)) from None
    for number, entry in enumerate(entries, start=1):
        if unknown := sorted(set(entry.core) - set(CORES)):
            raise BadInput(f"{path}: outcome {number}: core: found {unknown[0]!r}, expected one of {', '.join(CORES)}")
    return entries


def expected_outcome(
    table: Sequence[QuirkOutcome], where: Path, *, profile: str, core: str, adapted: bool
) -> Expectation:
    """Return what the table says of a cell.

    Raises:
        BadInput: it says nothing; the line says which entry is missing.
    """
    for entry in table:
        if entry.fits(profile, core, adapted):
            return entry.expectation
    by = "with" if adapted else "without"
    raise BadInput(f"{where}: no outcome for profile {profile}, core {core}, {by} the adapter; add an entry")
