"""What JUnit is told of a cell beside its outcome."""

from __future__ import annotations

from collections.abc import Callable

from conformance.report.junit_properties import MAX_FAILING, junit_properties
from conformance.vocabulary.results import CellResult, CriterionResult
from conformance.vocabulary.verdicts import Level, Verdict


def test_verdicts_axes_and_folder_are_there(make_cell: Callable[..., CellResult]) -> None:
    said = dict(junit_properties(make_cell(visited="stuba", access_point="home")))
    assert (said["interoperability"], said["conformance"], said["expected"]) == ("PASS", "PASS", "PASS/PASS")
    assert (said["home"], said["visited"], said["access_point"]) == ("uc3m", "stuba", "home")
    assert (said["terminal"], said["flow"]) == ("standard", "registration-home")
    assert said["evidence"] == "cells/test_registration.uc3m@uc3m"
    assert (said["failing"], said["blamed"], said["as_expected"]) == ("", "", "yes")


def test_a_failing_criterion_has_clause_node_and_frames(
    make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    said = dict(junit_properties(make_cell(conformance=Verdict.FAIL, criteria=[make_criterion(node="home-pcscf")])))
    assert said["failing"] == "REG-38"
    assert said["blamed"] == "home-pcscf of uc3m (127.1.1.11:4060/udp)"
    assert said["failing.REG-38"] == (
        "clause: RFC 3608 5 | node: home-pcscf of uc3m (127.1.1.11:4060/udp) | "
        "expected: Service-Route: <sip:orig@scscf.uc3m.netlab.test:6060;lr> | found: no Service-Route | frames: 2"
    )


def test_what_is_weaker_than_shall_is_not_listed(
    make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    said = dict(junit_properties(make_cell(criteria=[make_criterion(level=Level.SHOULD)])))
    assert not [name for name in said if name.startswith("failing.")]


def test_names_are_unique_and_their_number_is_bounded(
    make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    cell = make_cell(conformance=Verdict.FAIL, criteria=[make_criterion() for _ in range(MAX_FAILING + 7)])
    names = [name for name, _ in junit_properties(cell)]
    assert len(names) == len(set(names))
    assert dict(junit_properties(cell))["failing.not_listed"] == "7"


def test_a_value_from_a_packet_stays_one_bounded_line(
    make_cell: Callable[..., CellResult], make_criterion: Callable[..., CriterionResult]
) -> None:
    hostile = "\x00\x1b[2J]]>\r\n" + "x" * 100_000
    said = dict(junit_properties(make_cell(conformance=Verdict.FAIL, criteria=[make_criterion(found=hostile)])))
    value = said["failing.REG-38"]
    assert len(value) < 1500
    assert value.isprintable()


def test_what_was_not_run_names_the_cell_that_tells_why(make_cell: Callable[..., CellResult]) -> None:
    assert dict(junit_properties(make_cell(not_run="test_first[uc3m@uc3m]")))["not_run"] == "test_first[uc3m@uc3m]"
    assert "not_run" not in dict(junit_properties(make_cell()))


def test_times_are_there_where_they_were_measured(make_cell: Callable[..., CellResult]) -> None:
    said = dict(junit_properties(make_cell(times={"registration": 96.713, "post-dial-delay": 80.0})))
    assert (said["registration_ms"], said["post_dial_delay_ms"]) == ("96.7", "80.0")
    assert "set_up_ms" not in said
