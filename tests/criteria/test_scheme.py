"""Which authentication is in use, and whether the first REGISTER seen is the first one at all."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.vocabulary.numbers import Avp


def without_the_beginning(lab: Any) -> Any:
    """A capture that starts behind the challenge: what it shows first answers a 401 that it does not show."""
    lab.entries = lab.entries[lab.entries.index(lab["gm2"]) :]
    return lab


def test_a_capture_that_starts_in_the_middle_accuses_nobody(lab: Any) -> None:
    result = without_the_beginning(lab).judge()
    assert [c.id for c in result.criteria if c.verdict == "FAIL"] == []
    assert result.conformance == "INCONCLUSIVE"


def test_a_refresh_of_an_older_registration_accuses_nobody(lab: Any) -> None:
    without_the_beginning(lab).avp("sar", Avp.SERVER_ASSIGNMENT_TYPE, 2)
    assert lab.failing() == []
    assert lab.drop("uar2 uaa2").failing() == []


def test_the_hss_decides_between_aka_and_password(lab: Any, md5_lab: Any) -> None:
    assert lab.result("REG-27").verdict == "PASS"
    assert md5_lab.result("REG-27").verdict == "NOT_APPLICABLE"


@pytest.mark.parametrize("id", ["REG-28", "REG-34", "REG-09", "REG-26"])
def test_a_later_algorithm_is_not_accused(lab: Any, id: str) -> None:
    lab.edit("s401 i401 g401 gm2 p2 i2", "AKAv1-MD5", "AKAv2-SHA-256")
    lab.edit("gm2 p2 i2", lab.response(), "0" * 64)
    assert lab.result(id).verdict in ("PASS", "INCONCLUSIVE")
