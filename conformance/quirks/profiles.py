"""Profiles of terminals: a file each in `profiles/`, or quirks behind a name: `standard+Q1+Q9`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from conformance.quirks.catalogue import Quirk, QuirkId, quirk_named
from conformance.vocabulary.errors import BadInput

STANDARD = "standard"
_DEEPEST = 8
"""So many files may stand on each other."""


class ProfileFile(BaseModel):
    """What a file says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Annotated[str, StringConstraints(min_length=5, max_length=120)]
    words: Annotated[str, StringConstraints(max_length=1000)] = ""
    """Which terminal it is and where its behaviour is known from."""
    base: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,40}$")] | None = None
    """Profile whose quirks it has as well; None: there is nothing below it."""
    quirks: tuple[QuirkId, ...] = ()
    impossible: Annotated[str, StringConstraints(max_length=400)] = ""
    """Why no terminal can be that; the cell is NOT_APPLICABLE with this reason. Empty: it can."""


class Profile(BaseModel):
    """A profile with all that it stands on."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    name: str
    title: str
    words: str = ""
    quirks: tuple[Quirk, ...] = ()
    """In the order of the files, the base's first; each once."""
    impossible: str = ""

    @property
    def ids(self) -> frozenset[str]:
        """Identifiers of the quirks."""
        return frozenset(quirk.id for quirk in self.quirks)


@cache
def profile_names() -> tuple[str, ...]:
    """Return the names of the profiles that have a file, `standard` first."""
    folder = files("conformance.quirks").joinpath("profiles")
    names = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return (STANDARD, *(name for name in names if name != STANDARD))


def profile_named(name: str) -> Profile:
    """Return a profile.

    Args:
        name: of a file, with further quirks behind it: `standard+Q4`, `symbian-s60+Q9`; or the path of a file of
            somebody's own (`phone.toml`), whose base is one of ours.

    Raises:
        BadInput: no such profile or quirk, or the file is wrong; one line for each mistake.
    """
    first, *added = name.split("+")
    profile = _own(Path(first)) if first.endswith(".toml") else _ours(first, 0)
    quirks = {quirk.id: quirk for quirk in (*profile.quirks, *map(quirk_named, added))}
    return profile.model_copy(update={"name": name, "quirks": tuple(quirks.values())})


def _ours(name: str, depth: int) -> Profile:
    if name not in profile_names():
        raise BadInput(f"terminal profile {name[:60]!r}: expected one of {', '.join(profile_names())}, or NAME+QUIRK")
    text = files("conformance.quirks").joinpath("profiles", f"{name}.toml").read_text(encoding="utf-8")
    return _built(name, text, f"profiles/{name}.toml", depth)


def _own(path: Path) -> Profile:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read ({error}); expected a terminal profile in TOML") from None
    return _built(path.stem, text, str(path), 0)


def _built(name: str, text: str, where: str, depth: int) -> Profile:
    try:
        file = ProfileFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{where}: is no TOML ({error}); correct the file") from None
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        lines = [f"{where}: {'.'.join(map(str, m['loc']))}: {m['msg']}; correct the entry" for m in mistakes]
        raise BadInput("\n".join(lines)) from None
    if depth >= _DEEPEST:
        raise BadInput(f"{where}: base: expected at most {_DEEPEST} profiles on each other; is it its own base?")
    base = _ours(file.base, depth + 1) if file.base else None
    quirks = {quirk.id: quirk for quirk in (*(base.quirks if base else ()), *map(quirk_named, file.quirks))}
    return Profile(
        name=name, title=file.title, words=file.words, quirks=tuple(quirks.values()), impossible=file.impossible
    )
