"""A fixed selection of the corrupted captures, one of each kind; all 3,000 are `python -m tests.robustness`."""

from __future__ import annotations

import pytest

from conformance.vocabulary.errors import Exit
from tests.robustness.cases import make_case
from tests.robustness.child import Task, wrong_with
from tests.robustness.containers import CONTAINERS
from tests.robustness.packets import PACKETS
from tests.robustness.watch import Child, Outcome, judge_all

SEED = 4
COUNT = 36
"""Cases that hold each kind of corruption of the file and each place in the list of those of packets."""


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return sorted(judge_all(SEED, range(COUNT), processes=2), key=lambda outcome: outcome.name)


def test_no_corrupted_capture_makes_a_traceback_a_hang_or_much_memory(outcomes: list[Outcome]) -> None:
    assert [(outcome.name, fault) for outcome in outcomes for fault in outcome.faults] == []
    assert len(outcomes) == COUNT


def test_the_selection_has_every_kind_and_not_all_of_it_is_refused(outcomes: list[Outcome]) -> None:
    done = {word for outcome in outcomes for word in outcome.name.split("-")}
    assert {corrupt.__name__ for corrupt in (*CONTAINERS, *PACKETS)} <= done
    codes = {outcome.exit_code for outcome in outcomes}
    assert {Exit.DIFFERS, Exit.USAGE, Exit.INCONCLUSIVE} <= codes


def test_a_case_is_the_same_each_time() -> None:
    assert make_case(SEED, 7) == make_case(SEED, 7)
    assert make_case(SEED, 7).octets != make_case(SEED, 9).octets


def test_a_process_that_ends_is_a_fault_of_the_capture_that_it_had() -> None:
    child = Child()
    try:
        # The task cannot be read, so the process ends; the next one gets a new process.
        broken = child.judge(Task("", None, None, as_json="\udcff"))  # type: ignore[arg-type]
        assert broken.exit_code == -1
        assert broken.faults[0].startswith("the process ended")
        assert child.judge(Task("none.pcap", None, None, as_json=False)).exit_code == Exit.USAGE
    finally:
        child.close()


@pytest.mark.parametrize(
    ("code", "out", "err", "wrong"),
    [
        (0, "a.pcap: 1 frame\n", "", ""),
        (2, "", "netlab: a.pcap: empty, expected a capture\n", ""),
        (7, "a.pcap\n", "", "exit code 7"),
        (0, "", "", "nothing was said"),
        (2, "", "netlab: a.pcap: one\nand two\n", "not one plain line"),
        (2, "", "Traceback\n", "not one plain line"),
        (2, "", "netlab: a.pcap: \x1b[2J\n", "not one plain line"),
        (2, "", "netlab: something is wrong\n", "does not name the file"),
        (4, "", "netlab: a.pcap: out of luck\n", "told as exit code 4"),
        (0, "a.pcap \x1b[2J\n", "", "a control character"),
        (0, "x" * 4000, "", "a line of 4000 characters"),
        (4, "ERROR REG-01: the check of REG-01 broke: KeyError: 'a'\n", "", "the check of REG-01 broke"),
    ],
)
def test_what_may_not_be_said_is_found(code: int, out: str, err: str, wrong: str) -> None:
    found = wrong_with(code, out, err, Task("a.pcap", None, None, as_json=False))
    assert (wrong in " ".join(found)) if wrong else not found


def test_json_that_is_none_is_found() -> None:
    assert wrong_with(0, "{", "", Task("a.pcap", None, None, as_json=True))[0].startswith("no JSON of a judgement")
