"""Both ladders as text, to be copied."""

from __future__ import annotations

from conformance.report.ladder_text import ladder_text
from conformance.report.side_by_side import side_by_side
from conformance.report.sighting import Sighting
from conformance.vocabulary.difference import Difference, ExpectedMessage, LadderRow, RowStatus, SeenMessage

WANTED = ExpectedMessage(step="query", source="home-icscf", destination="home-hss", text="UAR")
CAME = SeenMessage(capture=0, frame=7, protocol="SIP", source="ue", destination="home-icscf", summary="REGISTER")


def lines(*rows: LadderRow, at: int | None = None) -> list[str]:
    drawing = side_by_side(
        Difference(flow="registration-home", row=at, rows=list(rows)), {(0, 7): [Sighting("+1.0", "0.4", "m", "a")]}
    )
    assert drawing is not None
    return ladder_text(drawing, "registration-home").split("\n")


def test_a_row_has_time_round_trip_frame_and_both_sides() -> None:
    row = LadderRow(status=RowStatus.MATCHED, expected=WANTED, seen=CAME)
    assert lines(row)[1].split() == (
        ["+1.0", "0.4", "7", "UAR", "home-icscf", "->", "home-hss", "=", "REGISTER", "ue", "->", "home-icscf"]
    )


def test_an_arrow_points_where_the_ladders_part_and_words_say_why() -> None:
    shown = lines(LadderRow(status=RowStatus.MISSING, expected=WANTED), at=0)[1]
    assert "-->" in shown
    assert shown.endswith("(missing)")


def test_a_name_of_an_address_cannot_break_the_line() -> None:
    hostile = CAME.model_copy(update={"source": "a\nb\x1b[2J", "summary": "x\r\ny"})
    assert len(lines(LadderRow(status=RowStatus.UNEXPECTED, seen=hostile))) == 2
