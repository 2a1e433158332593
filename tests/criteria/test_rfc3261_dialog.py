"""Dialogs of calls: identifiers, numbers, targets and routes (RFC 3261)."""

from __future__ import annotations

from tests.criteria.call_lab import CANCELLED, call, edit_header, failing, frames

IDS = ("CALL-18", "CALL-29", "CALL-30", "CALL-31", "CALL-32", "CALL-33")


def test_a_call_that_conforms_passes() -> None:
    verdicts = {one.id: one.verdict for one in call().judge().criteria if one.id in IDS}
    assert verdicts == dict.fromkeys(IDS, "PASS") | {"CALL-33": "NOT_APPLICABLE"}


def test_an_ack_to_another_target_fails() -> None:
    lab = call().edit(frames(42, 46), "ACK sip:carol@192.0.2.230:5060", "ACK sip:carol@192.0.2.231:5060")
    assert failing(lab) == ["CALL-29"]


def test_an_ack_that_never_comes_is_missed() -> None:
    lab = call().drop(frames(42, 46))
    assert lab.result("CALL-29").found == "no ACK"


def test_a_tag_of_nobody_fails() -> None:
    lab = call()
    tag = lab["47"].sip.partition("To: <sip:carol@ims-c.test>;tag=")[2][:8]
    lab.edit(frames(47, 51), f"tag={tag}", "tag=00000000")
    assert "CALL-30" in failing(lab)


def test_a_node_that_removes_the_next_hops_entry_is_blamed() -> None:
    lab = call()
    # The caller's S-CSCF takes the entry of the callee's S-CSCF away as well and sends to its P-CSCF's name.
    lab.edit("49 50", "<sip:mt@scscf.ims-c.test:6060;lr>, ", "") if "mt@scscf" in lab["50"].sip else lab.edit(
        "49", "<sip:mt@scscf.ims-c.test:6060;lr>, ", ""
    )
    result = lab.result("CALL-31")
    assert (result.verdict, result.node) == ("FAIL", "orig-scscf")


def test_bye_without_an_answer_is_missed_where_the_capture_goes_on() -> None:
    lab = call()
    lab.drop(frames(52, 56))
    assert lab.result("CALL-32").verdict == "INCONCLUSIVE"
    later = lab.copy_of("1", "later")
    later.sip = later.sip.replace("Call-ID: ", "Call-ID: other-").replace("z9hG4bK", "z9hG4bKother")
    later.time_ns = lab["51"].time_ns + 5_000_000_000
    lab.entries.append(later)
    from conformance.judgement import judge

    first = judge(lab.trace(), federation=lab.federation, confirm=None).procedures[0]
    assert next(one for one in first.criteria if one.id == "CALL-32").verdict == "FAIL"


def test_a_bye_that_never_gets_to_the_terminal_accuses_nobody_of_not_answering() -> None:
    lab = call()
    lab.drop(frames(51, 56))  # the P-CSCF of who is called got it and was heard of no more
    later = lab.copy_of("1", "later")
    later.sip = later.sip.replace("Call-ID: ", "Call-ID: other-").replace("z9hG4bK", "z9hG4bKother")
    later.time_ns = lab["50"].time_ns + 5_000_000_000
    lab.entries.append(later)
    from conformance.judgement import judge

    first = judge(lab.trace(), federation=lab.federation, confirm=None).procedures[0]
    result = next(one for one in first.criteria if one.id == "CALL-32")
    assert (result.verdict, "not seen beyond term-pcscf" in result.found) == ("NOT_APPLICABLE", True)
    assert any("BYE" in reason and "no answer" in reason for reason in first.reasons)


def test_cancel_for_another_uri_fails() -> None:
    lab = call(CANCELLED).edit("27", "CANCEL sip:carol@ims-c.test", "CANCEL sip:dora@ims-c.test")
    assert failing(lab) == ["CALL-33"]
    assert lab.result("CALL-33").node == "caller"


def test_cancel_with_two_via_elements_fails() -> None:
    lab = call(CANCELLED)
    own = next(line for line in lab["29"].sip.split("\r\n") if line.startswith("Via"))
    lab["29"].sip = lab["29"].sip.replace(own, f"{own}\r\nVia: SIP/2.0/UDP 192.0.2.229:5060;branch=z9hG4bKx")
    assert "CALL-33" in failing(lab)


def test_an_invite_that_is_cancelled_is_answered_487() -> None:
    lab = call(CANCELLED).edit("39", "487 Request Terminated", "486 Busy Here")
    result = lab.result("CALL-33")
    assert (result.verdict, result.node) == ("FAIL", "callee")


def test_record_route_in_another_order_fails() -> None:
    lab = call()
    entries = "<sip:mo@scscf.ims-b.test:6060;lr>, <sip:mo@pcscf.ims-c.test;lr>"
    lab.edit("15", entries, ", ".join(reversed(entries.split(", "))))
    result = lab.result("CALL-18")
    assert (result.verdict, result.node) == ("FAIL", "term-icscf")


def test_numbers_of_the_callee_are_his_own() -> None:
    lab = edit_header(call(), frames(47, 56), "CSeq", "3 BYE")
    assert not failing(lab, IDS)
