"""sipp as a terminal: what it sends, what it reports, and what it cannot do."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sipmessage import Request, Response

from conformance.federation.operator_variant import opc_from_op
from conformance.protocols.aka import digest_ha1, digest_response, encode_nonce, generate_vector
from conformance.protocols.milenage import Milenage
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.message import make_response
from conformance.terminals.programs import sipp
from conformance.terminals.programs.program_terminal import ProgramTerminal
from conformance.terminals.terminal import RegistrationRejected, RegistrationTimedOut
from conformance.vocabulary.errors import BeyondProgram, HarnessFault
from conformance.vocabulary.federation import Subscriber
from conformance.vocabulary.secrets import Secret

Answer = Callable[[Request], Response]
Play = Callable[[str, Subscriber], ProgramTerminal]


def challenge(subscriber: Subscriber, rand: bytes, damaged: bool = False) -> Answer:
    assert subscriber.k is not None
    assert subscriber.opc is not None
    vector = generate_vector(Milenage(subscriber.k.reveal(), subscriber.opc.reveal()), rand, 32, b"\x80\x00")
    autn = vector.autn[:-1] + bytes([vector.autn[-1] ^ damaged])

    def answer(request: Request) -> Response:
        response = make_response(request, 401)
        nonce = encode_nonce(vector.rand, autn)
        header = DigestHeader.challenge(realm="uc3m.netlab.test", nonce=nonce, algorithm="AKAv1-MD5", qop="auth")
        response.headers.set("WWW-Authenticate", str(header))
        return response

    return answer


def with_res(subscriber: Subscriber, zero: bool) -> tuple[bytes, bytes]:
    """Return a RAND, and its RES that has an octet 0 or none."""
    assert subscriber.k is not None
    assert subscriber.opc is not None
    milenage = Milenage(subscriber.k.reveal(), subscriber.opc.reveal())
    rands = (number.to_bytes(16, "big") for number in itertools.count())
    return next((rand, res) for rand in rands if (0 in (res := milenage.f2(rand))) is zero)


def test_it_registers_and_deregisters(
    pcscf: Any, play: Play, alice: Subscriber, granted: Answer, tmp_path: Path
) -> None:
    rand, res = with_res(alice, zero=False)
    pcscf.will(challenge(alice, rand), granted, challenge(alice, rand), granted)
    terminal = play("sipp", alice)
    terminal.register()
    assert terminal.registered
    terminal.deregister()
    assert not terminal.registered
    told = ["register-sent", "challenged", "register-sent", "network-authenticated"]
    assert [event.kind for event in terminal.events.events] == [*told, "registered", *told, "deregistered"]
    first, second, *last = pcscf.requests
    assert [request.headers["CSeq"] for request in pcscf.requests] == [f"{n} REGISTER" for n in (1, 2, 3, 4)]
    assert len({request.headers["Call-ID"] for request in pcscf.requests}) == 1
    assert first.headers["Contact"] == "<sip:alice@127.35.1.129:5060>"
    assert (first.headers["Expires"], last[-1].headers["Expires"]) == ("600000", "0")
    credentials = DigestHeader.parse(second.headers["Authorization"])
    ha1 = digest_ha1("alice@uc3m.netlab.test", "uc3m.netlab.test", res)
    assert credentials.get("response") == digest_response(
        ha1,
        method="REGISTER",
        uri="sip:uc3m.netlab.test",
        nonce=credentials.get("nonce"),
        qop="auth",
        nc=credentials.get("nc"),
        cnonce=credentials.get("cnonce"),
    )


def test_no_key_is_in_what_it_leaves_or_on_its_command_line(
    pcscf: Any, play: Play, alice: Subscriber, granted: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[str] = []
    start = sipp.ProgramChild

    def watched(arguments: list[str], **other: Any) -> Any:
        commands.extend(arguments)
        return start(arguments, **other)

    monkeypatch.setattr(sipp, "ProgramChild", watched)
    pcscf.will(challenge(alice, with_res(alice, zero=False)[0]), granted)
    terminal = play("sipp", alice)
    terminal.register()
    folder = terminal.secrets.path
    assert not (folder / "keys.csv").exists()
    terminal.close()
    assert not folder.exists()
    assert {file.name for file in tmp_path.iterdir()} >= {"sipp.log", "sipp-registered.xml"}
    written = " ".join([*commands, *(file.read_text() for file in tmp_path.iterdir())]).lower()
    assert alice.k is not None
    assert alice.op is not None
    for secret in (alice.k.reveal(), alice.op.reveal()):
        assert secret.hex() not in written
        assert "".join(f"\\x{octet:02x}" for octet in secret) not in written


def test_octets_that_sipp_would_take_for_syntax(pcscf: Any, play: Play, alice: Subscriber, granted: Answer) -> None:
    k, op = b'\x01[\x00];"\\\r\n' + bytes(7), b"]\x00,[x]\t\x00" + bytes(range(8))
    odd = alice.model_copy(update={"k": Secret(k), "op": Secret(op), "opc": Secret(opc_from_op(k, op))})
    pcscf.will(challenge(odd, with_res(odd, zero=False)[0]), granted)
    play("sipp", odd).register()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"op": None}, "sipp computes OPc from OP: give the subscriber alice an op in the federation file"),
        ({"k": Secret(bytes(16))}, "sipp cannot read an k that begins with 00: give alice another one"),
        ({"op": Secret(bytes(16))}, "sipp cannot read an op that begins with 00: give alice another one"),
        ({"impi": "a[b@x.test"}, "sipp takes brackets in an identity for keywords of its own: give alice another one"),
    ],
)
def test_whom_it_cannot_play(alice: Subscriber, change: dict[str, Any], why: str) -> None:
    assert sipp.unfit(alice) is None
    assert sipp.unfit(alice.model_copy(update=change)) == why


def test_a_refusal(pcscf: Any, play: Play, alice: Subscriber) -> None:
    pcscf.will(lambda request: make_response(request, 403))
    terminal = play("sipp", alice)
    with pytest.raises(RegistrationRejected, match="403 Forbidden"):
        terminal.register()
    assert [event.kind for event in terminal.events.events] == ["register-sent", "rejected"]
    assert [request.method for request in pcscf.requests] == ["REGISTER"]


def test_a_refusal_behind_the_challenge(pcscf: Any, play: Play, alice: Subscriber) -> None:
    rand, _ = with_res(alice, zero=False)
    pcscf.will(challenge(alice, rand), lambda request: make_response(request, 403))
    with pytest.raises(RegistrationRejected, match="403 Forbidden"):
        play("sipp", alice).register()


def test_a_res_that_sipp_cuts_says_nothing_about_the_network(pcscf: Any, play: Play, alice: Subscriber) -> None:
    rand, _ = with_res(alice, zero=True)
    pcscf.will(challenge(alice, rand), lambda request: make_response(request, 403))
    terminal = play("sipp", alice)
    with pytest.raises(BeyondProgram, match="sipp cuts RES at its first octet 0"):
        terminal.register()
    assert terminal.events.events[-1].kind == "rejected"


def test_a_network_that_it_does_not_believe(pcscf: Any, play: Play, alice: Subscriber) -> None:
    pcscf.will(challenge(alice, with_res(alice, zero=False)[0], damaged=True))
    terminal = play("sipp", alice)
    with pytest.raises(RegistrationRejected, match="401 sipp does not accept the challenge"):
        terminal.register()
    assert [event.kind for event in terminal.events.events][-2:] == ["network-refused", "rejected"]


def test_no_answer(pcscf: Any, play: Play, alice: Subscriber) -> None:
    terminal = play("sipp", alice)
    with pytest.raises(
        RegistrationTimedOut, match=r"awaited the challenge by sipp, from 127\.35\.1\.11:4060/udp, for 2 s"
    ):
        terminal.register()
    assert terminal.events.events[-1].kind == "timed-out"


def test_it_does_not_refresh(play: Play, alice: Subscriber) -> None:
    with pytest.raises(HarnessFault, match="expected register or deregister"):
        play("sipp", alice).reregister()


def test_a_call_goes_along_the_service_route(pcscf: Any, play: Play, alice: Subscriber, granted: Answer) -> None:
    def granted_with_route(request: Request) -> Response:
        response = granted(request)
        response.headers.set("Service-Route", "<sip:orig@scscf.uc3m.netlab.test;lr>")
        return response

    pcscf.will(
        challenge(alice, with_res(alice, zero=False)[0]),
        granted_with_route,
        lambda request: make_response(request, 486 if request.method == "INVITE" else 200),
    )
    terminal = play("sipp", alice)
    assert isinstance(terminal, sipp.SippTerminal)
    terminal.register()
    terminal.call("sip:erin@uc3m.netlab.test").wait_refused(486)
    invite = next(request for request in pcscf.requests if request.method == "INVITE")
    assert invite.headers["Route"] == "<sip:127.35.1.11:4060;lr>, <sip:orig@scscf.uc3m.netlab.test;lr>"
    assert [event.kind for event in terminal.events.events][-2:] == ["calling", "refused"]


def test_it_calls_only_when_it_is_registered(play: Play, alice: Subscriber) -> None:
    terminal = play("sipp", alice)
    assert isinstance(terminal, sipp.SippTerminal)
    with pytest.raises(HarnessFault, match="expected a registration before a call"):
        terminal.call("sip:erin@uc3m.netlab.test")
    with pytest.raises(HarnessFault, match="expected a registration before a call"):
        terminal.await_call()
