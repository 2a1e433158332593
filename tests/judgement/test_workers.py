"""Work that is spread over processes: order, results, and what goes wrong."""

from __future__ import annotations

import os
import threading

import pytest

from conformance.judgement.workers import spread
from conformance.vocabulary.errors import BadInput, HarnessFault

pytestmark = [
    pytest.mark.usefixtures("only_thread"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


@pytest.mark.parametrize("workers", [1, 2, 5, 40])
def test_results_come_in_the_order_of_the_numbers(workers: int) -> None:
    assert spread(lambda number: number * number, 17, workers) == [number * number for number in range(17)]


def test_nothing_to_do_is_nothing() -> None:
    assert spread(lambda number: number, 0, 2) == []


def test_several_processes_work() -> None:
    assert len(set(spread(lambda _: os.getpid(), 6, 2))) == 2
    assert set(spread(lambda _: os.getpid(), 6, 1)) == {os.getpid()}


def test_beside_other_threads_nothing_is_forked() -> None:
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    try:
        assert set(spread(lambda _: os.getpid(), 6, 2)) == {os.getpid()}
    finally:
        release.set()
        thread.join()


def test_what_work_raises_is_raised_here() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise BadInput("the third one")
        return number

    with pytest.raises(BadInput, match="the third one"):
        spread(work, 8, 2)


def test_a_process_that_dies_is_said_in_one_line() -> None:
    parent = os.getpid()

    def work(number: int) -> int:
        assert os.getpid() != parent
        if number == 3:
            os._exit(7)
        return number

    with pytest.raises(HarnessFault, match="ended before it was done"):
        spread(work, 8, 2)
