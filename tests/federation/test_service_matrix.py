"""Calls that pass application servers are cells of users whose filter criteria say so."""

from __future__ import annotations

import pytest

from conformance.federation import default_federation_path, home_cells, load_federation
from conformance.federation.call_matrix import call_cells
from conformance.federation.service_matrix import with_served_callee, with_served_caller
from conformance.vocabulary.federation import Federation


@pytest.fixture(scope="module")
def federation() -> Federation:
    return load_federation(default_federation_path())


def test_the_caller_is_one_whose_calls_pass_a_server(federation: Federation) -> None:
    squares = with_served_caller(federation, home_cells(federation), None)
    assert [(one.home, one.subscriber) for one in squares] == [("uc3m", "grace"), ("stuba", "heidi")]


@pytest.mark.parametrize(("handling", "home"), [("continued", "uc3m"), ("terminated", "stuba")])
def test_what_becomes_of_them_without_the_server_may_be_chosen(
    federation: Federation, handling: str, home: str
) -> None:
    assert [one.home for one in with_served_caller(federation, home_cells(federation), handling)] == [home]


def test_the_callee_is_one_to_whom_calls_pass_a_server_and_not_the_caller(federation: Federation) -> None:
    cells = call_cells(federation, with_served_caller(federation, home_cells(federation), None), "third")
    found = with_served_callee(federation, cells, None)
    assert [(one.subscriber, one.callee.subscriber) for one in found if one.callee] == [
        ("grace", "heidi"),
        ("heidi", "grace"),
    ]
    same = call_cells(federation, with_served_caller(federation, home_cells(federation), None), "home")
    assert with_served_callee(federation, same, None) == []


def test_other_cells_leave_them_out(federation: Federation) -> None:
    cells = [cell for where in ("home", "third") for cell in call_cells(federation, home_cells(federation), where)]
    assert not {"grace", "heidi"} & {one.subscriber for one in cells}
    assert not {"grace", "heidi"} & {one.callee.subscriber for one in cells if one.callee}
