"""The same results for Allure: one step a criterion, the capture and the result as attachments.

Without `--alluredir` Allure's calls do nothing.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import allure

from conformance.vocabulary.results import CellResult, CriterionResult
from conformance.vocabulary.verdicts import Verdict

PCAPNG = "application/vnd.tcpdump.pcap"


class _DoesNotHold(AssertionError):
    """Marks a step as failed; it never leaves this module."""


def attach_result(result: CellResult, folder: Path) -> None:
    """Describe a judged cell to Allure; to be called while its test is running.

    Args:
        result: the cell's result.
        folder: the cell's folder on disk.
    """
    allure.dynamic.title(result.title)
    allure.dynamic.feature(result.flow)
    allure.dynamic.story(f"{result.home} at {result.visited}")
    for name, value in (("interoperability", result.interoperability), ("conformance", result.conformance)):
        allure.dynamic.label(name, str(value))
    for procedure in result.procedures:
        for criterion in procedure.criteria:
            if criterion.verdict is not Verdict.NOT_APPLICABLE:
                _step(criterion)
    for capture in result.captures:
        file = folder / capture.file
        if file.exists():
            allure.attach.file(str(file), name=capture.file, attachment_type=PCAPNG, extension="pcapng")
    allure.attach(
        result.model_dump_json(by_alias=True, indent=1),
        name="result.json",
        attachment_type=allure.attachment_type.JSON,
    )


def _step(criterion: CriterionResult) -> None:
    title = f"{criterion.verdict} {criterion.id} [{criterion.clause}] {criterion.statement}"
    with suppress(_DoesNotHold), allure.step(title):
        if criterion.verdict in (Verdict.FAIL, Verdict.ERROR):
            raise _DoesNotHold(f"expected {criterion.expected}; found {criterion.found}")
