"""The two ladders of the report: one row for what belongs together, and a sign besides the colour."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from conformance.report.side_by_side import MAX_LANES, MAX_ROWS, OTHERS, side_by_side
from conformance.report.sighting import Sighting
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
from conformance.vocabulary.results import CellResult, RunFooter, RunHeader
from conformance.vocabulary.verdicts import Verdict

WANTED = ExpectedMessage(step="query", source="home-icscf", destination="home-hss", text="UAR")
CAME = SeenMessage(
    capture=0, frame=7, protocol="SIP", source="home-icscf", destination="home-scscf", summary="REGISTER"
)
SIGHTING = Sighting(time="+1.0", trip="0.4", message="m0-7", arrow="a0-7")
HOSTILE = "<script>alert(1)</script>\x1b[2J"


def explained(*rows: LadderRow, at: int | None = 0, headers: tuple[HeaderDifference, ...] = ()) -> Difference:
    return Difference(
        flow="registration-home",
        sentence=f"Expected next UAR {HOSTILE}.",
        why=f"because {HOSTILE}",
        node="home-icscf",
        row=at,
        rows=list(rows),
        headers=list(headers),
    )


def test_what_is_missing_is_drawn_where_it_should_have_been() -> None:
    drawing = side_by_side(explained(LadderRow(status=RowStatus.MISSING, expected=WANTED)))
    assert drawing is not None
    (expected,), (came,) = drawing.expected, drawing.came
    assert (came.kind, came.seen) == ("missing", None)
    assert expected.y == came.y
    assert expected.x2 < came.x1


def test_a_message_that_a_relay_passes_on_was_not_sent_again() -> None:
    def hop(source: str, destination: str, frame: int, status: RowStatus = RowStatus.REPEATED) -> LadderRow:
        ends = {"source": source, "destination": destination, "frame": frame}
        return LadderRow(status=status, seen=CAME.model_copy(update=ends))

    rows = [
        hop("ue", "adapter", 1, RowStatus.MATCHED),
        hop("ue", "adapter", 2),
        hop("adapter", "home-pcscf", 3),
        hop("home-pcscf", "home-icscf", 4),
        hop("ue", "adapter", 5, RowStatus.MATCHED),
        hop("adapter", "home-pcscf", 6),
        hop("adapter", "home-pcscf", 7),
    ]
    drawing = side_by_side(explained(*rows, at=None))
    assert drawing is not None
    first, second = ["as expected", "sent again", "passed on", "sent again"], ["as expected", "passed on", "sent again"]
    assert [band.words for band in drawing.bands] == first + second


def test_what_is_unexpected_has_no_left_side() -> None:
    row = LadderRow(status=RowStatus.UNEXPECTED, seen=CAME)
    drawing = side_by_side(explained(row, at=None), {(0, 7): [SIGHTING]})
    assert drawing is not None
    assert drawing.expected == []
    assert drawing.came[0].seen == SIGHTING


def test_two_messages_of_one_frame_lead_to_different_places() -> None:
    other = Sighting("+2.0", "", "m0-7-2", "a0-7-2")
    rows = [LadderRow(status=RowStatus.MATCHED, seen=CAME)] * 3
    drawing = side_by_side(explained(*rows, at=None), {(0, 7): [SIGHTING, other]})
    assert drawing is not None
    assert [line.seen for line in drawing.came] == [SIGHTING, other, None]


def test_a_lane_names_its_testbed_in_both_ladders() -> None:
    row = LadderRow(status=RowStatus.MATCHED, expected=WANTED, seen=CAME)
    drawing = side_by_side(explained(row), owners={"home-scscf": "stuba"})
    assert drawing is not None
    assert [(lane.network, lane.title, lane.owner) for lane in drawing.lanes] == [
        ("home", "I-CSCF", ""),
        ("home", "S-CSCF", "stuba"),
        ("home", "HSS", ""),
    ]


@pytest.mark.parametrize("status", list(RowStatus))
def test_every_status_has_words_and_a_sign_of_its_own(status: RowStatus) -> None:
    drawing = side_by_side(explained(LadderRow(status=status, expected=WANTED)))
    assert drawing is not None
    others = [
        other.bands[0]
        for one in RowStatus
        if one is not status and (other := side_by_side(explained(LadderRow(status=one, expected=WANTED)))) is not None
    ]
    band = drawing.bands[0]
    assert band.is_first
    assert band.sign not in {one.sign for one in others}
    assert band.words not in {one.words for one in others}


def test_a_criterion_stands_at_the_message_that_it_finds_wrong() -> None:
    item = HeaderDifference(kind=LineKind.ABSENT, field="Path", capture=0, frame=7, criterion="REG-15")
    drawing = side_by_side(explained(LadderRow(status=RowStatus.MATCHED, expected=WANTED, seen=CAME), headers=(item,)))
    assert drawing is not None
    assert (drawing.bands[0].kind, drawing.bands[0].words) == ("wrong", "REG-15 fails")


def test_many_addresses_of_nobody_known_share_one_lane() -> None:
    rows = [
        LadderRow(status=RowStatus.UNEXPECTED, seen=CAME.model_copy(update={"source": f"192.0.2.{number}:5060/udp"}))
        for number in range(50)
    ]
    drawing = side_by_side(explained(*rows, at=None))
    assert drawing is not None
    assert [lane.name for lane in drawing.lanes] == ["home-scscf", OTHERS]


def test_all_nodes_of_a_call_have_lanes_of_their_own() -> None:
    names = ["caller", "orig-pcscf", "orig-dns", "orig-scscf", "term-icscf", "term-hss", "term-scscf", "term-pcscf"]
    rows = [
        LadderRow(status=RowStatus.MATCHED, seen=CAME.model_copy(update={"source": name, "destination": "callee"}))
        for name in reversed(names)
    ]
    drawing = side_by_side(explained(*rows, at=None))
    assert drawing is not None
    assert [lane.name for lane in drawing.lanes] == [*names, "callee"]
    assert len(drawing.lanes) <= MAX_LANES


def test_a_very_long_ladder_is_cut_and_says_so() -> None:
    rows = [LadderRow(status=RowStatus.REPEATED, seen=CAME)] * (MAX_ROWS + 5)
    drawing = side_by_side(explained(*rows, at=None))
    assert drawing is not None
    assert drawing.cut == 5


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)


def test_the_page_shows_sentence_node_and_marked_bytes_and_escapes_them(
    render_run: Callable[..., str], header: RunHeader, make_cell: Callable[..., CellResult]
) -> None:
    marked = MarkedLine(capture=0, frame=7, offset=3, length=4, before="Path: ", marked=HOSTILE, after=HOSTILE)
    item = HeaderDifference(kind=LineKind.WRONG, field=HOSTILE, capture=0, frame=7, line=marked, expected=HOSTILE)
    came = CAME.model_copy(update={"summary": HOSTILE, "source": HOSTILE})
    rows = (LadderRow(status=RowStatus.DIFFERENT, expected=WANTED, seen=came),)
    cell = make_cell()
    procedure = cell.procedures[0].model_copy(update={"difference": explained(*rows, headers=(item,))})
    page = render_run(
        header,
        [cell.model_copy(update={"procedures": [procedure], "conformance": Verdict.FAIL})],
        RunFooter(finished_ns=1, cells=1, differing=[], exit_code=0),
    )
    assert page.count("<script>") == 1  # ours
    assert "\x1b" not in page
    assert "Expected next UAR" in page
    assert "To blame: <strong>home-icscf of uc3m</strong>" in page
    assert "<mark>&lt;script&gt;" in page
    overview = page[: page.index("<h2>Cell by cell</h2>")]
    assert "home-icscf of uc3m: Expected next UAR" in overview
