"""A comparison as a page: self-contained, without script, what became worse first."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from conformance.history.comparison import Change, Comparison
from conformance.history.text import answer, sections
from conformance.report.cell_view import anchor_of_folder
from conformance.report.environment import asset, environment
from conformance.runs.brief import RunBrief
from conformance.vocabulary.errors import NotPermitted
from conformance.vocabulary.results import RunHeader

MOST_ROWS = 300
"""Rows of one table; the others are counted, and are in the JSON form."""
FEW_ROWS = 12
"""A list that is no worse than before is shown at once where it is as short as this."""
_REPORT = "index.html"


@dataclass(frozen=True)
class Section:
    """One list of the comparison as the page shows it."""

    anchor: str
    title: str
    count: int
    changes: Sequence[Change]
    worse: bool
    is_open: bool


@dataclass(frozen=True)
class Place:
    """Where a run's report is, seen from the page."""

    run: str
    folder: str
    """Path from the page to the folder of the run, fit for a link."""
    path: Path

    def of_run(self) -> str | None:
        """Link to the report; None where it was not written or was taken away."""
        return f"{self.folder}/{_REPORT}" if (self.path / _REPORT).is_file() else None

    def of_cell(self, cell_folder: str) -> str | None:
        """Link to a cell: to a page of its own where the report is a folder of pages, else into the one page."""
        if not cell_folder:
            return None
        if (self.path / cell_folder / _REPORT).is_file():
            return f"{self.folder}/{quote(cell_folder, safe='/@')}/{_REPORT}"
        report = self.of_run()
        return report and f"{report}#{anchor_of_folder(cell_folder)}"


def write_page(found: Comparison, old: RunBrief, new: RunBrief, file: Path) -> None:
    """Write the page; its links lead from where it stands to the reports of both runs.

    Raises:
        NotPermitted: it cannot be written there.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(render(found, old, new, file.absolute().parent), encoding="utf-8")
    except OSError as error:
        raise NotPermitted(f"{file}: the page cannot be written there ({error.strerror}); name another file") from None


def render(found: Comparison, old: RunBrief, new: RunBrief, folder: Path) -> str:
    """Return the page.

    Args:
        found: what differs.
        old: the run that was compared with.
        new: the run that was asked about.
        folder: where the page will stand.
    """
    style = asset("comparison.css")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            found=found,
            answer=answer(found),
            old=old,
            new=new,
            before=_place(old, folder),
            after=_place(new, folder),
            sections=_sections(found),
            most=MOST_ROWS,
            made=_made(old.header, new.header),
            style=style,
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        )
    )


def _place(run: RunBrief, folder: Path) -> Place:
    path = run.path.resolve()
    return Place(path.name, quote(os.path.relpath(path, folder.resolve())), path)


def _sections(found: Comparison) -> list[Section]:
    every = [
        Section(
            anchor=f"list-{number}",
            title=title,
            count=len(changes),
            changes=changes[:MOST_ROWS],
            worse=any(change.worse for change in changes),
            is_open=len(changes) <= FEW_ROWS or any(change.worse for change in changes),
        )
        for number, (title, changes) in enumerate(sections(found), start=1)
    ]
    return [section for section in every if section.count]


def _made(old: RunHeader, new: RunHeader) -> list[tuple[str, str, str]]:
    """Return how both runs were made: what, in the old run, in the new one."""

    def of(header: RunHeader) -> dict[str, str]:
        return {
            "Federation": header.federation,
            "Testbeds": ", ".join(f"{name} ({domain})" for name, domain in header.testbeds.items()),
            "Core": header.core,
            "Fabric": header.fabric,
            "Captured with": header.capture_backend,
            "Options": " ".join(header.options) or "none",
            "netlab-conformance": f"{header.version}, {header.commit[:12] if header.commit else 'no commit known'}",
            **header.tools,
        }

    before, after = of(old), of(new)
    return [(what, before.get(what, "none"), after.get(what, "none")) for what in dict.fromkeys([*before, *after])]
