"""Which cells the plugin makes of a test case, as the options say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.big_federation import federation_file

THREE_NETWORKS = """
import pytest

pytestmark = pytest.mark.call

@pytest.mark.flow("call-roaming-third", access="visited", callee="third")
def test_third(cell):
    pass

@pytest.mark.flow("registration-home")
def test_home(cell):
    pass
"""
MARKED = """
import pytest

@pytest.mark.dns
class TestZones:
    @pytest.mark.flow("registration-home")
    def test_zone(self, cell):
        pass

@pytest.mark.parametrize("number", [pytest.param(1, id="one", marks=pytest.mark.message), 2])
@pytest.mark.flow("registration-home")
def test_both(cell, number):
    pass
"""
Collect = Callable[..., list[str]]


@pytest.fixture
def collect(pytester: pytest.Pytester) -> Collect:
    """Collects the cells of two test cases in a federation of six testbeds."""
    file = pytester.path / "six.toml"
    file.write_text(federation_file(6))
    pytester.makepyfile(test_cells=THREE_NETWORKS)

    def names(*options: str) -> list[str]:
        words = ("-pconformance.plugin", "--collect-only", "-q", f"--federation={file}", *options)
        found = pytester.runpytest_inprocess(*words)
        return [line.partition("::")[2] for line in found.outlines if "::" in line]

    return names


def test_three_networks_are_covered_and_full_makes_all(collect: Collect) -> None:
    some, every = collect("-k", "test_third"), collect("-k", "test_third", "--full")
    assert len(every) == 6 * 5 * 4
    assert 30 <= len(some) < 60
    assert set(some) < set(every)


def test_what_is_asked_for_is_part_of_the_cover(collect: Collect) -> None:
    some = collect("-k", "test_third")
    assert collect("--third=t02", "--home=t01") == [
        name for name in some if name.startswith("test_third[t01@") and name.endswith("-to-t02]")
    ]


def test_once_is_one_cell_of_each_test_case(collect: Collect) -> None:
    assert collect("--once", "--home=t03") == ["test_third[t03@t01-visited-to-t02]", "test_home[t03@t03]"]


def test_a_test_case_without_a_cell_that_is_asked_for_gives_none(collect: Collect) -> None:
    assert collect("--access=home") == []
    assert collect("--access=none", "--home=t03") == ["test_home[t03@t03]"]


def test_what_the_markers_leave_out_is_not_made(pytester: pytest.Pytester, collect: Collect) -> None:
    pytester.makepyfile(test_more=MARKED)
    assert collect("-m", "message", "test_more.py") == [f"test_both[t0{n}@t0{n}-one]" for n in range(1, 7)]
    found = pytester.runpytest_inprocess("-pconformance.plugin", "-m", "dns", "--collect-only", "--home=uc3m")
    # Of test_third, test_home and test_both one each stands for all cells; parameters of test_both may have markers.
    found.stdout.fnmatch_lines("*= 1/5 tests collected (4 deselected) *")


def test_of_a_mistake_in_the_words_pytest_tells(pytester: pytest.Pytester, collect: Collect) -> None:
    found = pytester.runpytest_inprocess("-pconformance.plugin", "--collect-only", "-m", "call and")
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    found.stderr.fnmatch_lines("*Wrong expression passed to '-m': call and*")


def test_a_cell_of_somebody_else_is_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("cell", [None, 0, "left-out"])
        def test_battery(cell):
            pass
        """
    )
    pytester.runpytest_inprocess("-pconformance.plugin", "--home=uc3m").assert_outcomes(passed=3)


def test_a_testbed_that_does_not_exist_is_said(pytester: pytest.Pytester, tmp_path: Path) -> None:
    found = pytester.runpytest_inprocess("-pconformance.plugin", "--collect-only", "--third=nowhere")
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    found.stderr.fnmatch_lines("*--third nowhere: no such testbed; expected one of uc3m*")
