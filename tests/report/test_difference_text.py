"""The explained difference as text: an arrow at the parting, carets under the bytes, nothing that fools a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.report.difference_text import difference_lines
from conformance.vocabulary.difference import (
    Difference,
    ExpectedMessage,
    HeaderDifference,
    LadderRow,
    LineKind,
    MarkedLine,
    RowStatus,
    SeenMessage,
)


def row(status: RowStatus, frame: int = 0, text: str = "REGISTER") -> LadderRow:
    expected = ExpectedMessage(step="first", source="ue", destination="home-pcscf", text=text)
    seen = SeenMessage(
        capture=0, frame=frame, protocol="SIP", source="ue", destination="home-pcscf", summary="REGISTER"
    )
    return LadderRow(
        status=status,
        expected=None if status is RowStatus.UNEXPECTED else expected,
        seen=None if status in (RowStatus.MISSING, RowStatus.NOT_OBSERVABLE) else seen,
    )


def line(**changes: Any) -> MarkedLine:
    fields = {"capture": 0, "frame": 4, "offset": 10, "length": 3, "before": "Path: ", "marked": "abc", "after": ";lr"}
    return MarkedLine.model_validate(fields | changes)


def difference(rows: list[LadderRow], at: int | None, *headers: HeaderDifference) -> Difference:
    return Difference(
        flow="registration-home",
        sentence="Expected next UAR.",
        why="it was asked",
        node="home-icscf",
        row=at,
        rows=rows,
        headers=list(headers),
    )


def test_an_arrow_stands_where_the_ladders_part() -> None:
    rows = [row(RowStatus.MATCHED, 1), row(RowStatus.MISSING, text="UAR"), row(RowStatus.UNEXPECTED, 2)]
    lines = list(difference_lines(difference(rows, 1)))
    assert lines[0] == "compared with registration-home: Expected next UAR."
    assert lines[1] == "  to blame: home-icscf (it was asked)"
    assert [one for one in lines if "-->" in one] == [f"  --> {'UAR ue -> home-pcscf':50} - (missing)"]
    assert lines[-2].split() == ["(nothing)", "+", "2", "REGISTER", "ue", "->", "home-pcscf"]
    assert lines[-1].strip() == "(- missing, + beyond the flow)"


def test_only_rows_around_the_parting_are_shown() -> None:
    rows = [row(RowStatus.MATCHED, number) for number in range(50)]
    rows[30] = row(RowStatus.DIFFERENT, 30)
    lines = list(difference_lines(difference(rows, 30)))
    assert any("... 27 more rows, as expected" in one for one in lines)
    assert any("... 13 more rows, as expected" in one for one in lines)
    assert len(lines) < 20


def test_carets_stand_under_the_bytes() -> None:
    item = HeaderDifference(kind=LineKind.WRONG, field="Path", capture=0, frame=4, line=line(), expected="xyz")
    lines = list(difference_lines(difference([row(RowStatus.MATCHED, 4)], 0, item)))
    assert lines[-3:] == [
        "  frame 4, Path: marked below; expected xyz",
        "    Path: abc;lr",
        "          ^^^",
    ]


def test_the_same_line_of_another_frame_names_it() -> None:
    other = line(frame=3, marked="abcd")
    item = HeaderDifference(kind=LineKind.REMOVED, field="Path", capture=0, frame=4, other=other)
    lines = list(difference_lines(difference([row(RowStatus.MATCHED, 4)], 0, item)))
    assert lines[-2:] == ["    frame 3: Path: abcd;lr", "                   ^^^^"]


@pytest.mark.parametrize(
    "text", ["\x1b[31m", "\x00", "a\nb", "a\tb", "\u202e", "\x85"], ids=["escape", "nul", "line", "tab", "bidi", "nel"]
)
def test_carets_stay_under_hostile_bytes(text: str) -> None:
    item = HeaderDifference(
        kind=LineKind.CHANGED, field=f"Path{text}", capture=0, frame=4, line=line(before=text, marked=text + "x")
    )
    lines = list(difference_lines(difference([row(RowStatus.MATCHED, 4)], 0, item)))
    assert all(one.isprintable() for one in lines)
    shown, carets = lines[-2:]
    start, count = carets.index("^"), carets.count("^")
    assert shown[start : start + count].endswith("x")
    assert shown[start + count :] == ";lr"


def test_a_very_long_value_is_cut() -> None:
    item = HeaderDifference(
        kind=LineKind.WRONG, field="Path", capture=0, frame=4, line=line(before="y" * 500, marked="x" * 60_000)
    )
    lines = list(difference_lines(difference([row(RowStatus.MATCHED, 4)], 0, item)))
    assert max(map(len, lines)) < 300


def test_nothing_is_said_where_nothing_differs() -> None:
    assert list(difference_lines(None)) == []
    assert list(difference_lines(Difference(flow="registration-home", rows=[row(RowStatus.MATCHED, 1)]))) == []


def test_nobody_is_named_without_proof() -> None:
    unsure = difference([row(RowStatus.MISSING)], 0).model_copy(update={"node": None})
    assert "  to blame: nobody can be named (it was asked)" in list(difference_lines(unsure))
