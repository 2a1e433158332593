from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from conformance.trace.correlate import correlate, dialogs

if TYPE_CHECKING:
    from conftest import Packets

UE, P, S = "127.31.0.1:5060", "127.31.0.2:4060", "127.31.0.4:6060"
Make = Callable[..., bytes]


def answer(request: bytes, status: str, to_tag: str = "b") -> bytes:
    lines = request.partition(b"\r\n")[2]
    return f"SIP/2.0 {status}\r\n".encode() + lines.replace(
        b"@home.test>\r\n", f"@home.test>;tag={to_tag}\r\n".encode()
    )


def test_a_transaction_of_each_hop_with_provisional_and_final_answers(packets: Packets, register: Make) -> None:
    one = register(branch="z9hG4bKue")
    two = one.replace(b"Via:", b"Via: SIP/2.0/UDP 127.31.0.2:4060;branch=z9hG4bKp\r\nVia:")
    for at, (source, destination, raw) in enumerate(
        [
            (UE, P, one),
            (P, UE, answer(one, "100 Trying")),
            (P, S, two),
            (UE, P, one),
            (S, P, answer(two, "401 Unauthorized")),
            (P, UE, answer(one, "401 Unauthorized")),
        ]
    ):
        packets.add(packets.udp(source, destination, raw), at_ms=at * 100)
    ue, proxy = correlate(packets.trace())
    assert ue.request is not None
    assert (ue.protocol, ue.method, ue.request.frame) == ("SIP", "REGISTER", 1)
    assert [[m.frame for m in group] for group in (ue.responses, ue.retransmissions)] == [[2, 6], [4]]
    assert [m.frame for m in ue.messages] == [1, 2, 4, 6]
    assert ue.final is ue.responses[1]
    assert (str(ue.source), str(ue.destination)) == (f"{UE}/udp", f"{P}/udp")
    assert [m.frame for m in proxy.messages] == [3, 5]


def test_an_answer_alone_is_a_transaction_without_request(packets: Packets, register: Make) -> None:
    packets.add(packets.udp(P, UE, answer(register(), "200 OK")))
    (transaction,) = correlate(packets.trace())
    assert (transaction.request, transaction.final) == (None, transaction.responses[0])
    assert (str(transaction.source), str(transaction.destination)) == (f"{UE}/udp", f"{P}/udp")


def test_a_branch_that_is_used_twice_makes_two_transactions(packets: Packets, register: Make) -> None:
    for cseq in (1, 2):
        packets.add(packets.udp(UE, P, register(cseq=cseq)), at_ms=cseq)
        packets.add(packets.udp(P, UE, answer(register(cseq=cseq), "200 OK")), at_ms=cseq + 0.5)
    assert [[m.frame for m in t.messages] for t in correlate(packets.trace())] == [[1, 2], [3, 4]]


def test_without_the_cookie_call_id_and_cseq_tell_transactions_apart(packets: Packets, register: Make) -> None:
    for number, call_id in enumerate(("c1", "c2")):
        packets.add(packets.udp(UE, P, register(call_id, branch="1")), at_ms=number)
    for number, call_id in enumerate(("c1", "c2")):
        packets.add(packets.udp(P, UE, answer(register(call_id, branch="1"), "200 OK")), at_ms=10 + number)
    assert [[m.frame for m in t.messages] for t in correlate(packets.trace())] == [[1, 3], [2, 4]]


def test_diameter_is_joined_by_hop_by_hop_and_connection(packets: Packets, diameter: Make) -> None:
    ends = ("127.31.0.3:40000", "127.31.0.5:3868")
    other = ("127.31.0.4:40000", "127.31.0.5:3868")
    size = len(diameter())
    packets.add(packets.tcp(*ends, 1, diameter(7, 1)), at_ms=0)
    packets.add(packets.tcp(*other, 1, diameter(7, 2)), at_ms=1)
    packets.add(packets.tcp(*other[::-1], 1, diameter(7, 2, request=False)), at_ms=2)
    packets.add(packets.tcp(*ends[::-1], 1, diameter(7, 1, request=False)), at_ms=3)
    packets.add(packets.tcp(*ends, 1 + size, diameter(7, 3)), at_ms=4)
    found = correlate(packets.trace())
    assert [[m.frame for m in t.messages] for t in found] == [[1, 4], [2, 3], [5]]
    assert {(t.protocol, t.method) for t in found} == {("Diameter", "UAR")}


def test_dns_is_joined_by_identifier_question_and_endpoints(packets: Packets, dns: Make) -> None:
    ends = ("127.31.0.3:40000", "127.31.0.5:53")
    packets.add(packets.udp(*ends, dns(1)))
    packets.add(packets.udp(*ends, dns(2)), at_ms=1)
    packets.add(packets.udp(*ends[::-1], dns(2, answer=True)), at_ms=2)
    packets.add(packets.udp(*ends[::-1], dns(1, answer=True)), at_ms=3)
    packets.add(packets.udp(*ends, dns(1)), at_ms=120_000)
    found = correlate(packets.trace())
    assert [[m.frame for m in t.messages] for t in found] == [[1, 4], [2, 3], [5]]
    assert found[0].method == "SRV"
    assert found[0].time_ns == 1_700_000_000_000_000_000


def test_dialogs_are_known_by_call_id_and_both_tags(packets: Packets, register: Make) -> None:
    invite = register("d1", "z9hG4bK1").replace(b"REGISTER", b"INVITE")
    bye = register("d1", "z9hG4bK2", cseq=2).replace(b"REGISTER", b"BYE")
    bye = bye.replace(b"@home.test>\r\n", b"@home.test>;tag=b\r\n")
    packets.add(packets.udp(UE, P, invite), at_ms=0)
    packets.add(packets.udp(P, UE, answer(invite, "180 Ringing", "b")), at_ms=1)
    packets.add(packets.udp(P, UE, answer(invite, "200 OK", "f")), at_ms=2)
    packets.add(packets.udp(UE, P, bye), at_ms=3)
    packets.add(packets.udp(UE, P, register("r1", "z9hG4bK3")), at_ms=4)
    early, forked = dialogs(packets.trace())
    assert (early.call_id, early.tags, [t.method for t in early.transactions]) == ("d1", {"a", "b"}, ["INVITE", "BYE"])
    assert (forked.tags, [t.method for t in forked.transactions]) == ({"a", "f"}, ["INVITE"])
    assert early.time_ns == forked.time_ns
