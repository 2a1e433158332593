"""A judgement as text: every line bounded, nothing drawn that a packet asked for."""

from __future__ import annotations

from collections.abc import Callable

from conformance.report.judgement_text import NOTHING, judgement_lines
from conformance.vocabulary.results import CaptureInfo, CellResult, CriterionResult, Judgement
from conformance.vocabulary.verdicts import Verdict
from tests.report.test_lines import quirk


def text(judgement: Judgement) -> list[str]:
    return list(judgement_lines(judgement))


def capture(**changes: object) -> CaptureInfo:
    fields: dict[str, object] = {
        "file": "a.pcap", "frames": 9, "signalling": 4, "copies": 1, "drops": None, "problems": [],
    }  # fmt: skip
    return CaptureInfo.model_validate(fields | changes)


def test_a_capture_without_a_procedure_says_what_was_expected() -> None:
    assert text(Judgement(captures=[capture()], procedures=[])) == [
        "a.pcap: 9 frames, 4 with signalling, 1 copies, loss unknown",
        NOTHING,
    ]


def test_a_capture_says_how_its_clock_goes_and_what_was_not_read() -> None:
    counts = {"rtp": 495_000, "tcp": 30} | {f"p{number}": 1 for number in range(9)}
    one, other = capture(clock_offset_ns=-3_600_000_250_000), capture(clock_offset_ns=0, not_read=counts)
    lines = text(Judgement(captures=[one, other], procedures=[]))
    assert lines[1] == "  its clock is 3600.000250 s behind that of the first capture, as messages show that both have"
    assert lines[3] == "  no signalling in frames of: rtp 495000, tcp 30, p0 1, p1 1, p2 1, p3 1, p4 1, p5 1, 3 others"


def test_a_procedure_shows_its_verdicts_its_reasons_and_what_fails(
    make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    passing = make_criterion(id="REG-01", verdict=Verdict.PASS)
    cell = make_cell(criteria=[passing, make_criterion()], conformance=Verdict.FAIL)
    (procedure,) = cell.procedures
    lines = text(Judgement(captures=[capture(drops=0)], procedures=[procedure.model_copy(update={"reasons": ["why"]})]))
    assert lines[1] == ("registration-home of sip:alice@uc3m.netlab.test: interoperability PASS, conformance FAIL")
    assert lines[2] == "  why"
    assert lines[3].startswith("  FAIL REG-38 [RFC 3608 5] home-scscf: expected Service-Route: ")
    assert len(lines) == 4


def test_what_came_from_packets_is_one_bounded_line_each(make_cell: Callable[..., CellResult]) -> None:
    (procedure,) = make_cell().procedures
    hostile = "\x1b[2J\r\n" + "x" * 9000
    changes = {"subject": [hostile], "reasons": [hostile]}
    lines = text(Judgement(captures=[capture(problems=[hostile])], procedures=[procedure.model_copy(update=changes)]))
    assert len(lines) == 4
    assert all("\n" not in line and "\x1b" not in line and len(line) < 500 for line in lines)


def test_what_belongs_to_no_known_flow_is_named() -> None:
    unjudged = {"INVITE": 12, "x\x1b" * 90: 1}
    lines = text(Judgement(captures=[capture()], procedures=[], unjudged=unjudged))
    assert lines[2] == "not judged: INVITE (12 messages), of no flow that is known yet"
    assert lines[3].endswith("(1 message), of no flow that is known yet")
    assert "\x1b" not in lines[3]


def test_a_quirk_of_the_terminal_is_one_line_behind_what_fails(make_cell: Callable[..., CellResult]) -> None:
    (procedure,) = make_cell().procedures
    changes = {"quirks": [quirk()]}
    lines = text(Judgement(captures=[capture()], procedures=[procedure.model_copy(update=changes)]))
    assert lines[-1] == "  terminal Q6 (degraded) no Supported: path: Supported absent (frames: 3); breaks REG-11"
