"""`cells.csv`: RFC 4180, harmless in a spreadsheet, whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.report.cell_table import COLUMNS, CellTable, harmless, table_row
from conformance.report.cell_writers import cell_writers, told
from conformance.vocabulary.results import CellResult, CriterionResult
from conformance.vocabulary.verdicts import Verdict


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table, strict=True))


def test_a_cell_is_read_back_as_it_was_written(
    tmp_path: Path, make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    cell = make_cell(
        conformance=Verdict.FAIL, criteria=[make_criterion()], reasons=['a "quoted" reason, with comma\nand line', "ž"]
    )
    with CellTable(tmp_path / "cells.csv") as table:
        table.write(table_row(cell))
        table.write(table_row(cell))
    row, again = rows_of(tmp_path / "cells.csv")
    assert row == again
    assert tuple(row) == COLUMNS
    assert row["reasons"] == 'a "quoted" reason, with comma and line | ž'
    assert (row["failing_criteria"], row["blamed_nodes"]) == ("REG-38", "home-scscf of uc3m")
    assert (row["conformance"], row["expected_conformance"], row["as_expected"]) == ("FAIL", "PASS", "no")
    assert (row["started"], row["duration_ms"]) == ("2023-11-14T22:13:20.000Z", "41.0")
    assert row["folder"] == cell.folder


def test_lines_end_as_rfc_4180_says_and_every_field_is_quoted(
    tmp_path: Path, make_cell: Callable[..., CellResult]
) -> None:
    with CellTable(tmp_path / "cells.csv") as table:
        table.write(table_row(make_cell()))
    content = (tmp_path / "cells.csv").read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") == 2
    assert content.startswith(b'"cell","test_case",')


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_what_a_spreadsheet_would_take_for_a_formula_is_neutralised(begin: str) -> None:
    assert harmless(f"{begin}cmd|' /C calc'!A0") == f"'{begin}cmd|' /C calc'!A0"


@pytest.mark.parametrize("separator", [",", ";"])
def test_no_field_of_a_hostile_cell_begins_a_formula(
    tmp_path: Path, make_cell: Callable[..., CellResult], separator: str
) -> None:
    """Some spreadsheets take the semicolon for the end of a field."""
    hostile = '=HYPERLINK("http://x.test")'
    cell = make_cell(cell=hostile, home="@SUM(1)", reasons=[hostile, f"a;{hostile}", f'",{hostile}'], folder="-1+1")
    with CellTable(tmp_path / "cells.csv") as table:
        table.write(table_row(cell))
    with (tmp_path / "cells.csv").open(newline="", encoding="utf-8") as file:
        fields = [field for row in csv.reader(file, delimiter=separator) for field in row]
    assert not [field for field in fields if field.lstrip().startswith(("=", "+", "-", "@"))]


def test_a_table_that_could_not_be_finished_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_text("old")
    with pytest.raises(RuntimeError), CellTable(tmp_path / "cells.csv"):
        raise RuntimeError
    assert [file.name for file in tmp_path.iterdir()] == ["cells.csv"]
    assert (tmp_path / "cells.csv").read_text() == "old"


def test_the_writers_of_a_run_take_one_cell_at_a_time(tmp_path: Path, make_cell: Callable[..., CellResult]) -> None:
    with cell_writers(tmp_path) as write:
        for number in range(3):
            write(told(make_cell(cell=f"test_registration[{number}]")))
    assert [row["cell"] for row in rows_of(tmp_path / "cells.csv")] == [f"test_registration[{n}]" for n in range(3)]


def test_the_page_for_readers_names_every_column() -> None:
    page = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
    assert [column for column in COLUMNS if f"`{column}`" not in page] == []


def test_times_stand_in_columns_of_their_own(make_cell: Callable[..., CellResult]) -> None:
    row = dict(zip(COLUMNS, table_row(make_cell(times={"registration": 96.713, "set-up": 2000.0})), strict=True))
    assert (row["registration_ms"], row["post_dial_delay_ms"], row["set_up_ms"]) == ("96.7", "", "2000.0")
