"""Messages taken apart for a reader, and the deciding bytes marked where they stand."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.report.message_view import Mark, Taken, take_apart
from conformance.vocabulary.results import Arrow, Evidence, Excerpt

SIP = (
    "REGISTER sip:uc3m.netlab.test SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.1.1.9:5060\r\n"
    "Authorization: Digest username=alice,\r\n  uri=sip:uc3m.netlab.test\r\n"
    "no colon here\r\n"
    "Content-Length: 5\r\n\r\nhello"
)
MAA = "MAA 2001\n  Result-Code (268): 2001\n  Item (612, vendor 10415)\n    Key (625, vendor 10415): 7ea5\nmore of it"


def arrow(text: str, protocol: str = "SIP", **changes: Any) -> Arrow:
    fields: dict[str, Any] = {"capture": 0, "frame": 8, "time_ns": 0, "point": None, "source": "ue"}
    return Arrow(
        **(fields | {"destination": "home-pcscf", "summary": "", "protocol": protocol, "text": text} | changes)
    )


def cite(field: str, offset: int | None = None, length: int | None = None, excerpt: Excerpt | None = None) -> Mark:
    evidence = Evidence(capture=0, frame=8, field=field, offset=offset, length=length, excerpt=excerpt)
    return Mark("REG-18", "a-f-REG-18", evidence)


def shown(taken: Taken) -> list[tuple[str, str]]:
    return [(str(row.name), str(row.value)) for row in taken.rows]


def test_a_sip_message_is_split_into_start_line_fields_and_body() -> None:
    taken = take_apart(arrow(SIP))
    assert taken.start == "REGISTER sip:uc3m.netlab.test SIP/2.0"
    assert shown(taken) == [
        ("Via", "SIP/2.0/UDP 127.1.1.9:5060"),
        ("Authorization", "Digest username=alice,\n  uri=sip:uc3m.netlab.test"),
        ("", "no colon here"),
        ("Content-Length", "5"),
    ]
    assert taken.body == "hello"


def test_an_http_message_is_split_as_a_sip_message_is() -> None:
    text = "PUT /xcap-root/pres-rules/users/sip:alice@uc3m.test/index HTTP/1.1\r\nHost: <xdms>\r\n\r\n<ruleset/>"
    taken = take_apart(arrow(text, "HTTP"), [cite("body", text.index("<ruleset"), 8)])
    assert str(taken.start).startswith("PUT /xcap-root/")
    assert shown(taken) == [("Host", "<xdms>")]
    assert taken.body == "<mark>&lt;ruleset</mark>/&gt;"


@pytest.mark.parametrize("text", ["", "\r\n", "\n\n\n", " folded first\r\n", ":\r\n:", "x" * 20_000, "a\r\n\r\n\r\n"])
@pytest.mark.parametrize("protocol", ["SIP", "Diameter", "DNS", "HTTP"])
@pytest.mark.parametrize("mark", [cite("Via", 0, 3), cite("Via", 15_000, None), cite("Via"), cite("", 0, 0)])
def test_nothing_is_too_broken_to_be_shown(text: str, protocol: str, mark: Mark) -> None:
    assert take_apart(arrow(text, protocol), [mark]).rows is not None


def test_the_bytes_that_decide_are_marked_at_their_place() -> None:
    at = SIP.index("127.1.1.9")
    taken = take_apart(arrow(SIP), [cite("Via", at, 9)])
    assert shown(taken)[0] == ("Via", "SIP/2.0/UDP <mark>127.1.1.9</mark>:5060")
    assert [mark.criterion for mark in taken.rows[0].marks] == ["REG-18"]
    assert not any(row.marks for row in taken.rows[1:])


def test_a_mark_over_name_and_value_lies_in_both() -> None:
    taken = take_apart(arrow(SIP), [cite("Via", SIP.index("Via"), len("Via: SIP/2.0/UDP"))])
    assert shown(taken)[0] == ("<mark>Via</mark>", "<mark>SIP/2.0/UDP</mark> 127.1.1.9:5060")


def test_marks_that_overlap_show_every_byte_once() -> None:
    at = SIP.index("127.1.1.9")
    taken = take_apart(arrow(SIP), [cite("Via", at, 5), cite("Via", at + 2, 7)])
    assert shown(taken)[0] == ("Via", "SIP/2.0/UDP <mark>127.1</mark><mark>.1.9</mark>:5060")


def test_start_line_and_body_can_be_marked() -> None:
    taken = take_apart(arrow(SIP), [cite("Request-URI", 9, 20), cite("body", SIP.index("hello"), 5)])
    assert taken.start == "REGISTER <mark>sip:uc3m.netlab.test</mark> SIP/2.0"
    assert taken.body == "<mark>hello</mark>"
    assert (len(taken.start_marks), len(taken.body_marks)) == (1, 1)


def test_a_field_that_is_absent_has_a_row_of_its_own() -> None:
    row = take_apart(arrow(SIP), [cite("P-Charging-Vector")]).rows[0]
    assert (row.name, row.value, row.absent) == ("P-Charging-Vector", "absent", True)


def test_bytes_beyond_the_text_are_named() -> None:
    row = take_apart(arrow(SIP), [cite("Path", 17_000, 20)]).rows[0]
    assert (row.name, row.absent) == ("Path", False)
    assert "bytes 17000 to 17020" in row.value


def test_evidence_of_the_other_message_in_a_frame_marks_nothing() -> None:
    excerpt = Excerpt(before="", marked="SIP/2.0", after=" 200 OK")
    taken = take_apart(arrow(SIP), [cite("Status-Line", 0, 7, excerpt)])
    assert "<mark>" not in taken.start


def test_a_tree_keeps_its_depth_and_is_marked_by_the_name_of_the_field() -> None:
    taken = take_apart(arrow(MAA, "Diameter"), [cite("Key: first octet", 40, 4)])
    assert taken.start == "MAA 2001"
    assert [(str(row.name), str(row.value), row.level) for row in taken.rows] == [
        ("Result-Code (268)", "2001", 1),
        ("Item (612, vendor 10415)", "", 1),
        ("Key (625, vendor 10415)", "<mark>7ea5\nmore of it</mark>", 2),
    ]


def test_a_dns_answer_is_one_record_a_row() -> None:
    taken = take_apart(arrow("A x: 1 records\n  answer: x 60 A address=127.1.1.9\n", "DNS"))
    assert shown(taken) == [("answer", "x 60 A address=127.1.1.9")]


def test_what_is_marked_is_escaped() -> None:
    hostile = 'OPTIONS x SIP/2.0\r\nUser-Agent: "><img src=x onerror=alert(1)>\x1b\r\n\r\n'
    taken = take_apart(arrow(hostile), [cite("User-Agent", hostile.index('">'), 10)])
    value = shown(taken)[0][1]
    assert value.startswith("<mark>&#34;&gt;&lt;img src</mark>=x onerror")
    assert "\x1b" not in value
