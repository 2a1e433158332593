"""The S-CSCF tells application servers who is registered (3GPP TS 24.229 5.4.1.7)."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from sipmessage import Request

from conformance.cores.emulated import third_party
from conformance.cores.emulated.quiet import Work
from conformance.cores.emulated.registrar import Registration
from conformance.cores.emulated.sip_server import Refused
from conformance.cores.emulated.third_party import ThirdPartyRegistration
from conformance.protocols.sip.message import read_message
from conformance.protocols.user_data import build_user_data
from conformance.protocols.user_profile import read_profile
from conformance.vocabulary.numbers import RegistrationType

INITIAL, AGAIN, END = RegistrationType
USERS = ("sip:alice@h.test", "sip:alice.work@h.test")
SERVERS = ("sip:as.h.test", "sip:tv.h.test:5070")


class Telling:
    """An S-CSCF's third-party registration whose REGISTERs are kept instead of sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, servers: tuple[str, ...] = SERVERS) -> None:
        self.sent: list[Request] = []
        self.refuses = False
        self.work = Work()
        stack, locator = _Nothing(), _Nothing()
        self.told = ThirdPartyRegistration(
            stack,  # type: ignore[arg-type]
            locator,  # type: ignore[arg-type]
            "sip:scscf.h.test:6060",
            "h.test",
            self.work,
            logging.getLogger("test"),
        )
        self.told.learn(read_profile(build_user_data("alice@h.test", USERS, servers)))
        self.registration = Registration(USERS, explicit=USERS[0])
        monkeypatch.setattr(third_party, "relay", self._relay)

    async def _relay(self, _stack: Any, request: Request, *_: Any) -> Any:
        self.sent.append(request)
        raise Refused(482)

    async def tell(self, kind: RegistrationType, seconds: int, *lines: str, user: str = USERS[0]) -> list[Request]:
        """Tell of a REGISTER of the user with these header fields; return what was sent."""
        self.sent.clear()
        text = ["REGISTER sip:h.test SIP/2.0", "Via: SIP/2.0/UDP a", f"From: <{user}>", f"To: <{user}>", "Call-ID: 1"]
        request = read_message("\r\n".join([*text, "CSeq: 1 REGISTER", *lines, "", ""]).encode())
        assert isinstance(request, Request)
        self.told.tell(self.registration, kind, seconds, request)
        await asyncio.gather(*self.work.tasks)
        return list(self.sent)


class _Nothing:
    def locate(self, _uri: Any) -> None:
        """Nobody is looked for: nothing is sent."""


@pytest.fixture
def telling(monkeypatch: pytest.MonkeyPatch) -> Telling:
    return Telling(monkeypatch)


def test_every_application_server_is_told_in_the_words_of_the_standard(telling: Telling) -> None:
    first, second = asyncio.run(telling.tell(INITIAL, 600))
    assert [str(request.uri) for request in (first, second)] == list(SERVERS)
    headers = first.headers
    assert headers["From"].startswith("<sip:scscf.h.test:6060>;tag=")
    assert (headers["To"], headers["Contact"]) == (f"<{USERS[0]}>", "<sip:scscf.h.test:6060>")
    assert (headers["Expires"], headers["CSeq"], headers["Max-Forwards"]) == ("600", "1 REGISTER", "70")


def test_what_the_access_network_says_goes_along_and_the_charging_identifier_too(telling: Telling) -> None:
    access, visited = "P-Access-Network-Info: IEEE-802.11b", 'P-Visited-Network-ID: "v.test"'
    charging = 'P-Charging-Vector: icid-generated-at=1.2.3.4;icid-value="a1";orig-ioi=v.test'
    headers = asyncio.run(telling.tell(INITIAL, 600, access, visited, charging))[0].headers
    assert (headers["P-Access-Network-Info"], headers["P-Visited-Network-ID"]) == ("IEEE-802.11b", '"v.test"')
    assert headers["P-Charging-Vector"] == 'icid-value="a1";orig-ioi=h.test'


def test_one_registration_has_one_call_id_and_rising_numbers(telling: Telling) -> None:
    async def story() -> list[tuple[str, str, str]]:
        found = []
        for kind, seconds in ((INITIAL, 600), (AGAIN, 500), (END, 0), (INITIAL, 600)):
            headers = (await telling.tell(kind, seconds))[0].headers
            found.append((headers["Call-ID"], headers["CSeq"], headers["Expires"]))
            if kind is END:
                telling.told.learn(read_profile(build_user_data("alice@h.test", USERS, SERVERS)))
        return found

    (one, *_), (two, *again), (three, *end), (four, *anew) = asyncio.run(story())
    assert one == two == three != four
    assert (again, end, anew) == (["2 REGISTER", "500"], ["3 REGISTER", "0"], ["1 REGISTER", "600"])


def test_whose_profile_is_forgotten_nobody_is_told_of(telling: Telling) -> None:
    async def story() -> None:
        await telling.tell(INITIAL, 600)
        assert len(await telling.tell(END, 0)) == 2
        assert await telling.tell(AGAIN, 600) == []

    asyncio.run(story())


def test_an_end_by_the_network_is_told_too(telling: Telling) -> None:
    async def story() -> list[Request]:
        await telling.tell(INITIAL, 600, user=USERS[0])
        telling.sent.clear()
        telling.told.tell(telling.registration, END, 0)
        await asyncio.gather(*telling.work.tasks)
        return telling.sent

    assert {(r.headers["To"], r.headers["Expires"]) for r in asyncio.run(story())} == {(f"<{USERS[0]}>", "0")}


def test_without_filter_criteria_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asyncio.run(Telling(monkeypatch, ()).tell(INITIAL, 600)) == []


def test_a_name_that_is_no_uri_costs_the_user_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    (request,) = asyncio.run(Telling(monkeypatch, ("sip:as:port", SERVERS[0])).tell(INITIAL, 600))
    assert str(request.uri) == SERVERS[0]
