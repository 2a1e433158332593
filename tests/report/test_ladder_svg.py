"""The ladder as a file that stands alone."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from conformance.report.ladder_svg import ladder_svg
from conformance.vocabulary.results import CellResult, CriterionResult
from conformance.vocabulary.verdicts import Verdict


def test_it_is_well_formed_and_shows_messages_and_what_fails(
    make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    (procedure,) = make_cell(conformance=Verdict.FAIL, criteria=[make_criterion()]).procedures
    root = etree.fromstring(ladder_svg(procedure).encode())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = " ".join(root.itertext())
    assert "REGISTER sip:uc3m.netlab.test" in words
    assert "200 OK ✗ REG-38" in words
    assert ".arrows .wrong" in words, "it has its own style"


def test_hostile_text_is_text(make_cell: Callable[..., CellResult]) -> None:
    (procedure,) = make_cell().procedures
    arrow = procedure.ladder[0].model_copy(update={"summary": '"><script>alert(1)</script>\x00&'})
    root = etree.fromstring(ladder_svg(procedure.model_copy(update={"ladder": [arrow]})).encode())
    assert not list(root.iter("{*}script"))
    assert not [name for element in root.iter("*") for name in element.attrib if name.startswith("on")]
