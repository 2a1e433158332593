"""The end that calls where several devices answer: early dialogs of their own, and one that is kept."""

from __future__ import annotations

from typing import Any

from sipmessage import Request, Response

from conformance.protocols.sip.message import make_response, read_message, tag_of
from conformance.terminals.session import SessionState
from tests.terminals.call_pair import CALLEE, Pair, call_pair

SDP = "v=0\r\no=- 1 1 IN IP4 {at}\r\ns=-\r\nc=IN IP4 {at}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
PORTS = {"phone": 40000, "tablet": 40002}


class Devices:
    """Answers in place of the called terminal, with a tag for each of two devices."""

    def __init__(self, pair: Pair, *answering: str) -> None:
        self.requests: list[Request] = []
        self._answering = answering
        self._invite: Any = None
        pair.callee.calls.requested = self._requested  # type: ignore[method-assign]

    def of(self, method: str) -> list[str | None]:
        """Return whom the requests of a method were for."""
        return [tag_of(request.headers["To"]) for request in self.requests if request.method == method]

    async def _requested(self, transaction: Any) -> None:
        request = transaction.request
        self.requests.append(request)
        if request.method == "INVITE":
            self._invite = transaction
            for number, device in enumerate(PORTS, 7):
                ringing = self._response(180, device)
                ringing.headers.set("Require", "100rel")
                ringing.headers.set("RSeq", str(number))
                await transaction.respond(ringing)
        elif request.method != "ACK":
            await transaction.respond(make_response(request, 200))
            if len(self.of("PRACK")) == len(PORTS) and request.method == "PRACK":
                for device in self._answering:
                    await self._invite.respond(self._response(200, device))

    def _response(self, status: int, device: str) -> Response:
        body = SDP.format(at=CALLEE, port=PORTS[device]).encode() if status < 200 else b""
        response = make_response(self._invite.request, status, to_tag=device, body=body)
        response.headers.set("Contact", f"<sip:{device}@{CALLEE}:5060>")
        if body:
            response.headers.set("Content-Type", "application/sdp")
        return response


def test_each_ringing_is_acknowledged_in_its_own_dialog() -> None:
    with call_pair() as pair:
        devices = Devices(pair)
        call = pair.call()
        call.wait_ringing(devices=2)
        pracks = [read_message(data) for data in dict.fromkeys(pair.caller.sent) if data.startswith(b"PRACK")]
        assert sorted((str(one.uri), one.headers["RAck"], one.headers["CSeq"]) for one in pracks) == [  # type: ignore[union-attr]
            (f"sip:phone@{CALLEE}:5060", "7 1 INVITE", "2 PRACK"),
            (f"sip:tablet@{CALLEE}:5060", "8 1 INVITE", "2 PRACK"),
        ]
        assert sorted(map(str, devices.of("PRACK"))) == ["phone", "tablet"]
        call.cancel()


def test_media_go_to_the_device_that_answered() -> None:
    with call_pair() as pair:
        devices = Devices(pair, "tablet")
        call = pair.call()
        call.wait_answered()
        remote = call._session.remote
        assert remote is not None
        assert remote.media[0].port == PORTS["tablet"]
        call.hang_up()
        assert (devices.of("ACK"), devices.of("BYE")) == (["tablet"], ["tablet"])


def test_a_second_device_that_answers_is_acknowledged_and_given_up() -> None:
    with call_pair() as pair:
        devices = Devices(pair, "phone", "tablet")
        call = pair.call()
        call.wait_answered()
        call._until(lambda: "tablet" in devices.of("BYE"), "BYE to the second device")
        assert "tablet" in devices.of("ACK")
        assert call.state is SessionState.ESTABLISHED
        call.hang_up()
        assert devices.of("BYE") == ["tablet", "phone"]
