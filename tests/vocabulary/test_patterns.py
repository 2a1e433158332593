"""Regular expressions of elsewhere are compiled only where matching has bounds."""

from __future__ import annotations

import pytest

from conformance.vocabulary.patterns import bounded_pattern, found_in


@pytest.mark.parametrize("text", ["abc", "^sip:.*@h[.]test$", "a|b", "[0-9]{2}", r"\+34[*+]", "(audio|video)"])
def test_plain_ones_are_compiled(text: str) -> None:
    assert bounded_pattern(text) is not None


@pytest.mark.parametrize("text", ["(a*)*b", "(a+)+", "a*b*c*d*", "(?=x)", r"\w", "[", "a" * 300, "a{99999999999}"])
def test_others_are_not(text: str) -> None:
    assert bounded_pattern(text) is None


def test_letters_of_either_case_are_alike_and_long_texts_are_cut() -> None:
    pattern = bounded_pattern("VIDEO$")
    assert pattern is not None
    assert found_in(pattern, "a=video")
    assert not found_in(pattern, "a" * 5000 + "video")
