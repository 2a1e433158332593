"""A tel URI is not refused for its scheme in the caller's network."""

from __future__ import annotations

import pytest

from tests.criteria.call_lab import NUMBER, NUMBER_OF_NOBODY, THIRD, call


@pytest.mark.parametrize("name", [NUMBER, NUMBER_OF_NOBODY])
def test_a_number_that_is_understood_passes(name: str) -> None:
    assert call(name).result("CALL-40").verdict == "PASS"


def test_416_of_the_scscf_fails() -> None:
    lab = call(NUMBER_OF_NOBODY).edit("7 9", "404 Not Found", "416 Unsupported URI Scheme")
    result = lab.result("CALL-40")
    assert (result.verdict, result.node) == ("FAIL", "orig-scscf")


def test_416_of_the_pcscf_is_its_own() -> None:
    lab = call(NUMBER_OF_NOBODY).drop("3 4 5 6 7 8").edit("9", "404 Not Found", "416 Unsupported URI Scheme")
    result = lab.result("CALL-40")
    assert (result.verdict, result.node) == ("FAIL", "orig-pcscf")


@pytest.mark.parametrize("status", ["404 Not Found", "484 Address Incomplete", "604 Does Not Exist Anywhere", "503 No"])
def test_other_refusals_are_other_reasons(status: str) -> None:
    assert call(NUMBER_OF_NOBODY).edit("7 9", "404 Not Found", status).result("CALL-40").verdict == "PASS"


def test_a_sip_uri_is_nobodys_concern() -> None:
    assert call(THIRD).result("CALL-40").verdict == "NOT_APPLICABLE"
