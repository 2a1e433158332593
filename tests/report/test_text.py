"""Text from packets, made fit to be shown."""

from __future__ import annotations

import pytest

from conformance.report.text import short, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\r\ntext\tkept", "plain\ntext\tkept"),
        ("bell\x07", "bell\\x07"),
        ("\u202eright to left", "\\u202eright to left"),
        ("\ud800lone surrogate", "\\ud800lone surrogate"),
        ("Marín, Fábio", "Marín, Fábio"),
    ],
)
def test_invisible_characters_are_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_long_text_is_cut_and_says_so() -> None:
    assert visible("a" * 30, limit=10) == "a" * 10 + "\n... 20 characters more"


def test_short_text_is_one_line_with_an_ellipsis() -> None:
    assert short("two\r\nlines", 20) == "two lines"
    assert short("a" * 30, 10) == "a" * 9 + "…"
