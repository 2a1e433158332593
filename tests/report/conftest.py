"""The first page of a report, as a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from conformance.report.site import write_site
from conformance.vocabulary.results import CellResult, RunFooter, RunHeader

Render = Callable[[RunHeader, Sequence[CellResult], RunFooter | None], str]


@pytest.fixture
def render_run(tmp_path: Path) -> Render:
    """Writes a report into an empty folder and returns its first page."""

    def render(header: RunHeader, cells: Sequence[CellResult], footer: RunFooter | None) -> str:
        for cell in cells:
            (tmp_path / cell.folder).mkdir(parents=True, exist_ok=True)
        return write_site(tmp_path, header, cells, footer).read_text(encoding="utf-8")

    return render
