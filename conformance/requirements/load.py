"""Reads the requirement tables: the TOML files beside this module, one a section, one for the standards.

A row is

    [[requirement]]
    id = "D22-2.7-07"
    source = "D2.2 2.7"
    level = "SHALL"                  # SHALL, SHOULD or INFORMATION
    words = "..."                    # the requirement in our own words, short
    criteria = ["REG-42"]            # what covers it: criteria,
    test_cases = ["testcases/registration/test_home.py::test_registration"]    # test cases,
    not_tested_reason = "..."        # or, instead of both, why nothing does yet: one sentence
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.verdicts import Level


class Requirement(BaseModel):
    """One statement of the project document D2.2 or of a standard."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^(D22|STD)-[A-Za-z0-9.-]+$")
    source: str = Field(min_length=1)
    """Document and section or clause: `D2.2 2.7`, `3GPP TS 24.229 5.3.1.2`."""
    level: Level
    words: str = Field(min_length=1, max_length=160)
    criteria: tuple[str, ...] = ()
    test_cases: tuple[str, ...] = ()
    not_tested_reason: str | None = Field(default=None, min_length=1)

    @property
    def is_covered(self) -> bool:
        """True where a criterion or a test case is named."""
        return bool(self.criteria or self.test_cases)


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    requirement: tuple[Requirement, ...] = Field(min_length=1)


def load_requirements(folder: Path | None = None) -> list[Requirement]:
    """Read all tables of a folder and of those below it.

    Args:
        folder: Where the TOML files are; the tables of the package when None.

    Returns:
        The rows, file by file: the project document in the order of its sections, then the standards.

    Raises:
        HarnessFault: A table is missing or malformed; one line with file, row and key.
    """
    folder = folder or Path(__file__).parent
    files = sorted(folder.rglob("*.toml"), key=lambda file: _natural(file.relative_to(folder).as_posix()))
    if not files:
        raise HarnessFault(f"{folder}: found no table, expected *.toml with [[requirement]] rows: reinstall")
    return [row for file in files for row in _read(file)]


def _read(file: Path) -> tuple[Requirement, ...]:
    try:
        return _Table.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))).requirement
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise HarnessFault(f"{file}: {place}: {first['msg']}: correct the row") from None
    except ValueError as error:  # not UTF-8, not TOML
        raise HarnessFault(f"{file}: found {error}, expected TOML: correct the line") from None


def _natural(name: str) -> list[str]:
    """Sort key that puts section 2.10 behind section 2.9."""
    return [part.zfill(4) if part.isdigit() else part for part in re.split(r"(\d+)", name)]
