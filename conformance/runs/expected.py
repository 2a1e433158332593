"""Known deviations: `expected.toml` says which cell is expected to fail, why, who knows about it, and until when.

    [[deviation]]
    cell = "test_registration*[octopus@*]"      # `*` and `?`, nothing else
    conformance = "FAIL"                        # what is expected instead of PASS; also interoperability
    criteria = ["REG-37"]                       # these criteria fail, and no others
    reason = "the I-CSCF answers the second REGISTER from memory"
    who = "Octopus, IMS team"
    link = "https://tracker.octopus.test/ims/17"
    expires = 2027-03-31                        # from the day after it counts as a failure again

A deviation that no longer happens differs from what is expected, too: it fails, so that the entry is removed.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import CoreKind
from conformance.vocabulary.results import KnownDeviation
from conformance.vocabulary.verdicts import Verdict, VerdictPair

FILE_NAME = "expected.toml"
BOTH_PASS = VerdictPair(Verdict.PASS, Verdict.PASS)


@dataclass(frozen=True)
class Expectation:
    """What is expected of a cell."""

    pair: VerdictPair = BOTH_PASS
    criteria: tuple[str, ...] = ()
    """With an expected conformance FAIL: the criteria that fail, and no others."""
    known: KnownDeviation | None = None
    """The entry of `expected.toml` that speaks of the cell."""


def expectation(cell: str, of_test_case: Expectation, deviations: Sequence[Deviation]) -> Expectation:
    """Return what is expected of a cell: by a known deviation, else by its test case.

    Args:
        cell: name of the cell.
        of_test_case: what the test case itself says.
        deviations: from `load_expected`; one that has expired is named and expects nothing any more.
    """
    deviation = deviation_of(cell, deviations)
    if deviation is None:
        return of_test_case
    known = deviation.known(datetime.datetime.now(tz=datetime.UTC).date())
    if known.expired:
        return replace(of_test_case, known=known)
    return Expectation(deviation.pair, deviation.criteria, known)


class Deviation(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cell: str = Field(min_length=1, max_length=200)
    interoperability: Verdict = Verdict.PASS
    conformance: Verdict = Verdict.PASS
    criteria: tuple[str, ...] = ()
    reason: str = Field(min_length=10, max_length=500)
    who: str = Field(min_length=2, max_length=200)
    link: str = Field(min_length=8, max_length=500, pattern=r"^https?://\S+$")
    expires: datetime.date

    @model_validator(mode="after")
    def _says_what_deviates(self) -> Deviation:
        if self.pair == BOTH_PASS:
            raise ValueError("expected interoperability or conformance to be another verdict than PASS")
        if (self.conformance is Verdict.FAIL) != bool(self.criteria):
            raise ValueError('expected criteria = ["..."] with conformance = "FAIL", and only then')
        return self

    @property
    def pair(self) -> VerdictPair:
        """The expected verdicts."""
        return VerdictPair(self.interoperability, self.conformance)

    def fits(self, cell: str) -> bool:
        """Tell whether the pattern fits the whole name of a cell."""
        pattern = re.escape(self.cell).replace(r"\*", ".*").replace(r"\?", ".")
        return re.fullmatch(pattern, cell) is not None

    def known(self, today: datetime.date) -> KnownDeviation:
        """Return what the result of a cell says of this entry."""
        return KnownDeviation(
            reason=self.reason,
            who=self.who,
            link=self.link,
            expires=self.expires.isoformat(),
            expired=today > self.expires,
        )


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    deviation: tuple[Deviation, ...] = ()


def load_expected(path: Path) -> tuple[Deviation, ...]:
    """Read a file of known deviations.

    Raises:
        BadInput: the file cannot be read or an entry is wrong; one line for each mistake.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return _File.model_validate(data).deviation
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); expected a file of known deviations") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path}: is no TOML ({error}); correct the file") from None
    except ValidationError as error:
        lines = []
        for mistake in error.errors(include_url=False):
            key = ".".join(str(part) for part in mistake["loc"])
            what = mistake["msg"].removeprefix("Value error, ")
            lines.append(f"{path}: {key}: {what[:1].lower()}{what[1:]}; correct the entry")
        raise BadInput("\n".join(lines)) from None


def deviations_of_core(core: CoreKind) -> tuple[Deviation, ...]:
    """Return what is known of the software that plays a core: it deviates in every home network that it plays."""
    file = resources.files("conformance.cores").joinpath(core, FILE_NAME)
    if not file.is_file():
        return ()
    with resources.as_file(file) as path:
        return load_expected(path)


def deviation_of(cell: str, deviations: Sequence[Deviation]) -> Deviation | None:
    """Return the first entry that fits the cell."""
    return next((deviation for deviation in deviations if deviation.fits(cell)), None)
