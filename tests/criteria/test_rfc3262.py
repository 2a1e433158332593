"""Reliable provisional answers: what RFC 3262 asks of callee and caller."""

from __future__ import annotations

from tests.criteria.call_lab import HOME_NETWORK, call, edit_header, failing, frames

IDS = ("CALL-20", "CALL-21", "CALL-22", "CALL-23")


def test_the_flow_of_figure_1_passes() -> None:
    verdicts = {one.id: one.verdict for one in call().judge().criteria if one.id in IDS}
    assert verdicts == {"CALL-20": "PASS", "CALL-21": "PASS", "CALL-22": "NOT_APPLICABLE", "CALL-23": "PASS"}


def test_without_reliable_answers_none_of_them_applies() -> None:
    lab = edit_header(edit_header(call(), frames(20, 25), "Require", None), frames(20, 25), "RSeq", None)
    assert {one.verdict for one in lab.judge().criteria if one.id in IDS} == {"NOT_APPLICABLE"}


def test_rseq_without_require_is_half_of_it() -> None:
    assert failing(edit_header(call(), frames(20, 25), "Require", None)) == ["CALL-20"]


def test_a_reliable_100_is_wrong() -> None:
    lab = call()
    lab["4"].sip = lab["4"].sip.replace("Content-Length", "Require: 100rel\r\nRSeq: 9\r\nContent-Length")
    assert failing(lab) == ["CALL-20"]
    assert lab.result("CALL-20").node == "orig-scscf"


def test_a_prack_that_never_comes_is_missed() -> None:
    lab = call().drop(frames(26, 35))
    result = lab.result("CALL-21")
    assert (result.verdict, result.found, result.node) == ("FAIL", "no PRACK", "caller")
    assert lab.result("CALL-23").verdict == "INCONCLUSIVE"


def test_a_capture_that_lost_packets_misses_no_prack() -> None:
    lab = call().drop(frames(26, 35))
    lab.drops = 3
    assert lab.result("CALL-21").verdict == "INCONCLUSIVE"


def test_a_capture_that_ends_at_once_misses_no_prack() -> None:
    lab = call()
    lab.entries = lab.entries[:25]
    assert lab.result("CALL-21").verdict == "INCONCLUSIVE"


def test_a_prack_that_is_refused_is_the_callees_fault() -> None:
    lab = call().edit(frames(31, 35), "200 OK", "481 Call/Transaction Does Not Exist")
    result = lab.result("CALL-21")
    assert (result.verdict, result.node) == ("FAIL", "callee")


def test_a_second_reliable_answer_waits_for_the_first_prack() -> None:
    lab = call(HOME_NETWORK)
    late = lab["46"].time_ns
    for key in frames(26, 35).split():
        lab[key].time_ns += late  # somewhere behind; the order of the entries is that of time
    lab.entries.sort(key=lambda entry: entry.time_ns)
    assert "CALL-22" in failing(lab)
