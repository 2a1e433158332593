"""The E-model with the values of G.107 annex B."""

from __future__ import annotations

import pytest

from conformance.judgement.e_model import CODECS, DEFAULT_R, opinion_score, rating


@pytest.mark.parametrize(
    ("r", "mos"),
    [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58), (93.2, 4.41), (0, 1), (-1, 1), (100, 4.5)],
)
def test_ratings_have_the_opinion_scores_of_table_b1(r: float, mos: float) -> None:
    assert opinion_score(r) == pytest.approx(mos, abs=0.0101)  # the table rounds 4.024 up


def test_no_score_is_below_one() -> None:
    assert min(opinion_score(r / 10) for r in range(0, 1000)) == 1


def test_without_loss_and_delay_the_default_is_left() -> None:
    assert rating(CODECS["PCMA"], 0, 100) == DEFAULT_R
    assert rating(CODECS["G729"], 0, 0) == DEFAULT_R - 11


def test_loss_and_delay_make_it_worse() -> None:
    assert rating(CODECS["PCMA"], 0.01, 0) == pytest.approx(DEFAULT_R - 95 / 26.1)
    # Idd of 150, 200 and 400 ms: equations 7-27 and 7-28.
    assert DEFAULT_R - rating(CODECS["PCMA"], 0, 150) == pytest.approx(0.16, abs=0.01)
    assert DEFAULT_R - rating(CODECS["PCMA"], 0, 200) == pytest.approx(3.04, abs=0.02)
    assert DEFAULT_R - rating(CODECS["PCMA"], 0, 400) == pytest.approx(23.9, abs=0.2)
    assert rating(CODECS["PCMA"], 1, 1000) == 0
