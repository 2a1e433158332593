"""The fixture `assert_flow`, for the tests of anybody who develops an IMS core.

    def test_roaming_registration(assert_flow):
        drive_my_core("roaming.pcapng")
        assert_flow("roaming.pcapng", "registration-visited")

It is all that an installed netlab-conformance adds to somebody else's tests: no option, no marker, no testbed. The
judge is imported when the fixture is used.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pytest

if TYPE_CHECKING:
    from conformance.validation import File, Validation
    from conformance.vocabulary.federation import Federation


class AssertFlow(Protocol):
    """The type of the fixture."""

    def __call__(
        self,
        capture: File | Sequence[File],
        flow: str,
        *,
        federation: File | Federation | None = None,
        criteria: Iterable[str] | None = None,
        keys: File | None = None,
        inconclusive: Literal["fail", "skip"] = "fail",
    ) -> Validation:
        """Assert that a capture shows a flow, and that what it shows conforms.

        Args:
            capture: File in any format that tshark reads, or several that saw the same event.
            flow: Identifier of the flow (`netlab flows` lists them).
            federation: Names, features and releases of the networks.
            criteria: Ids of the criteria that decide; None for all of them.
            keys: File of TLS key log lines and ESP security associations.
            inconclusive: What missing evidence does to the test.

        Returns:
            The judgement, for further assertions.
        """


class CannotJudge(Exception):
    """The capture could not be judged, so nothing is said of the core: pytest shows an error and no failure."""


@pytest.fixture
def assert_flow() -> AssertFlow:
    """Asserts that a capture shows a flow, and that what it shows conforms: `assert_flow(capture, "flow id")`."""

    def check(
        capture: File | Sequence[File],
        flow: str,
        *,
        federation: File | Federation | None = None,
        criteria: Iterable[str] | None = None,
        keys: File | None = None,
        inconclusive: Literal["fail", "skip"] = "fail",
    ) -> Validation:
        __tracebackhide__ = True
        from conformance.flow_check import Conclusion, conclude
        from conformance.validation import validate
        from conformance.vocabulary.errors import NetlabError

        files = [capture] if isinstance(capture, str | PathLike) else list(capture)
        wanted = None if criteria is None else _ids(criteria)
        try:
            judgement = validate(*files, federation=federation, flow=flow, keys=keys)
            conclusion, words = conclude(judgement, flow, wanted)
        except NetlabError as error:
            raise CannotJudge(str(error)) from None
        if inconclusive not in ("fail", "skip"):
            raise CannotJudge(f"inconclusive={inconclusive!r}: expected 'fail' or 'skip'")
        match conclusion:
            case Conclusion.CANNOT_JUDGE:
                raise CannotJudge(words)
            case Conclusion.DIFFERS:
                pytest.fail(words, pytrace=False)
            case Conclusion.EVIDENCE_MISSING if inconclusive == "skip":
                pytest.skip(words)
            case Conclusion.EVIDENCE_MISSING:
                pytest.fail(words, pytrace=False)
        return judgement

    return check


def _ids(criteria: Iterable[str]) -> tuple[str, ...]:
    return (criteria,) if isinstance(criteria, str) else tuple(criteria)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, pytest.TestReport]:
    """Report `CannotJudge` as pytest reports everything that kept a test from being held: as an error."""
    report: pytest.TestReport = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, CannotJudge):
        report.when = "setup"
        report.longrepr = str(call.excinfo.value)
    return report
