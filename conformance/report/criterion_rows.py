"""The rows of the table of criteria, written without a template: a large report has half a million of them."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from conformance.report.finding_view import CriterionView, FrameLink
from conformance.report.text import short

BETWEEN = "\0"
"""Holds texts apart while they are escaped all at once; `visible` and `short` leave it in no text."""


def escaped(texts: Sequence[str]) -> list[str]:
    """Return the texts as they may stand in HTML, in one go.

    Args:
        texts: none of them has a NUL, which `visible` and `short` see to.
    """
    return str(escape(BETWEEN.join(texts))).split(BETWEEN) if texts else []


def criterion_rows(criteria: Sequence[CriterionView], badges: dict[str, Markup]) -> Markup:
    """Return a row for each criterion: name, verdict, level, clause, node, expected, found, frames.

    Args:
        criteria: those of one procedure.
        badges: how each verdict is drawn.
    """
    texts = [text for one in criteria for text in _texts(one)]
    parts = iter(escaped(texts))
    rows = []
    for one in criteria:
        anchor, finding, name, says, level, target, clause, who, expected, found = (next(parts) for _ in range(10))
        named = f'<a href="#{finding}">{name}</a>' if finding else name
        frames = ", ".join([_frame(link, next(parts), next(parts)) for link in one.frames])
        rows.append(
            f'<tr id="{anchor}"><th scope="row">{named}<span class="says">{says}</span>'
            f'<td>{badges[one.result.verdict]}<td>{level}<td><a href="#{target}">{clause}</a>'
            f"<td>{who}<td>{expected}<td>{found}<td>{frames}\n"
        )
    return Markup("".join(rows))  # noqa: S704 - every text in it was escaped above


def _texts(one: CriterionView) -> list[str]:
    criterion = one.result
    found = [one.anchor, one.finding, one.name, short(criterion.statement, 300), criterion.level, one.clause]
    found += [short(criterion.clause, 200), one.who, one.expected, one.found]
    for link in one.frames:
        found += [link.text, link.target]
    return found


def _frame(link: FrameLink, text: str, target: str) -> str:
    return f'<a class="fr" href="#{target}">{text}</a>' if link.target else text
