"""The rows of the table of criteria: everything in them is escaped, and each text stands where it belongs."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from conformance.report.cell_view import cell_view
from conformance.report.criterion_rows import criterion_rows, escaped
from conformance.vocabulary.results import CellResult, CriterionResult
from conformance.vocabulary.verdicts import Verdict

HOSTILE = '"><img onerror=alert(1)>\0&'
BADGES = {str(verdict): Markup(f"<b>{verdict}</b>") for verdict in Verdict}  # noqa: S704 - our own words


def test_texts_are_escaped_together_and_stay_apart() -> None:
    assert escaped(["a<b", "", "&"]) == ["a&lt;b", "", "&amp;"]
    assert escaped([]) == []


def test_a_row_has_its_texts_in_their_places_and_nothing_of_a_packet_is_markup(
    make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    cell = make_cell(
        criteria=[make_criterion(found=HOSTILE, statement=HOSTILE), make_criterion(id="REG-39", found="z")]
    )
    first, second = cell_view(cell).procedures[0].criteria
    rows = str(criterion_rows([first, second], BADGES)).splitlines()
    assert len(rows) == 2
    assert "<img" not in rows[0]
    assert "\0" not in rows[0]
    assert "<b>FAIL</b>" in rows[0]
    assert rows[1].startswith(f'<tr id="{second.anchor}"><th scope="row"><a href="#{second.finding}">REG-39</a>')
    assert "<td>z<td>" in rows[1]
