"""Every reference capture gets the verdicts that an expert gave it, and every criterion passes and fails in one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from conformance.criteria import all_criteria
from conformance.faults.reference import CAPTURE_NAME, CAPTURES, cases, load_case
from conformance.trace.confirm import second_reading
from conformance.trace.decode import read_trace
from conformance.vocabulary.verdicts import Verdict
from tests.captures.judged import Procedures, judged

if TYPE_CHECKING:
    from conftest import Wireshark

Judged = Callable[[str], Procedures]

CASES = {name: load_case(name) for name in cases()}
RECORDED = tuple(name for name, case in CASES.items() if case.recorded)
ON_RECORDED = tuple(name for name, case in CASES.items() if case.base in RECORDED)
MADE = tuple(name for name in CASES if name not in RECORDED + ON_RECORDED)
CONFORMING = tuple(name for name in MADE if name.startswith(("benign-", "handbuilt-")))
ALONE = (
    "DNS-01-fail-enum-service",
    "REG-22-fail-uar-public-identity",
    "REG-30-fail-ck-ik-on-gm",
    "REG-32-fail-second-register-in-clear",
    "REG-69-fail-cut-document",
    "benign-duplicated-datagram",
    "handbuilt-registration-home-access",
    "kamailio-registration-home",
)
"""Of DNS, Diameter, SIP over UDP, in ESP, in a tunnel, with a document, recorded: these are read by themselves as well
in every run. `pytest tests/captures -m slow` reads all others by themselves."""
BROKEN = "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0"


def verdicts(procedures: Procedures) -> dict[str, set[Verdict]]:
    """Return the verdicts of each criterion over all procedures of a capture."""
    found = defaultdict(set)
    for procedure in procedures:
        for criterion in procedure.criteria:
            found[criterion.id].add(criterion.verdict)
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_named_criteria_get_their_verdicts_and_no_other_one_fails(name: str, procedures: Judged) -> None:
    case = CASES[name]
    found = verdicts(procedures(name))
    assert {criterion: found[criterion] for criterion in case.expected} == {
        criterion: {verdict} for criterion, verdict in case.expected.items()
    }
    failing = {criterion for criterion, seen in found.items() if Verdict.FAIL in seen}
    expected = {criterion for criterion, verdict in case.expected.items() if verdict is Verdict.FAIL}
    assert failing == expected | set(case.also)
    assert not any(Verdict.ERROR in seen for seen in found.values())


@pytest.mark.parametrize(
    "name", [name if name in ALONE else pytest.param(name, marks=pytest.mark.slow) for name in CASES]
)
def test_a_capture_that_is_judged_alone_gets_the_same_verdicts_for_the_same_reasons(
    name: str, procedures: Judged
) -> None:
    file = CAPTURES / name / CAPTURE_NAME
    alone = [procedure.model_dump_json() for procedure in judged(name, read_trace([file]), second_reading)]
    assert [text.replace(str(file), name) for text in alone] == [one.model_dump_json() for one in procedures(name)]


@pytest.mark.parametrize("name", CONFORMING)
def test_what_conforms_is_one_registration_that_passes_as_a_whole(name: str, procedures: Judged) -> None:
    assert [str(procedure.pair) for procedure in procedures(name)] == ["PASS/PASS"]


@pytest.mark.parametrize("name", RECORDED)
def test_a_recording_without_drop_counters_is_never_pass_as_a_whole(name: str, procedures: Judged) -> None:
    assert all(Verdict.PASS not in procedure.pair for procedure in procedures(name))


def test_without_cx_the_service_passes_and_conformance_stays_open(procedures: Judged) -> None:
    assert [str(procedure.pair) for procedure in procedures("inconclusive-without-cx")] == ["PASS/INCONCLUSIVE"]


@pytest.mark.parametrize("criterion", sorted(criterion.id for criterion in all_criteria()))
@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.FAIL])
def test_each_criterion_passes_in_one_capture_and_fails_in_another(criterion: str, verdict: Verdict) -> None:
    # That the named verdicts are what the judge gives is the test above.
    assert [name for name, case in CASES.items() if case.expected.get(criterion) is verdict]


@pytest.mark.parametrize("name", MADE)
def test_wireshark_finds_nothing_malformed_and_no_wrong_checksum(name: str, wireshark: Wireshark) -> None:
    assert wireshark.frames(CAPTURES / name / CAPTURE_NAME, BROKEN + " || tcp.analysis.flags") == []


@pytest.mark.parametrize("name", RECORDED + ON_RECORDED)
def test_a_recorded_capture_has_the_checksums_of_offloading_and_nothing_malformed(
    name: str, wireshark: Wireshark
) -> None:
    path = CAPTURES / name / CAPTURE_NAME
    assert wireshark.frames(path, "_ws.malformed || ip.checksum.status == 0") == []
    edited = {frame for edit in CASES[name].edit for frame in edit.frames}
    assert not edited & set(wireshark.frames(path, BROKEN))
