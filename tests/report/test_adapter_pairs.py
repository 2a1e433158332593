"""Two ladders side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.report.adapter_pairs import MOST, AdapterPairs, drawn
from conformance.report.site import assets
from conformance.vocabulary.results import CellResult

MakeCell = Callable[..., CellResult]


@pytest.fixture
def pair(make_cell: MakeCell) -> list[CellResult]:
    """A cell without the adapter, and with it."""
    common = {"profile": "symbian-s60", "core": "openimscore"}
    return [
        make_cell(cell="test_symbian[a]", folder="cells/a", adapted=False, **common),
        make_cell(cell="test_symbian[a-adapted]", folder="cells/a-adapted", adapted=True, **common),
    ]


def written(cells: list[CellResult], folder: Path) -> list[Path]:
    pairs = AdapterPairs()
    for cell in cells:
        pairs.add(drawn(cell, "anchor"))
    pairs.write(folder, "run", assets(), paged=True)
    assert set(pairs.links().values()) == {f"adapter/{page.name}" for page in folder.glob("adapter/*")}
    return sorted(folder.glob("adapter/*"))


def test_both_ladders_stand_on_one_page_with_the_way_to_their_cells(pair: list[CellResult], tmp_path: Path) -> None:
    (page,) = written(pair, tmp_path)
    text = page.read_text()
    assert text.count("<svg") == 2
    assert text.index("../cells/a/index.html#anchor") < text.index("../cells/a-adapted/index.html#anchor")


def test_a_cell_that_was_run_without_its_other_half_has_no_page(pair: list[CellResult], tmp_path: Path) -> None:
    assert written(pair[:1], tmp_path) == []


def test_a_cell_that_is_not_about_quirks_is_left_out(make_cell: MakeCell, tmp_path: Path) -> None:
    assert drawn(make_cell(), "anchor") is None


def test_hostile_names_lead_nowhere_else(pair: list[CellResult], tmp_path: Path) -> None:
    hostile = [cell.model_copy(update={"profile": "../../<script>x"}) for cell in pair]
    (page,) = written(hostile, tmp_path)
    assert "<script>x" not in page.read_text()


def test_a_request_that_goes_round_does_not_bury_the_other_side(pair: list[CellResult], tmp_path: Path) -> None:
    (procedure,) = pair[0].procedures
    round_and_round = procedure.model_copy(update={"ladder": procedure.ladder * MOST})
    (page,) = written([pair[0].model_copy(update={"procedures": [round_and_round]}), pair[1]], tmp_path)
    text = page.read_text()
    assert f"{len(procedure.ladder) * MOST - MOST} later messages are not drawn" in text
    assert "symbian-s60 at a core like the Open IMS Core" in text
