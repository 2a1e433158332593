from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sipmessage import Request

from conformance.cores.kamailio.installed import require_programs
from conformance.federation import default_federation_path, load_federation, rebase
from conformance.vocabulary.errors import NetlabError
from conformance.vocabulary.federation import CoreKind, DatabaseKind
from tests.blocks import Block
from tests.cores.conftest import Scene
from tests.cores.kamailio.presence_lab import ALICE, BOB, DOCUMENT, PIDF, RULES, RULES_TYPE, Servers


def _why_not() -> str:
    try:
        require_programs()
    except NetlabError as error:
        return str(error)
    return ""


pytestmark = pytest.mark.skipif(bool(_why_not()), reason=_why_not() or "they are there")
Story = Callable[[Servers], Awaitable[None]]
RULE = f"{DOCUMENT}/~~/ruleset/rule%5b@id=%22r2%22%5d"
ELEMENT_TYPE = "application/xcap-el+xml"


def play(story: Story, folder: Path, kind: DatabaseKind) -> None:
    """Run a story with servers that keep what they know in a database of that kind."""
    federation = rebase(load_federation(default_federation_path()), Block.KAMAILIO.number).played_by(CoreKind.KAMAILIO)
    testbed = federation.testbeds["uc3m"].model_copy(update={"database": kind})
    federation = federation.model_copy(update={"testbeds": {**federation.testbeds, "uc3m": testbed}})

    async def whole() -> None:
        async with contextlib.AsyncExitStack() as end:
            servers = Servers(Scene(federation, folder, end))
            await servers.begin()
            await story(servers)

    asyncio.run(whole())


@pytest.fixture
def servers(tmp_path: Path) -> Callable[[Story], None]:
    return lambda story: play(story, tmp_path, DatabaseKind.SQLITE)


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


def test_documents_are_their_owners(servers: Callable[[Story], None]) -> None:
    async def story(servers: Servers) -> None:
        assert (await servers.http("GET", DOCUMENT, password=None))[0] == 401
        assert (await servers.http("GET", DOCUMENT, password="wrong"))[0] == 401
        assert (await servers.http("GET", DOCUMENT))[0] == 404
        assert (await servers.http("GET", DOCUMENT.replace("alice", "erin")))[0] == 403
        assert (await servers.http("PUT", DOCUMENT.replace("alice", "erin"), RULES, Content_Type=RULES_TYPE))[0] == 403
        code, fields, text = await servers.http("GET", "/xcap-root/xcap-caps/global/index")
        assert (code, fields["content-type"]) == (200, "application/xcap-caps+xml")
        assert "<auid>org.openmobilealliance.pres-rules</auid>" in text

    servers(story)


def test_documents_are_written_read_and_removed(servers: Callable[[Story], None]) -> None:
    async def story(servers: Servers) -> None:
        rules = RULES.format("allow")
        assert (await servers.http("PUT", DOCUMENT, rules, Content_Type=RULES_TYPE))[0] == 200  # 201 would be right
        code, fields, text = await servers.http("GET", DOCUMENT)
        assert (code, fields["content-type"], text) == (200, RULES_TYPE, rules)
        assert (await servers.http("PUT", DOCUMENT, rules, Content_Type=RULES_TYPE, If_Match='"no"'))[0] == 412
        assert (await servers.http("PUT", DOCUMENT, rules, Content_Type=RULES_TYPE, If_None_Match="*"))[0] == 412
        tag = fields["etag"]
        assert (await servers.http("PUT", RULE, '<rule id="r2"/>', Content_Type=ELEMENT_TYPE, If_Match=tag))[0] == 200
        assert (await servers.http("GET", RULE))[2] == '<rule id="r2"/>'
        assert (await servers.http("GET", f"{RULE}/@id"))[2] == "r2"
        prefixed = RULE.replace("ruleset/rule", "c:ruleset/c:rule") + "?xmlns(c=urn:ietf:params:xml:ns:common-policy)"
        assert (await servers.http("GET", prefixed))[2] == '<rule id="r2"/>'
        assert (await servers.http("DELETE", prefixed))[0] == 200
        assert (await servers.http("GET", RULE))[0] == 404
        assert (await servers.http("DELETE", DOCUMENT))[0] == 200
        assert (await servers.http("DELETE", DOCUMENT))[0] == 404

    servers(story)


@pytest.mark.parametrize(
    ("path", "body", "media_type", "code", "error"),
    [
        (DOCUMENT, "<oops", RULES_TYPE, 409, "not-well-formed"),
        (DOCUMENT, "<oops/>", RULES_TYPE, 409, "schema-validation-error"),
        (DOCUMENT, RULES, "text/plain", 415, ""),
        (RULE, "<rule/>", ELEMENT_TYPE, 409, "no-parent"),
        (DOCUMENT.replace("pres-rules", "no-rules"), RULES, RULES_TYPE, 404, ""),
        (DOCUMENT.replace("index", "'%20or%20'1"), RULES, RULES_TYPE, 404, ""),
    ],
)
def test_what_cannot_be_stored_is_refused(
    servers: Callable[[Story], None], path: str, body: str, media_type: str, code: int, error: str
) -> None:
    async def story(servers: Servers) -> None:
        found, fields, text = await servers.http("PUT", path, body, Content_Type=media_type)
        assert found == code
        if error:
            assert fields["content-type"] == "application/xcap-error+xml"
            assert f"<{error}/>" in text

    servers(story)
