"""The body of a cell: findings first, and links all ways between clause, criterion, arrow and frame."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from conformance.report.cell_view import CellView, cell_view, files_of, whose
from conformance.report.environment import environment
from conformance.vocabulary.difference import Difference, ExpectedMessage, LadderRow, RowStatus, SeenMessage
from conformance.vocabulary.results import CellResult, CriterionResult, Evidence, RunHeader
from conformance.vocabulary.verdicts import Verdict

ANCHOR = "cells-test-registration-uc3m-uc3m"
MakeCell = Callable[..., CellResult]
MakeCriterion = Callable[..., CriterionResult]


def seen(frame: int, source: str, destination: str, summary: str) -> SeenMessage:
    return SeenMessage(capture=0, frame=frame, protocol="SIP", source=source, destination=destination, summary=summary)


def explained(cell: CellResult, status: RowStatus = RowStatus.MATCHED) -> CellResult:
    """The cell with both ladders: its two messages, and a SAR that never came."""
    wanted = ExpectedMessage(step="store", source="home-scscf", destination="home-hss", text="SAR")
    rows = [
        LadderRow(status=status, seen=seen(1, "ue", "home-pcscf", "REGISTER")),
        LadderRow(status=RowStatus.MISSING, expected=wanted),
        LadderRow(status=RowStatus.MATCHED, seen=seen(2, "home-pcscf", "ue", "200 OK")),
    ]
    difference = Difference(
        flow="registration-home", sentence="Expected next SAR.", node="home-scscf", row=1, rows=rows
    )
    procedures = [one.model_copy(update={"difference": difference}) for one in cell.procedures]
    return cell.model_copy(update={"procedures": procedures})


class Page(HTMLParser):
    """What a browser would act on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.files: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.headings: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        values = {name: value or "" for name, value in attributes}
        self.attributes |= set(values)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "a":
            (self.links.add if values["href"].startswith("#") else self.files.append)(values["href"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))


def body(view: CellView, level: int = 3) -> str:
    return str(environment().get_template("cell.html.j2").module.cell_body(view, level))  # type: ignore[attr-defined]


@pytest.fixture
def failing(make_cell: MakeCell, make_criterion: MakeCriterion) -> CellResult:
    return make_cell(
        criteria=[make_criterion()], conformance=Verdict.FAIL, test_case="registration/home/test_registration"
    )


def test_the_finding_comes_before_the_ladder_and_names_all_that_matters(failing: CellResult) -> None:
    text = body(cell_view(explained(failing)))
    before = text[: text.index("Expected and actual ladder")]
    for words in ("REG-38", "home-scscf of uc3m", "no Service-Route", "Frame 2", "<mark>SIP/2.0</mark>", "RFC 3608 5"):
        assert words in before


def test_links_lead_from_clause_to_criterion_to_finding_to_frame_to_arrow_and_back(failing: CellResult) -> None:
    page = Page(body(cell_view(explained(failing))))
    for part in ("f-REG-38", "c-REG-38", "clause-rfc-3608-5", "m0-2", "a0-2"):
        assert f"#{ANCHOR}-{part}" in page.links
        assert f"{ANCHOR}-{part}" in page.ids


@pytest.mark.parametrize("is_explained", [True, False])
def test_every_link_has_a_target_and_every_id_is_there_once(
    make_cell: MakeCell, make_criterion: MakeCriterion, is_explained: bool
) -> None:
    beyond = Evidence(capture=0, frame=77, field="Path")
    cell = make_cell(criteria=[make_criterion(), make_criterion(id="REG-15", evidence=[beyond])])
    cell = explained(cell) if is_explained else cell
    twice = cell.model_copy(update={"procedures": cell.procedures * 2})
    page = Page(body(cell_view(twice)))
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_a_message_of_two_procedures_is_shown_once(failing: CellResult) -> None:
    twice = failing.model_copy(update={"procedures": failing.procedures * 2})
    assert [message.anchor for message in cell_view(twice).messages] == [f"{ANCHOR}-m0-1", f"{ANCHOR}-m0-2"]


def test_two_messages_of_one_frame_are_both_shown(make_cell: MakeCell) -> None:
    cell = make_cell()
    first, second = cell.procedures[0].ladder
    together = cell.procedures[0].model_copy(
        update={"ladder": [first, second.model_copy(update={"frame": 1})]},
    )
    view = cell_view(cell.model_copy(update={"procedures": [together]}))
    assert [message.anchor for message in view.messages] == [f"{ANCHOR}-m0-1", f"{ANCHOR}-m0-1-2"]


def test_the_message_that_a_failed_criterion_cites_is_marked(failing: CellResult) -> None:
    text = body(cell_view(failing))
    message = text[text.index(f'id="{ANCHOR}-m0-2"') :]
    assert f'<mark>SIP/2.0</mark> 200 OK <a class="why" href="#{ANCHOR}-f-REG-38">✗ REG-38</a>' in message


def test_missing_and_repeated_messages_say_so_in_words(make_cell: MakeCell) -> None:
    text = body(cell_view(explained(make_cell(), RowStatus.REPEATED)))
    assert 'class="row missing"' in text
    assert "✗ missing" in text
    assert 'class="row repeated"' in text
    assert "↻ sent again" in text
    assert "(missing)" in text[text.index("Both ladders as text") :]


def test_time_and_round_trip_stand_at_the_side(make_cell: MakeCell) -> None:
    cell = make_cell()
    ladder = [arrow.model_copy(update={"transaction": 0}) for arrow in cell.procedures[0].ladder]
    procedure = cell.procedures[0].model_copy(update={"ladder": ladder})
    view = cell_view(explained(cell.model_copy(update={"procedures": [procedure]})))
    compared = view.procedures[0].compared
    assert compared is not None
    assert [(line.seen.time, line.seen.trip) for line in compared.came if line.seen] == [
        ("+0.0", ""),
        ("+12.3", "12.3"),
    ]


@pytest.mark.parametrize(
    ("files", "capture"),
    [
        (None, "cells/test_registration.uc3m@uc3m/capture.pcapng"),
        ("", "capture.pcapng"),
        ("../cells/x y/", "../cells/x%20y/capture.pcapng"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29/capture.pcapng"),
    ],
)
def test_files_are_linked_from_where_the_page_stands(failing: CellResult, files: str | None, capture: str) -> None:
    page = Page(body(cell_view(failing, files)))
    assert set(page.files) == {capture}


def test_wireshark_filters_and_the_command_are_ready_to_copy(failing: CellResult, header: RunHeader) -> None:
    options = header.model_copy(update={"options": ["--fault=uc3m/s-cscf=no-service-route"]})
    text = body(cell_view(failing, header=options))
    assert "frame.number == 2<" in text
    assert "frame.number in {1, 2}<" in text
    assert "./netlab run --fault=uc3m/s-cscf=no-service-route &#39;testcases/registration/test_home.py::" in text


def test_keys_come_first_of_the_files_beside_the_capture(tmp_path: Path, failing: CellResult) -> None:
    for name in ("capture.pcapng", "events.jsonl", "keys.txt", "nodes/uc3m-hss.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    beside = files_of(tmp_path)
    assert beside == ["keys.txt", "capture.pcapng", "events.jsonl", "nodes/uc3m-hss.log"]
    page = Page(body(cell_view(failing, "", beside=beside)))
    assert page.files == ["capture.pcapng", "capture.pcapng", "keys.txt", "events.jsonl", "nodes/uc3m-hss.log"]


def test_headings_leave_no_level_out(failing: CellResult) -> None:
    for level in (2, 3):
        found = Page(body(cell_view(explained(failing)), level)).headings
        assert found[0] == level
        assert all(after - before <= 1 for before, after in pairwise(found))


HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)</script>\x1b[2J\u202e'


def test_whatever_a_result_says_the_page_runs_nothing(make_cell: MakeCell, make_criterion: MakeCriterion) -> None:
    hostile: dict[str, Any] = dict.fromkeys(("expected", "found", "statement", "clause", "node", "id"), HOSTILE)
    cell = make_cell(
        criteria=[make_criterion(**hostile)],
        text=f"SIP/2.0 200 OK\r\nUser-Agent: {HOSTILE}\r\n{HOSTILE}: x\r\n\r\n{HOSTILE}",
        reasons=[HOSTILE],
        folder=f"cells/{HOSTILE}",
        test_case=HOSTILE,
        home=HOSTILE,
        node_logs={HOSTILE: [HOSTILE]},
    )
    for one in (cell, explained(cell)):
        text = body(cell_view(one, beside=[HOSTILE, f"keys{HOSTILE}"]))
        page = Page(text)
        assert not page.tags & {"script", "img", "style", "iframe", "link"}
        assert not {name for name in page.attributes if name.startswith("on") or name in ("style", "src")}
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_a_cell_that_never_opened_has_a_page(make_cell: MakeCell) -> None:
    cell = make_cell(procedures=[], captures=[], events=[], reasons=["uc3m/hss is down"])
    assert "uc3m/hss is down" in body(cell_view(cell))


def test_who_played_a_role_is_named_with_testbed_and_address(make_cell: MakeCell) -> None:
    cell = make_cell(visited="stuba")
    assert whose("home-pcscf", cell) == "home-pcscf of uc3m (127.1.1.11:4060/udp)"
    assert whose("visited-pcscf", cell) == "visited-pcscf of stuba"
    assert whose(None, cell) == "unknown"


def test_a_procedure_says_how_long_its_user_waited_and_leads_to_both_frames(make_cell: Callable[..., Any]) -> None:
    view = cell_view(make_cell(times={"registration": 12.3}))
    (time,) = view.procedures[0].times
    assert (time.title, time.ms) == ("Registration", "12.3")
    assert [end.target for end in time.ends] == [message.anchor for message in view.messages]
