"""The session timer: what RFC 4028 asks of who begins, forwards, answers and ends a session."""

from __future__ import annotations

from tests.criteria.call_lab import TIMER, call, edit_header, failing, frames
from tests.criteria.registration_lab import Lab

IDS = ("CALL-44", "CALL-45", "CALL-46", "CALL-47", "CALL-48", "CALL-49")
INVITES, ANSWERS, GOODBYE = "4 6 14 18 20 22", frames(39, 44), frames(60, 69)
UPDATES = frames(50, 54)


def timer() -> Lab:
    return call(TIMER)


def verdicts(lab: Lab) -> dict[str, str]:
    return {one.id: str(one.verdict) for one in lab.judge().criteria if one.id in IDS}


def test_a_session_that_is_refreshed_passes() -> None:
    assert verdicts(timer()) == dict.fromkeys(IDS, "PASS")


def test_a_session_without_a_timer_is_not_asked() -> None:
    assert set(verdicts(call()).values()) == {"NOT_APPLICABLE"}


def test_a_refused_interval_is_no_departure_from_the_flow() -> None:
    result = timer().judge()
    assert (result.flow, result.reasons) == ("call-home", [])


def test_a_422_says_what_would_do() -> None:
    for value in (None, "soon"):
        assert failing(edit_header(timer(), "2", "Min-SE", value)) == ["CALL-44"]


def test_the_next_invite_asks_for_no_less() -> None:
    lab = edit_header(timer(), INVITES, "Min-SE", "599")
    assert (failing(lab), lab.result("CALL-45").found) == (["CALL-45"], "Min-SE: 599")
    lab = edit_header(
        edit_header(timer(), INVITES, "Session-Expires", "300;refresher=uac"),
        ANSWERS,
        "Session-Expires",
        "600;refresher=uac",
    )
    assert "CALL-45" in failing(lab)


def test_who_answers_may_shorten_and_not_lengthen() -> None:
    lab = edit_header(timer(), INVITES, "Min-SE", "600")
    assert failing(edit_header(lab, ANSWERS, "Session-Expires", "601;refresher=uac")) == ["CALL-46"]
    assert failing(edit_header(timer(), ANSWERS, "Session-Expires", "599;refresher=uac")) == ["CALL-46"]


def test_for_a_caller_without_the_extension_it_may_be_lengthened() -> None:
    lab = edit_header(timer(), f"{INVITES} {UPDATES}", "Supported", "100rel")
    edit_header(lab, ANSWERS, "Session-Expires", "900;refresher=uas")
    edit_header(lab, frames(55, 59), "Session-Expires", "600;refresher=uas")
    assert failing(lab) == []


def test_who_does_not_know_the_extension_cannot_refresh() -> None:
    lab = edit_header(timer(), INVITES, "Supported", "100rel")
    assert (failing(lab), lab.result("CALL-47").expected) == (["CALL-47"], "refresher=uas")


def test_an_answer_says_who_refreshes() -> None:
    for value in ("600", "600;refresher=none", "600;refresher=uas"):
        assert failing(edit_header(timer(), ANSWERS, "Session-Expires", value)) == ["CALL-47"]
    assert failing(edit_header(timer(), ANSWERS, "Require", None)) == ["CALL-47"]


def test_the_callee_chooses_where_the_invite_leaves_it_open() -> None:
    lab = edit_header(timer(), INVITES, "Session-Expires", "600")
    assert failing(edit_header(lab, ANSWERS, "Session-Expires", "600;refresher=uas")) == []


def test_a_session_that_nobody_refreshes_should_end() -> None:
    lab = timer()
    for key in GOODBYE.split():
        lab[key].time_ns += 700_000_000_000
    result = lab.result("CALL-48")
    assert (result.verdict, result.level, result.node) == ("FAIL", "SHOULD", "callee")
    assert lab.judge().conformance == "PASS"


def test_a_capture_that_ends_before_says_nothing() -> None:
    assert verdicts(timer().drop(GOODBYE))["CALL-48"] == "INCONCLUSIVE"


def test_a_later_answer_without_an_interval_ends_the_timer() -> None:
    lab = edit_header(timer(), frames(55, 59), "Session-Expires", None).drop(GOODBYE)
    assert verdicts(lab)["CALL-48"] == "NOT_APPLICABLE"


def test_min_se_grows_on_its_way() -> None:
    lab = edit_header(timer(), "14 18 20 22", "Min-SE", "90")
    assert (failing(lab), lab.result("CALL-49").node) == (["CALL-49"], "orig-scscf")
    assert failing(edit_header(timer(), "22", "Min-SE", None)) == ["CALL-49"]


def test_a_proxy_makes_no_interval_below_min_se() -> None:
    lab = edit_header(timer(), "53 54", "Session-Expires", "500;refresher=uac")
    assert (failing(lab, ("CALL-49",)), lab.result("CALL-49").found) == (["CALL-49"], "Session-Expires: 500")


def test_values_of_an_attacker_break_nothing() -> None:
    for value in ("9" * 400, ";refresher=uac", "600;refresher=" + "x" * 5000, "\x01"):
        lab = edit_header(timer(), f"{INVITES} {ANSWERS}", "Session-Expires", value)
        assert "ERROR" not in verdicts(edit_header(lab, "2", "Min-SE", value)).values()
