"""The options of the plugin, and what they select."""

from __future__ import annotations

import argparse

import pytest

from conformance.options import seconds


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon", ""])
def test_a_deadline_is_a_time(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected seconds, more than 0"):
        seconds(text)


def test_seconds_may_have_a_fraction() -> None:
    assert seconds("1.5") == 1.5
