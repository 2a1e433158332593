"""The templates of the report, compiled once: everything is escaped, and what came from packets is bounded."""

from __future__ import annotations

import time
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from conformance.report.text import short, visible


@cache
def environment() -> Environment:
    """Return the one environment of all templates; a name that a template misspells is an error."""
    made = Environment(
        loader=PackageLoader("conformance.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["visible"] = visible
    made.filters["short"] = short
    made.filters["when"] = when
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
