"""Criteria and findings."""

from __future__ import annotations

from conformance.criteria.model import Catalogue, failed, inconclusive, not_applicable, passed
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Severity


def test_a_check_becomes_a_criterion() -> None:
    catalogue = Catalogue()

    @catalogue.add("REG-99", "It is so.", source=("RFC 1", "2.3"), node=Role.UE, points=[Point.GM])
    def check(_registration: object) -> object:
        return passed("so", "so")

    (criterion,) = catalogue
    assert criterion.check is check
    assert (criterion.level, criterion.severity) == (Level.SHALL, Severity.BLOCKING)
    assert criterion.source == "RFC 1 2.3"


def test_a_clause_that_nobody_read_is_not_printed() -> None:
    catalogue = Catalogue()
    catalogue.add("REG-99", "It is so.", source=("RFC 1", None), node=Role.UE, points=[Point.GM])(
        lambda _registration: passed("so", "so")
    )
    assert next(iter(catalogue)).source == "RFC 1"


def test_findings() -> None:
    findings = [passed("a", "b"), failed("a", "b"), inconclusive("a", "b"), not_applicable("a", "b")]
    assert [finding.verdict for finding in findings] == ["PASS", "FAIL", "INCONCLUSIVE", "NOT_APPLICABLE"]
    assert failed("a", "b", by_absence=True).by_absence
