from __future__ import annotations

import gc

import pytest

from conformance.vocabulary.collector import without_collector


def test_it_is_off_in_the_block_and_on_again_behind_it_whatever_happens() -> None:
    off = []

    def work() -> None:
        with without_collector():
            off.append(not gc.isenabled())
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert off == [True]
    assert gc.isenabled()


def test_who_has_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with without_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
