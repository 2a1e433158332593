"""Explained differences: where a procedure parted from its flow, who is to blame, and the bytes that decide."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.judgement import judge
from conformance.vocabulary.difference import Difference, HeaderDifference, LineKind, RowStatus
from conformance.vocabulary.federation import Federation
from conformance.vocabulary.numbers import Avp


def explained(lab: Any) -> Difference:
    found = lab.judge().difference
    assert isinstance(found, Difference)
    return found


def statuses(lab: Any) -> list[tuple[str, str]]:
    """Return the rows that are not as expected: status, and text of the flow or of what came."""
    rows = explained(lab).rows
    return [
        (row.status.value, row.expected.text if row.expected else row.seen.summary if row.seen else "")
        for row in rows
        if row.status is not RowStatus.MATCHED
    ]


def line_of(lab: Any, field: str) -> HeaderDifference:
    return next(item for item in explained(lab).headers if item.field == field)


# --- where they part --------------------------------------------------------------------------------------


def test_a_conforming_registration_has_both_ladders_and_accuses_nobody(lab: Any) -> None:
    found = explained(lab)
    assert {row.status for row in found.rows} == {RowStatus.MATCHED}
    assert len(found.rows) == len(lab.entries)
    assert (found.sentence, found.node, found.row, found.headers) == ("", None, None, [])


def test_a_missing_query_is_blamed_on_who_got_the_request(lab: Any) -> None:
    lab.drop("uar2 uaa2")
    found = explained(lab)
    assert statuses(lab) == [("missing", "UAR"), ("missing", "UAA 2001 or 2002")]
    assert found.sentence == (
        "Expected next UAR from home-icscf to home-hss; "
        "next came REGISTER sip:scscf.uc3m.test:6060 from home-icscf to home-scscf (frame 21)."
    )
    assert found.why == "home-icscf got REGISTER sip:uc3m.test in frame 20 and never sent UAR to home-hss"
    assert found.node == "home-icscf"
    assert found.row is not None
    assert found.rows[found.row].status is RowStatus.MISSING


def test_what_is_missing_stands_where_it_was_expected(lab: Any) -> None:
    rows = explained(lab.drop("uar2 uaa2")).rows
    place = next(index for index, row in enumerate(rows) if row.status is RowStatus.MISSING)
    before, after = rows[place - 1].seen, rows[place + 2].seen
    assert before is not None
    assert after is not None
    assert (before.frame, after.frame) == (20, 21)


def test_an_answer_that_did_not_come_is_blamed_on_who_was_asked(lab: Any) -> None:
    # The S-CSCF gives up later: so the capture went on long enough.
    lab.drop("saa").edit("s200 i200 g200", "200 OK", "480 Temporarily Unavailable")
    found = explained(lab)
    assert found.node == "home-hss"
    assert found.sentence.startswith(
        "Expected next SAA 2001 from home-hss to home-scscf, as the answer to SAR of frame 24"
    )
    assert found.why.startswith("home-hss was asked in frame 24 and did not answer")


def test_another_answer_is_told_with_its_status_marked(lab: Any) -> None:
    lab.avp("maa", Avp.RESULT_CODE, 5012).edit("s401 i401 g401", "401 Unauthorized", "500 Server Internal Error")
    lab.entries = lab.entries[: lab.entries.index(lab["gm2"])]
    found = explained(lab)
    assert ("different", "MAA 2001") in statuses(lab)
    assert found.sentence == (
        "Expected MAA 2001 from home-hss to home-scscf, as the answer to MAR of frame 14; came MAA 5012 (frame 15)."
    )
    assert found.node == "home-hss"
    line = line_of(lab, "Result-Code")
    assert line.expected == "MAA 2001"
    assert line.line is not None
    assert line.line.marked.endswith("00 00 13 94")
    assert line.line.before.endswith(" ")


def test_swapped_messages_are_seen_as_too_early(lab: Any) -> None:
    first, second = lab.entries.index(lab["uar2"]), lab.entries.index(lab["i2"])
    lab.entries.insert(first, lab.entries.pop(second))
    found = explained(lab)
    assert ("out-of-order", "REGISTER") in statuses(lab)
    assert found.sentence == (
        "REGISTER sip:scscf.uc3m.test:6060 (frame 21) came before UAA 2002 (frame 23), which the flow puts first."
    )
    assert (found.node, found.why) == ("home-icscf", "home-icscf did not wait for it")


def test_an_answer_that_only_the_capture_lacks_accuses_nobody(lab: Any) -> None:
    # The S-CSCF challenges with the vector of the MAA: so it got one.
    found = explained(lab.drop("maa").edit("g401", 'qop="auth"', 'qop="auth"' + lab.keys))
    assert ("missing", "MAA 2001") in statuses(lab)
    assert found.node == "home-pcscf"
    assert "MAA" not in found.sentence


def test_order_alone_accuses_nobody(lab: Any) -> None:
    first, second = lab.entries.index(lab["maa"]), lab.entries.index(lab["s401"])
    lab.entries[first], lab.entries[second] = lab.entries[second], lab.entries[first]
    assert lab.failing() == []
    assert ("out-of-order", "401") in statuses(lab)
    assert (explained(lab).sentence, explained(lab).node) == ("", None)


def test_a_message_to_another_node_is_unexpected(lab: Any) -> None:
    lab["p2"].destination = lab["i2"].destination
    lab["i200"].source = lab["i2"].destination
    lab.drop("uar2 uaa2 i2 s200")
    found = explained(lab)
    assert ("unexpected", "REGISTER") in statuses(lab)
    assert found.node == "home-pcscf"
    assert found.why.endswith("and sent REGISTER to home-scscf instead (frame 20)")


def test_an_unexpected_message_is_compared_with_the_one_of_the_other_attempt(lab: Any) -> None:
    lab["p2"].destination = lab["i2"].destination
    lab["i200"].source = lab["i2"].destination
    lab.drop("uar2 uaa2 i2 s200").edit("p2", "Require: path\r\n", "").edit(
        "p2", 'Network-ID: "uc3m', 'Network-ID: "utu'
    )
    changes = {item.field: item for item in explained(lab).headers if item.criterion is None}
    assert {name: item.kind for name, item in changes.items()} == {
        "P-Visited-Network-ID": LineKind.CHANGED,
        "Require": LineKind.REMOVED,
    }
    changed = changes["P-Visited-Network-ID"]
    assert changed.line is not None
    assert changed.other is not None
    assert (changed.line.frame, changed.line.marked) == (20, "tu")
    assert (changed.other.frame, changed.other.marked) == (8, "c3m")


def test_a_retransmission_is_a_row_of_its_own_and_no_departure(lab: Any) -> None:
    again = lab.entries.index(lab["gm1"])
    lab.entries.insert(again + 1, lab["gm1"])
    found = explained(lab)
    assert statuses(lab) == [("repeated", "REGISTER")]
    assert found.sentence == ""


def test_a_point_that_was_not_captured_is_not_missing(lab: Any) -> None:
    lab.entries = [entry for entry in lab.entries if entry.point != "Cx"]
    lab.points = ("Gm", "Mw", "DNS")
    assert {status for status, _ in statuses(lab)} == {"not-observable"}
    assert explained(lab).sentence == ""


def test_a_request_whose_answer_came_is_not_missing(lab: Any) -> None:
    assert statuses(lab.drop("gm1")) == [("not-observable", "REGISTER")]


# --- who is not to blame ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("drops", "word"), [(None, "does not say"), (3, "lost packets")])
def test_lost_packets_accuse_nobody(lab: Any, drops: int | None, word: str) -> None:
    lab.drops = drops
    found = explained(lab.drop("uar2 uaa2"))
    assert found.node is None
    assert word in found.why


def test_what_was_seen_to_be_wrong_counts_more_than_a_gap(lab: Any) -> None:
    lab.drops = None
    found = explained(lab.drop("uar2 uaa2").edit("g401", 'qop="auth"', 'qop="auth"' + lab.keys))
    assert found.node == "home-pcscf"
    assert found.sentence.startswith(
        "The first that is wrong is 401 Unauthorized from home-pcscf to ue (frame 18): REG-30"
    )


def test_a_capture_that_ends_accuses_nobody(lab: Any) -> None:
    lab.entries = lab.entries[: lab.entries.index(lab["gm2"])]
    found = explained(lab)
    assert found.sentence == "Expected next REGISTER from ue to home-pcscf; nothing more came."
    assert (found.node, found.why) == (
        None,
        "ue got 401 Unauthorized in frame 18; but the capture ends before it had to go on",
    )


def test_a_node_whose_other_side_was_not_captured_is_not_to_blame(lab: Any) -> None:
    lab.entries = [entry for entry in lab.entries if entry.point == "Gm"]
    lab.points = ("Gm",)
    found = explained(lab.edit("g200", "200 OK", "503 Service Unavailable"))
    assert found.node is None
    assert "nothing between home-pcscf and home-icscf (Mw) was seen" in found.why


def test_a_name_that_dns_does_not_know_is_told(lab: Any) -> None:
    found = explained(without_name(lab))
    assert "its question NAPTR uc3m.test (frame 2) was answered with NAPTR uc3m.test: rcode 3" in found.why
    assert found.node is None  # there may be no such network


def test_a_flow_that_was_left_accuses_nobody_where_no_rule_is_broken(lab: Any) -> None:
    found = explained(lab.avp("maa", Avp.RESULT_CODE, 5012))
    assert lab.failing() == []
    assert "MAA 5012" in found.sentence
    assert (found.node, found.why.partition("; ")[2]) == (None, "no criterion fails, and the user got the service")


def test_a_server_that_lacks_a_name_of_the_federation_is_to_blame(lab: Any, federation: Federation) -> None:
    lab.federation = federation
    found = explained(without_name(lab))
    assert found.node == "home-dns"
    assert found.sentence.startswith("Expected next REGISTER from home-pcscf of uc3m to home-icscf")


def without_name(lab: Any) -> Any:
    """Let DNS not know the home network; the P-CSCF can go nowhere."""
    lab.records("naptr-r", rcode=3).drop("srv-q srv-r a-q a-r")
    lab.entries = [*lab.entries[: lab.entries.index(lab["p1"])], lab["g401"]]
    return lab.edit("g401", "401 Unauthorized", "504 Server Time-out")


def test_a_refusal_alone_accuses_nobody(lab: Any) -> None:
    lab.edit("s200 i200 g200", "200 OK", "403 Forbidden").drop("sar saa")
    found = explained(lab)
    assert found.flow == "registration-home"
    assert found.node is None
    assert "a refusal breaks no rule by itself" in found.why


def test_a_refusal_that_follows_a_broken_rule_names_who_broke_it(lab: Any) -> None:
    for key in ("gm2", "p2", "i2"):
        lab.edit(key, lab.response(), "0" * 32)
    lab.edit("s200 i200 g200", "200 OK", "403 Forbidden").drop("sar saa")
    found = explained(lab)
    assert found.node == "ue"
    assert "Wrong already before: REG-34 in frame 19 (ue)" in found.why


def test_a_refusal_names_nobody_either_where_another_flow_was_asked_for(lab: Any) -> None:
    for key in ("gm2", "p2", "i2"):
        lab.edit(key, lab.response(), "0" * 32)
    lab.edit("s200 i200 g200", "200 OK", "403 Forbidden").drop("sar saa")
    found = judge(lab.trace(), flow="registration-home", confirm=None).procedures[0].difference
    assert found is not None
    assert "never sent SAR" in found.why
    assert found.node == "ue"


def test_a_nodes_other_ports_are_its_lane(lab: Any) -> None:
    # The DNS server asks another one, from a port of its own.
    lab.ask("i1", "icscf", "scscf.uc3m.test", "A")
    lab["extra-q"].source = lab["naptr-q"].destination._replace(port=40_000)
    row = next(row for row in explained(lab).rows if row.status is RowStatus.UNEXPECTED)
    assert row.seen is not None
    assert row.seen.source == "home-dns"


def test_a_peer_that_was_never_spoken_to_accuses_nobody(lab: Any, federation: Federation) -> None:
    lab.federation = federation
    lab.drop("uar1 uaa1 uar2 uaa2 mar maa sar saa s-q s-r i1 s401 gm2 p2 i2 s200 i200 g200")
    found = explained(lab.edit("i401 g401", "401 Unauthorized", "500 Server Error"))
    assert found.node is None
    assert "the way to it may be broken" in found.why


def test_networks_have_their_names_where_a_federation_knows_them(lab: Any, federation: Federation) -> None:
    lab.federation = federation
    assert "UAR from home-icscf of uc3m to home-hss of uc3m" in explained(lab.drop("uar2 uaa2")).sentence


# --- header lines -----------------------------------------------------------------------------------------


def test_a_header_that_was_lost_on_the_way_is_shown_as_the_hop_before_had_it(lab: Any) -> None:
    lab.edit("g200", lab.service_route, "")
    found = explained(lab)
    assert found.node == "home-pcscf"
    assert found.row is not None
    assert found.rows[found.row].seen is not None
    line = line_of(lab, "Service-Route")
    assert (line.kind, line.frame, line.criterion, line.line) == (LineKind.ABSENT, 28, "REG-38", None)
    assert line.other is not None
    assert (line.other.frame, line.other.marked) == (27, "<sip:orig@scscf.uc3m.test:6060;lr>")


def test_a_wrong_value_is_marked_in_its_line(lab: Any) -> None:
    lab.edit("g401", 'qop="auth"', 'qop="auth"' + lab.keys)
    found = explained(lab)
    assert found.node == "home-pcscf"
    assert "The first that is wrong is 401 Unauthorized from home-pcscf to ue (frame 18): REG-30" in found.sentence
    line = line_of(lab, "WWW-Authenticate: ck")
    assert line.line is not None
    raw = lab.trace().messages[17].raw
    cited = raw[line.line.offset : line.line.offset + line.line.length].decode()
    assert cited == f'ck="{lab.ck.hex()}"'
    assert line.line.marked == f'ck="{lab.ck.hex()[:4]}{"*" * 28}"'


def test_of_two_cited_messages_the_one_of_the_node_to_blame_is_marked(lab: Any) -> None:
    lab.edit("g200", lab.service_route, "")
    assert [item.frame for item in explained(lab).headers] == [28]


# --- hostile messages -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["<script>alert(1)</script>", "x" * 60_000, "\x00\x01\x1b[31m\x7f", "a\r\n " * 500 + "b", "é" * 300],
    ids=["script", "long", "control", "folded", "beyond ASCII"],
)
def test_a_hostile_header_is_bounded(lab: Any, value: str) -> None:
    lab["p2"].destination = lab["i2"].destination
    lab["i200"].source = lab["i2"].destination
    lab.drop("uar2 uaa2 i2 s200").edit("p2", "Require: path", f"Subject: {value}\r\nRequire: path")
    line = line_of(lab, "Subject").line
    assert line is not None
    assert len(line.before + line.marked + line.after) < 700
    assert len(explained(lab).model_dump_json()) < 60_000


def test_of_a_large_trace_the_rows_around_the_parting_are_kept(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = explained(lab.drop("uar2 uaa2"))
    monkeypatch.setattr("conformance.judgement.difference.SMALL", 10)
    part = explained(lab)
    assert whole.row is not None
    assert part.row is not None
    assert part.rows[part.row] == whole.rows[whole.row]
    assert part.rows_before + len(part.rows) + part.rows_behind == len(whole.rows)
    assert (part.sentence, part.node) == (whole.sentence, whole.node)


def test_of_a_large_trace_what_is_as_expected_has_no_ladders(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.judgement.difference.SMALL", 10)
    assert lab.judge().difference is None


def test_very_many_headers_are_not_all_told(lab: Any) -> None:
    lab["p2"].destination = lab["i2"].destination
    lab["i200"].source = lab["i2"].destination
    many = "".join(f"X-{number}: y\r\n" for number in range(3000))
    lab.drop("uar2 uaa2 i2 s200").edit("p2", "Require: path", many + "Require: path")
    assert len(explained(lab).headers) <= 12


def test_very_many_retransmissions_are_not_all_kept(lab: Any) -> None:
    again = lab.entries.index(lab["gm1"])
    lab.entries[again:again] = [lab["gm1"]] * 1000
    assert len(explained(lab).rows) == 600
