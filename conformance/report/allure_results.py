"""The same results for Allure: one step a criterion, the capture, the ladders and the result as attachments.

Without `--alluredir` Allure's calls do nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import allure
import pytest

from conformance.report.cell_view import whose
from conformance.report.ladder_svg import ladder_svg
from conformance.report.text import short
from conformance.vocabulary.results import CellResult, CriterionResult, ProcedureResult
from conformance.vocabulary.verdicts import Level, Verdict

PCAPNG = "application/vnd.tcpdump.pcap"
LIMIT = 300
_DOCUMENT = re.compile(r"(?:3GPP|ETSI) \w+ [\d.]+|RFC \d+|D\d+\.\d+")


class Requirement(Protocol):
    """What Allure is told of a requirement."""

    @property
    def id(self) -> str:
        """`D22-2.7-01`."""

    @property
    def source(self) -> str:
        """Document and section or clause: `D2.2 2.7`."""

    @property
    def words(self) -> str:
        """The requirement in one sentence."""


class Fails(AssertionError):
    """Allure makes `failed` of it; the message shows the name without its module."""

    __module__ = "builtins"


class NotJudged(Exception):
    """Allure makes `broken` of it."""

    __module__ = "builtins"


def attach_result(result: CellResult, folder: Path, requirements: Sequence[Requirement] = ()) -> None:
    """Describe a cell to Allure; to be called while its test is being set up or held.

    Args:
        result: the cell's result, of any outcome.
        folder: the cell's folder on disk.
        requirements: those that the cell's test case covers.
    """
    allure.dynamic.title(f"{result.cell}: {result.title}")
    _place(result, requirements)
    for name, value in (
        ("home", result.home),
        ("visited", result.visited),
        ("access point", result.access_point),
        ("terminal", result.terminal),
    ):
        allure.dynamic.parameter(name, value)
    for name, value in (
        ("interoperability", str(result.interoperability)),
        ("conformance", str(result.conformance)),
        ("expected", str(result.expected_pair)),
    ):
        allure.dynamic.label(name, value)
    for procedure in result.procedures:
        _procedure(procedure, result)
    for capture in result.captures:
        file = folder / capture.file
        if file.exists():
            allure.attach.file(str(file), name=capture.file, attachment_type=PCAPNG, extension="pcapng")
    allure.attach(
        result.model_dump_json(by_alias=True, indent=1),
        name="result.json",
        attachment_type=allure.attachment_type.JSON,
    )


def document_of(source: str) -> str:
    """Return the document that a source or reference names: `3GPP TS 24.229` of `3GPP TS 24.229 5.2.2`."""
    found = _DOCUMENT.match(source)
    return found[0] if found else source


def _place(result: CellResult, requirements: Sequence[Requirement]) -> None:
    """Give the cell its place: epic is a document, feature the flow, stories are the document's requirements.

    Allure shows a test below each pair of its epics and stories. So there is one epic, the document that most of the
    requirements come from, and only its requirements are stories; all of them are labels.
    """
    documents = Counter(document_of(each.source) for each in requirements)
    references = result.sheet.references if result.sheet else []
    epic = documents.most_common(1)[0][0] if documents else next((document_of(one) for one in references), None)
    if epic is not None:
        allure.dynamic.epic(epic)
    allure.dynamic.feature(result.flow)
    stories = [f"{each.id} {each.words}" for each in requirements if document_of(each.source) == epic]
    allure.dynamic.story(*(stories or [result.title]))
    allure.dynamic.label("requirement", *(each.id for each in requirements))


def _procedure(procedure: ProcedureResult, result: CellResult) -> None:
    step = allure.step(
        f"{procedure.flow}: interoperability {procedure.interoperability}, conformance {procedure.conformance}"
    )
    step.__enter__()
    if procedure.ladder:
        allure.attach(
            ladder_svg(procedure), name=f"ladder of {procedure.flow}", attachment_type=allure.attachment_type.SVG
        )
    for criterion in procedure.criteria:
        if criterion.verdict is not Verdict.NOT_APPLICABLE:
            _criterion(criterion, result)
    verdicts = [verdict for verdict in _GRAVEST_FIRST if verdict in procedure.pair]
    _leave(step, verdicts[0] if verdicts else Verdict.PASS, _why(procedure))


def _why(procedure: ProcedureResult) -> str:
    failing = ", ".join(dict.fromkeys(criterion.id for criterion in procedure.failures))
    sentences = [f"{failing} failed" if failing else "", procedure.departure or "", *procedure.reasons]
    return "; ".join(short(sentence, LIMIT) for sentence in sentences if sentence)


def _criterion(criterion: CriterionResult, result: CellResult) -> None:
    level = "" if criterion.level is Level.SHALL else f" ({criterion.level})"
    step = allure.step(f"{criterion.verdict} {criterion.id}{level} [{criterion.clause}] {criterion.statement}")
    step.__enter__()
    frames = ", ".join(dict.fromkeys(str(evidence.frame) for evidence in criterion.evidence)) or "none"
    _leave(
        step,
        criterion.verdict,
        f"{whose(criterion.node, result)}: expected {short(criterion.expected, LIMIT)}; "
        f"found {short(criterion.found, LIMIT)} (frames: {frames})",
    )


_GRAVEST_FIRST = (Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE)
_STATUS: dict[Verdict, type[BaseException]] = {
    Verdict.FAIL: Fails,
    Verdict.ERROR: NotJudged,
    Verdict.INCONCLUSIVE: pytest.skip.Exception,
}
"""What Allure takes for `failed`, `broken` and `skipped`."""


def _leave(step: AbstractContextManager[Any], verdict: Verdict, message: str) -> None:
    """End a step with the status of a verdict; no traceback: it would lead into the harness."""
    kind = _STATUS.get(verdict)
    if kind is None:
        step.__exit__(None, None, None)
    else:
        step.__exit__(kind, kind(message), None)
