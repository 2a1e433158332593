"""Kamailio as the plain SIP proxy before the presence server: as the emulated one, but for what its modules do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from conformance.federation import default_federation_path, load_federation, rebase
from conformance.vocabulary.federation import CoreKind, DatabaseKind
from tests.blocks import Block
from tests.cores.conftest import Scene
from tests.cores.kamailio.presence_lab import needs_servers
from tests.cores.presence.lab import ALICE, GRACE, pidf
from tests.cores.test_sip_proxy import DOMAIN, KIND, Framework

pytestmark = needs_servers


@pytest.fixture
def framework(tmp_path: Path) -> Callable[[Callable[[Framework], Awaitable[None]]], None]:
    federation = rebase(load_federation(default_federation_path()), Block.KAMAILIO.number).played_by(CoreKind.KAMAILIO)
    testbed = federation.testbeds["uc3m"].model_copy(update={"database": DatabaseKind.SQLITE})
    federation = federation.model_copy(update={"testbeds": {**federation.testbeds, "uc3m": testbed}})

    def run(story: Callable[[Framework], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with contextlib.AsyncExitStack() as end:
                one = Framework(Scene(federation, tmp_path, end))
                await one.begin()
                await story(one)

        asyncio.run(whole())

    return run


Story = Callable[[Callable[[Framework], Awaitable[None]]], None]


def test_a_user_registers_with_his_password(framework: Story) -> None:
    async def story(one: Framework) -> None:
        register = one.request("REGISTER", f"sip:{DOMAIN}", f"To: <{ALICE}>", "Expires: 100")
        assert (await one.proven(register, b"another")).code == 401
        answer = await one.proven(register)
        assert (answer.code, answer.headers["Contact"].endswith(";expires=100")) == (200, True)
        other = one.request("REGISTER", f"sip:{DOMAIN}", f"To: <{GRACE}>")
        assert (await one.proven(other)).code == 403
        short = one.request("REGISTER", f"sip:{DOMAIN}", f"To: <{ALICE}>", "Expires: 5")
        assert (await one.proven(short)).code == 423

    framework(story)


def test_presence_without_ims(framework: Story) -> None:
    async def story(one: Framework) -> None:
        publish = one.request("PUBLISH", ALICE, "Event: presence", "Expires: 600", KIND, body=pidf())
        assert (await one.send(publish)).code == 407
        answer = await one.proven(publish)
        assert (answer.code, bool(answer.headers["SIP-ETag"])) == (200, True)
        answer = await one.proven(one.request("SUBSCRIBE", ALICE, "Event: presence", "Expires: 600"))
        assert answer.headers["Record-Route"] == "<sip:sip.uc3m.netlab.test:5060;lr>"
        assert (await one.next()).method == "NOTIFY"

    framework(story)


def test_nobody_claims_another_identity(framework: Story) -> None:
    async def story(one: Framework) -> None:
        claim, as_grace = f"P-Asserted-Identity: <{GRACE}>", f"From: <{GRACE}>;tag=1"
        stranger = "From: <sip:mallory@elsewhere.test>;tag=1"
        publish = one.request("PUBLISH", ALICE, "Event: presence", "Expires: 600", KIND, claim, body=pidf())
        assert (await one.proven(publish)).code == 200  # alice is asserted in the place of what she claims
        publish = one.request("PUBLISH", GRACE, "Event: presence", KIND, as_grace, body=pidf(entity=GRACE))
        assert (await one.proven(publish)).code == 403
        watch = one.request("SUBSCRIBE", ALICE, "Event: presence", stranger, claim)
        assert (await one.send(watch)).code == 403  # nothing vouches for him

    framework(story)


def test_a_message_reaches_who_is_registered(framework: Story) -> None:
    async def story(one: Framework) -> None:
        assert (await one.proven(one.request("MESSAGE", ALICE))).code == 480
        await one.proven(one.request("REGISTER", f"sip:{DOMAIN}", f"To: <{ALICE}>"))
        assert (await one.proven(one.request("MESSAGE", ALICE))).code == 200
        message = await one.next()
        assert message.headers["P-Asserted-Identity"] == f"<{ALICE}>"
        assert message.headers.get("Proxy-Authorization") is None

    framework(story)


@pytest.mark.parametrize(("method", "lines", "code"), [("INVITE", (), 405), ("REGISTER", ("Require: path",), 420)])
def test_what_does_not_pass(framework: Story, method: str, lines: tuple[str, ...], code: int) -> None:
    async def story(one: Framework) -> None:
        assert (await one.send(one.request(method, ALICE, *lines))).code == code

    framework(story)
