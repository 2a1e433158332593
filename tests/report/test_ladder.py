"""The geometry of a ladder."""

from __future__ import annotations

from collections.abc import Callable

from conformance.report.ladder import LETTER, MARGIN, MAX_ARROWS, NARROW, draw
from conformance.vocabulary.results import CellResult, CriterionResult


def test_lanes_follow_the_order_of_the_path(make_cell: Callable[..., CellResult]) -> None:
    drawing = draw(make_cell().procedures[0])
    assert [lane.name for lane in drawing.lanes] == ["ue", "home-pcscf"]
    assert drawing.lanes[0].addresses == "127.1.1.129:5060/udp"


def test_arrows_point_the_way_the_message_went(make_cell: Callable[..., CellResult]) -> None:
    request, response = draw(make_cell().procedures[0]).lines
    assert request.x1 < request.x2
    assert response.x1 > response.x2
    assert request.y < response.y
    assert response.offset_ms == "+12.3"


def test_a_failing_criterion_stands_at_the_frame_that_it_cites(
    make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    request, response = draw(make_cell(criteria=[make_criterion()]).procedures[0]).lines
    assert request.failed == ()
    assert response.failed == ("REG-38",)


def test_a_very_long_ladder_is_cut_and_says_so(make_cell: Callable[..., CellResult]) -> None:
    procedure = make_cell().procedures[0]
    long = procedure.model_copy(update={"ladder": procedure.ladder * MAX_ARROWS})
    drawing = draw(long)
    assert len(drawing.lines) == MAX_ARROWS
    assert drawing.cut == MAX_ARROWS


def test_labels_do_not_reach_over_the_times(
    make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    for line in draw(make_cell(criteria=[make_criterion()]).procedures[0], lane_width=NARROW).lines:
        assert line.label_x - len(line.label) * LETTER / 2 >= MARGIN - 1


def test_what_a_node_sends_to_itself_is_seen(make_cell: Callable[..., CellResult]) -> None:
    procedure = make_cell().procedures[0]
    arrow = procedure.ladder[0].model_copy(update={"source": "home-pcscf", "destination": "home-pcscf"})
    (line,) = draw(procedure.model_copy(update={"ladder": [arrow]})).lines
    assert f"H{line.x1 + 22}M" in line.path
