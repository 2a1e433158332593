"""A row says what was missed, what was accused falsely, and who was blamed."""

from __future__ import annotations

from dataclasses import replace

from conformance.detection.rows import BENIGN, Row, line, row, summary
from conformance.vocabulary.results import CriterionResult, ProcedureResult
from conformance.vocabulary.verdicts import Level, Severity, Verdict


def procedure(**verdicts: Verdict) -> ProcedureResult:
    criteria = [
        CriterionResult(
            id=name.replace("_", "-"),
            verdict=verdict,
            level=Level.SHALL,
            severity=Severity.BLOCKING,
            clause="",
            statement="",
            node="ue",
            expected="",
            found="what was found",
        )
        for name, verdict in verdicts.items()
    ]
    return ProcedureResult(
        flow="f", subject=[], cell=None, roles={}, frames=[], interoperability=Verdict.PASS,
        conformance=Verdict.PASS, criteria=criteria, reasons=[],
    )  # fmt: skip


def test_what_must_fail_and_does_is_found() -> None:
    one = row("x", "node", ["REG-01"], [procedure(REG_01=Verdict.FAIL, REG_02=Verdict.PASS)], blamed="ue")
    assert one.ok
    assert one.as_json() == {
        "fault": "x",
        "kind": "node",
        "expected": ["REG-01"],
        "found": ["REG-01"],
        "collateral": [],
        "blamed": "ue",
        "ok": True,
        "warnings": [],
    }


def test_what_must_fail_and_does_not_is_missed() -> None:
    one = row("x", "node", ["REG-01"], [procedure(REG_01=Verdict.INCONCLUSIVE)])
    assert not one.ok
    assert one.missed == ("REG-01",)
    assert summary([one]) == ["1 faults: 0 found, 1 missed, 0 with collateral"]


def test_what_must_not_fail_and_does_is_collateral() -> None:
    one = row("x", "node", ["REG-01"], [procedure(REG_01=Verdict.FAIL), procedure(REG_02=Verdict.FAIL)])
    assert not one.ok
    assert one.collateral == ("REG-02",)
    assert summary([one]) == ["1 faults: 1 found, 0 missed, 1 with collateral"]


def test_another_node_that_is_blamed_is_told() -> None:
    one = row("x", "node", ["REG-01"], [procedure(REG_01=Verdict.FAIL)], blamed="home-scscf")
    assert not one.ok
    assert "expected to blame home-scscf, blamed ue" in line(one)
    assert summary([one])[-1].endswith("1 otherwise not as expected")


def test_an_error_of_the_judge_is_told() -> None:
    assert "REG-01 is ERROR: what was found" in row("x", "node", [], [procedure(REG_01=Verdict.ERROR)]).remark


def test_benign_changes_are_counted_apart() -> None:
    rows = [Row("a", BENIGN, (), (), (), None), Row("b", BENIGN, (), (), ("REG-01",), None)]
    rows.append(Row("c", "capture", (), (), (), None))
    assert summary(rows) == [
        "2 benign changes: 1 changed a verdict",
        "1 faults: 1 found, 0 missed, 0 with collateral",
    ]


def test_a_line_is_one_line_whatever_was_found() -> None:
    assert "\n" not in line(row("x", "node", [], [], remark="a\nb\x1b[31m"))
    assert "\x1b" not in line(row("x", "node", [], [], remark="a\nb\x1b[31m"))


def test_warnings_explain_a_row_that_is_not_as_expected_and_no_other() -> None:
    warned = Row("x", "node", ("REG-01",), (), (), None, warnings=("180: refused",))
    assert line(warned).endswith("NOT OK  180: refused")
    assert line(replace(warned, found=("REG-01",))).endswith("ok")
    assert warned.as_json()["warnings"] == ["180: refused"]
