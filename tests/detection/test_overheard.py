"""What is warned of while a fault is shown is kept, and printed nowhere."""

from __future__ import annotations

import logging

import pytest

from conformance.detection.overheard import overheard

LOG = logging.getLogger("conformance.stack.sip")


def test_a_warning_within_the_block_is_heard_and_not_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # as in a program that set up no logging
    with overheard() as heard:
        LOG.warning("%d: %s", 180, "refused")
        LOG.info("of no interest")
    assert heard == ["180: refused"]
    assert capsys.readouterr().err == ""
    with overheard() as later:
        pass
    assert later == []


def test_not_more_is_kept_than_a_row_can_show() -> None:
    with overheard() as heard:
        for number in range(1000):
            LOG.warning("%d", number)
    assert 0 < len(heard) < 100
