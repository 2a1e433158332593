"""The templates of the report, compiled once: everything is escaped, and what came from packets is bounded."""

from __future__ import annotations

import time
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from conformance.report.cell_times import written
from conformance.report.criterion_rows import criterion_rows
from conformance.report.distribution import milliseconds
from conformance.report.message_view import plain_rows
from conformance.report.text import short, visible
from conformance.report.time_chart import chart


class ReportEnvironment(Environment):
    """An environment for templates that ask objects for attributes and for nothing else.

    Jinja tries an item of that name where there is no such attribute, in Python, for each of the thousands of
    attributes of a page. Here the interpreter looks it up, and one that a template misspells is an AttributeError.
    """

    getattr = staticmethod(getattr)  # type: ignore[assignment]  # called on the environment alone, so `self` is not missed


@cache
def environment() -> Environment:
    """Return the one environment of all templates; a name that a template misspells is an error."""
    made = ReportEnvironment(
        loader=PackageLoader("conformance.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["visible"] = visible
    made.filters["short"] = short
    made.filters["plain_rows"] = plain_rows
    made.filters["criterion_rows"] = criterion_rows
    made.filters["when"] = when
    made.filters["ms"] = milliseconds
    made.filters["chart"] = chart
    made.filters["times_written"] = written
    made.filters["verdict_class"] = verdict_class
    return made


def asset(name: str) -> Markup:
    """Return a style sheet or script of ours, by its name in `templates/`, as it has to stand in a page."""
    return Markup(files("conformance.report").joinpath("templates", name).read_text(encoding="utf-8"))  # noqa: S704 - our own file


def when(nanoseconds: int) -> str:
    """Return a point in time as a reader wants it: `2026-11-22 18:45:12 UTC`."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(nanoseconds / 1e9))


def verdict_class(verdict: object) -> str:
    """Return the CSS class of a verdict: `not-applicable`."""
    return str(verdict).lower().replace("_", "-")
