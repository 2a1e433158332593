"""The panel of a cell's terminals: what is wrong, the bytes, the clause, what it blocks, what cures it, what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from conformance.report.cell_view import cell_view
from conformance.report.site import write_cell_page
from conformance.vocabulary.results import CellResult, CriterionResult, Evidence, Excerpt, QuirkResult, RunHeader
from conformance.vocabulary.verdicts import Severity, Verdict

HOSTILE = "<script>alert(1)</script>\"'\x1b\u202e" + "x" * 600


def quirk(id: str = "Q1", **changes: object) -> QuirkResult:
    marked = Excerpt(before="OPTIONS\r\nREGISTER sip:uc3m", marked=".netlab", after=".test SIP/2.0\r\nVia: x")
    fields: dict[str, object] = {
        "id": id,
        "title": "a port",
        "words": "There is a port.",
        "severity": Severity.BLOCKING,
        "deviates": True,
        "evidence": [Evidence(capture=0, frame=1, field="Request-URI", offset=17, length=7, excerpt=marked)],
        "places": 1,
        "breaks": ["REG-38", "REG-99"],
        "blocks": ["strict"],
        "cure": "request-uri",
        "advice": "leave it out",
    }
    return QuirkResult.model_validate(fields | changes)


def with_quirks(cell: CellResult, *quirks: QuirkResult) -> CellResult:
    (procedure,) = cell.procedures
    return cell.model_copy(update={"procedures": [procedure.model_copy(update={"quirks": list(quirks)})]})


def page(cell: CellResult, header: RunHeader, folder: Path) -> str:
    (folder / cell.folder).mkdir(parents=True)
    write_cell_page(folder, header, cell)
    return (folder / cell.folder / "index.html").read_text(encoding="utf-8")


def test_a_cell_without_quirks_has_no_panel(
    make_cell: Callable[..., CellResult], header: RunHeader, tmp_path: Path
) -> None:
    assert cell_view(make_cell()).terminals == []
    assert '<section class="terminal">' not in page(make_cell(), header, tmp_path)


def test_a_quirk_has_its_line_its_clause_and_what_nobody_judged(
    make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    (terminal,) = cell_view(with_quirks(make_cell(criteria=[make_criterion()]), quirk())).terminals
    (shown,) = terminal.quirks
    (quote,) = shown.places[0].quotes
    assert (quote.before, quote.marked, quote.after) == ("REGISTER sip:uc3m", ".netlab", ".test SIP/2.0")
    assert [(one.name, one.result.verdict) for one in shown.criteria] == [("REG-38", Verdict.FAIL)]
    assert list(shown.unjudged) == ["REG-99"]
    assert [one.name for one in terminal.blocking] == ["Q1"]


def test_its_bytes_are_marked_in_the_message(make_cell: Callable[..., CellResult]) -> None:
    view = cell_view(with_quirks(make_cell(), quirk()))
    (shown,) = view.terminals[0].quirks
    marks = view.messages[0].taken.start_marks
    assert [(mark.criterion, mark.target) for mark in marks] == [("Q1", shown.anchor)]
    assert "<mark>.netlab</mark>" in view.messages[0].taken.start


def test_what_is_legal_is_told_apart(make_cell: Callable[..., CellResult]) -> None:
    (terminal,) = cell_view(with_quirks(make_cell(), quirk(), quirk("Q3", deviates=False, blocks=[]))).terminals
    assert [one.name for one in terminal.quirks] == ["Q1"]
    assert [one.name for one in terminal.legal] == ["Q3"]


def test_a_quirk_of_several_procedures_is_told_once(make_cell: Callable[..., CellResult]) -> None:
    cell = with_quirks(make_cell(), quirk())
    cell = cell.model_copy(update={"procedures": cell.procedures * 2})
    (terminal,) = cell_view(cell).terminals
    assert len(terminal.quirks) == 1


def test_the_panel_says_all_of_it(make_cell: Callable[..., CellResult], header: RunHeader, tmp_path: Path) -> None:
    text = page(with_quirks(make_cell(), quirk()), header, tmp_path)
    for said in ("There is a port.", "<strong>strict</strong>", "The adapter takes port", "leave it out"):
        assert said in text


def test_hostile_words_are_escaped_and_bounded(
    make_cell: Callable[..., CellResult], header: RunHeader, tmp_path: Path
) -> None:
    cited = Evidence(capture=0, frame=1, field=HOSTILE, offset=0, length=3)
    evil = quirk(
        HOSTILE, title=HOSTILE, words=HOSTILE, evidence=[cited], breaks=[HOSTILE], blocks=[HOSTILE], cure=HOSTILE,
        advice=HOSTILE,
    )  # fmt: skip
    text = page(with_quirks(make_cell(), evil), header, tmp_path)
    assert "<script>alert" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "x" * 590 not in text
