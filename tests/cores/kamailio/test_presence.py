from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sipmessage import Request

from conformance.cores.emulated.control import ask
from conformance.cores.emulated.quiet import control_path
from conformance.vocabulary.federation import DatabaseKind, NodeKind
from tests.cores.kamailio.conftest import Story, play
from tests.cores.kamailio.presence_lab import ALICE, BOB, DOCUMENT, PIDF, RULES, RULES_TYPE, Servers, needs_servers

pytestmark = needs_servers


def told(notify: Request) -> tuple[str, str]:
    """Return the state of the subscription and what is said of the presentity."""
    state = re.sub("expires=[0-9]+", "", str(notify.headers.get("Subscription-State"))).strip("; ")
    basic = re.search(r"<basic>(\w+)</basic>", notify.body.decode())
    return state, basic[1] if basic else ""


@pytest.mark.parametrize("kind", DatabaseKind)
def test_rules_decide_what_a_watcher_is_told_at_once(tmp_path: Path, kind: DatabaseKind) -> None:
    seen = []

    async def story(servers: Servers) -> None:
        assert (await servers.publish("open")).code == 200
        assert (await servers.watch()).code == 200
        seen.append(told(await servers.next_notify()))
        for handling in ("allow", "polite-block", "confirm", "allow", "block"):
            await servers.http("PUT", DOCUMENT, RULES.format(handling), Content_Type=RULES_TYPE)
            seen.append(told(await servers.next_notify()))
        assert servers.notified.empty()

    play(story, tmp_path, kind)
    assert seen == [
        *(("pending", ""), ("active", "open"), ("active", "closed"), ("pending", "")),
        *(("active", "open"), ("terminated;reason=rejected", "")),
    ]


def test_a_publication_lives_as_its_entity_tag_says(servers: Callable[[Story], None]) -> None:
    async def story(servers: Servers) -> None:
        await servers.http("PUT", DOCUMENT, RULES.format("allow"), Content_Type=RULES_TYPE)
        await servers.watch()
        assert told(await servers.next_notify()) == ("active", "closed")
        first = (await servers.publish("open")).headers.get("SIP-ETag")
        assert told(await servers.next_notify()) == ("active", "open")
        modified = await servers.publish("closed", first)
        assert told(await servers.next_notify()) == ("active", "closed")
        assert (await servers.publish("open", first)).code == 412
        assert (await servers.publish("", modified.headers.get("SIP-ETag"))).code == 200
        assert told(await servers.next_notify()) == ("active", "closed")

    servers(story)


def test_a_device_that_is_off_is_told_of_as_closed_and_then_no_more(servers: Callable[[Story], None]) -> None:
    async def story(servers: Servers) -> None:
        await servers.http("PUT", DOCUMENT, RULES.format("allow"), Content_Type=RULES_TYPE)
        await servers.publish("open")
        other = await servers.publish("open", device="t2")
        await servers.watch()
        tuples = [(await servers.next_notify()).body.count(b"<tuple ")]
        await servers.publish("", other.headers.get("SIP-ETag"), device="t2")
        tuples += [(await servers.next_notify()).body.count(b"<tuple ") for _ in range(2)]
        assert tuples == [2, 2, 1]

    servers(story)


def test_only_what_a_trusted_node_asserts_is_believed(servers: Callable[[Story], None]) -> None:
    async def story(servers: Servers) -> None:
        publication = ("Event: presence", "Expires: 60", "Content-Type: application/pidf+xml")
        asserted = f"P-Asserted-Identity: <{ALICE}>"
        stranger = await servers.scene.terminal()

        async def publish(*lines: str, by_stranger: bool = False) -> int:
            sender = stranger if by_stranger else None
            return (
                await servers.send("PUBLISH", *publication, *lines, sender=sender, body=PIDF.format("t1", "open"))
            ).code

        assert await publish() == 403
        assert await publish(f"P-Asserted-Identity: <{BOB}>") == 403
        assert await publish(asserted, by_stranger=True) == 403
        assert await publish(f"From: <{BOB}>;tag=1", f"P-Asserted-Identity: <{BOB}>") == 403  # for somebody else
        assert await publish(asserted) == 200
        winfo = ("Event: presence.winfo", f"From: <{BOB}>;tag=1", f"P-Asserted-Identity: <{BOB}>")
        assert (await servers.send("SUBSCRIBE", *winfo)).code == 403
        assert servers.notified.empty()

    servers(story)


def test_a_user_is_told_who_watches(servers: Callable[[Story], None]) -> None:
    async def story(servers: Servers) -> None:
        winfo = ("Event: presence.winfo", "Expires: 60", "Call-ID: winfo", f"P-Asserted-Identity: <{ALICE}>")
        assert (await servers.send("SUBSCRIBE", *winfo)).code == 200
        assert b"<watcher " not in (await servers.next_notify()).body
        await servers.watch()
        found = [(await servers.next_notify()) for _ in range(2)]
        document = next(one.body.decode() for one in found if one.headers.get("Event") == "presence.winfo")
        assert BOB in document
        assert 'status="pending"' in document
        await servers.http("PUT", DOCUMENT, RULES.format("allow"), Content_Type=RULES_TYPE)
        found = [(await servers.next_notify()) for _ in range(2)]
        document = next(one.body.decode() for one in found if one.headers.get("Event") == "presence.winfo")
        assert 'status="active"' in document

    servers(story)


def test_a_server_is_not_quiet_before_all_watchers_are_told(servers: Callable[[Story], None]) -> None:
    async def story(servers: Servers) -> None:
        await servers.http("PUT", DOCUMENT, RULES.format("allow"), Content_Type=RULES_TYPE)
        published = await servers.publish("open")
        await servers.watch()
        await servers.next_notify()
        assert (await servers.publish("", published.headers.get("SIP-ETag"))).code == 200
        assert await ask(control_path(servers.scene.folder_of(NodeKind.PRESENCE)), {"settle": True})
        assert servers.notified.qsize() == 2

    servers(story)
