"""Squares of the matrix: rows home, columns visited, split by access point, the worst of their cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.report.cell_summary import CellSummary, failed_axes, summary
from conformance.report.cell_view import cell_view
from conformance.report.matrix import matrix
from conformance.vocabulary.verdicts import Verdict


def summaries(make_cell: Callable[..., Any], *cells: dict[str, Any]) -> list[CellSummary]:
    return [summary(cell_view(make_cell(folder=f"cells/{n}", **words))) for n, words in enumerate(cells)]


AWAY = {"home": "stuba", "visited": "uc3m", "access_point": "visited"}


def test_each_square_shows_the_worst_of_its_cells(make_cell: Callable[..., Any]) -> None:
    cells = summaries(make_cell, AWAY, {**AWAY, "conformance": Verdict.FAIL}, {**AWAY, "access_point": "home"}, {})
    found = matrix(cells)
    assert found.visited == ["uc3m"]
    assert [row.home for row in found.rows] == ["stuba", "uc3m"]
    ((away, by_home),) = found.rows[0].places
    assert (away.interoperability, away.conformance, away.differing) == (Verdict.PASS, Verdict.FAIL, 1)
    assert (by_home.conformance, by_home.differing) == (Verdict.PASS, 0)
    assert away.words == ("stuba in uc3m, visited access point: interoperability PASS, conformance FAIL; 1 of 2 differ")


def test_squares_without_cells_are_empty_and_ids_differ(make_cell: Callable[..., Any]) -> None:
    found = matrix(summaries(make_cell, AWAY, {"home": "uc3m", "visited": "stuba", "access_point": "home"}))
    assert [[len(place) for place in row.places] for row in found.rows] == [[0, 1], [1, 0]]
    assert len({square.id for square in found.squares}) == 2


def test_only_axes_that_vary_explain_anything(make_cell: Callable[..., Any]) -> None:
    cells = summaries(make_cell, AWAY, {**AWAY, "access_point": "home"})
    assert failed_axes(cells) == [
        {"P-CSCF of": "uc3m", "access": "visited"},
        {"P-CSCF of": "stuba", "access": "home"},
    ]


def test_a_summary_keeps_what_is_wrong_and_where(
    make_cell: Callable[..., Any], make_criterion: Callable[..., Any]
) -> None:
    (cell,) = summaries(make_cell, {"criteria": [make_criterion()], "conformance": Verdict.FAIL})
    (finding,) = cell.findings
    assert (finding.id, finding.who, finding.found, finding.frame) == (
        "REG-38",
        "home-scscf of uc3m",
        "no Service-Route",
        2,
    )
    assert finding.link.endswith("-m0-2")
    assert not cell.as_expected
