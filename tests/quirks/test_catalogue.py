"""The catalogue of quirks says what it must, and of nothing that does not exist."""

from __future__ import annotations

import pytest

from conformance.criteria import all_criteria
from conformance.quirks.catalogue import Cure, all_quirks, quirk_named
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.verdicts import Severity

CORES = {"lenient", "strict", "openimscore", "kamailio"}


def test_every_quirk_that_is_known_of_the_platforms_is_there() -> None:
    wanted = {f"Q{number}" for number in range(1, 18)} | {f"J{number}" for number in range(1, 7)}
    assert wanted <= set(all_quirks())


@pytest.mark.parametrize("id", all_quirks())
def test_what_a_quirk_breaks_and_blocks_exists(id: str) -> None:
    quirk = quirk_named(id)
    assert set(quirk.breaks) <= {criterion.id for criterion in all_criteria()}
    assert set(quirk.blocks) <= CORES
    # who loses the service is blocked somewhere, and what blocks is more than cosmetic
    assert bool(quirk.blocks) or quirk.severity is not Severity.BLOCKING
    assert quirk.on_wire or not quirk.breaks
    assert quirk.on_wire or quirk.cure is Cure.NONE


def test_an_unknown_quirk_is_one_line() -> None:
    with pytest.raises(BadInput, match=r"quirk 'Q99': expected one of Q1, .*; see `netlab terminal list`"):
        quirk_named("Q99")
