"""Writes the report of a run from its results."""

from __future__ import annotations

from pathlib import Path

from conformance.report.site import INDEX, write_site
from conformance.runs.folder import open_run

REPORT_FILE = INDEX


def publish(folder: Path) -> Path:
    """Write the report of the run in `folder` and return its first page.

    Raises:
        BadInput: the folder holds no readable run.
    """
    run = open_run(folder)
    return write_site(folder, run.header, run.cells(), run.footer)
