"""SUBSCRIBE and NOTIFY for presence and watcher information: states, rules that change, restarts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from conformance.vocabulary.federation import NodeKind
from tests.cores.presence.lab import ALICE, BOB, GRACE, Lab, pidf, rules

INDEX = f"pres-rules/users/{ALICE}/index"
PIDF_NS = {"p": "urn:ietf:params:xml:ns:pidf", "w": "urn:ietf:params:xml:ns:watcherinfo"}


def basics(body: bytes) -> list[str]:
    return [str(one.text) for one in etree.fromstring(body).iterfind(".//p:basic", PIDF_NS)]


def watchers(body: bytes) -> list[tuple[str, str, str]]:
    found = etree.fromstring(body).iterfind(".//w:watcher", PIDF_NS)
    return [(str(one.text), one.get("status", ""), one.get("event", "")) for one in found]


def test_a_watcher_that_is_allowed_sees_each_change(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        lab.documents[INDEX] = rules("allow")
        watcher = await lab.subscribe("Accept: application/pidf+xml")
        assert watcher.answer.headers["Expires"] == "600"
        first = await lab.notify()
        assert (first.headers["Event"], first.headers["Content-Type"]) == ("presence", "application/pidf+xml")
        assert (first.headers["Subscription-State"] or "").startswith("active;expires=")
        assert basics(first.body) == ["closed"]
        published = await lab.publish(body=pidf())
        state, body = await lab.state()
        assert (state, basics(body)) == ("active", ["open"])
        assert etree.fromstring(body).get("entity") == ALICE
        await lab.publish(body=pidf(id="tablet"))
        assert basics((await lab.state())[1]) == ["open", "open"]
        await lab.publish("Expires: 0", f"SIP-If-Match: {published.headers['SIP-ETag']}")
        assert basics((await lab.state())[1]) == ["open"]
        assert (await lab.again(watcher, 0)).headers["Expires"] == "0"
        state, body = await lab.state()
        assert (state, basics(body)) == ("terminated;reason=timeout", ["open"])
        assert (await lab.again(watcher, 600)).code == 481

    in_lab(story)


@pytest.mark.parametrize(
    ("document", "state", "shown"),
    [
        (None, "pending", None),
        (rules("confirm"), "pending", None),
        (rules("allow"), "active", ["open"]),
        (rules("polite-block"), "active", ["closed"]),
        (rules("block"), "terminated;reason=rejected", None),
        (rules("allow", watcher=GRACE), "terminated;reason=rejected", None),
    ],
)
def test_rules(in_lab: Callable[..., None], document: bytes | None, state: str, shown: list[str] | None) -> None:
    async def story(lab: Lab) -> None:
        if document is not None:
            lab.documents[INDEX] = document
        await lab.publish(body=pidf())
        await lab.subscribe()
        found, body = await lab.state()
        assert found == state
        assert (basics(body) if body else None) == shown
        presence = lab.scene.testbed.node(NodeKind.PRESENCE).address
        assert (INDEX, f'"{ALICE}"', str(presence)) in lab.asked

    in_lab(story)


def test_rules_that_change_are_felt_at_once(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        await lab.publish(body=pidf())
        await lab.subscribe()
        assert await lab.state() == ("pending", b"")
        subscribe = await lab.told_of_rules()
        assert (subscribe.headers["Event"] or "").partition(";")[0] == "xcap-diff"
        assert f'uri="pres-rules/users/{ALICE}/"'.encode() in subscribe.body
        await lab.put_rules(rules("allow"))
        state, body = await lab.state()
        assert (state, basics(body)) == ("active", ["open"])
        await lab.put_rules(rules("polite-block"))
        state, body = await lab.state()
        assert (state, basics(body)) == ("active", ["closed"])
        await lab.put_rules(rules("confirm"))
        assert await lab.state() == ("terminated;reason=deactivated", b"")
        await lab.subscribe()
        assert await lab.state() == ("pending", b"")
        await lab.put_rules(rules("block"))
        assert await lab.state() == ("terminated;reason=rejected", b"")

    in_lab(story)


def test_all_documents_of_a_presentity_are_rules(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        lab.documents[INDEX] = rules("confirm")
        await lab.subscribe()
        assert await lab.state() == ("pending", b"")
        await lab.put_rules(rules("allow"), name="friends")
        assert (await lab.state())[0] == "active"
        await lab.put_rules(None, name="friends")
        assert (await lab.state())[0] == "terminated;reason=deactivated"

    in_lab(story)


def test_watcher_information_tells_of_everybody_who_watches(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        own = await lab.subscribe("Event: presence.winfo", "Accept: application/watcherinfo+xml", user=ALICE)
        first = await lab.notify()
        assert (first.headers["Event"], first.headers["Content-Type"]) == (
            "presence.winfo",
            "application/watcherinfo+xml",
        )
        root = etree.fromstring(first.body)
        assert (root.get("version"), root.get("state"), watchers(first.body)) == ("0", "full", [])
        watcher = await lab.subscribe()
        told = {(await lab.notify()).headers["Event"] or "": None for _ in range(2)}
        assert set(told) == {"presence", "presence.winfo"}
        await lab.put_rules(rules("allow"))
        pair = [await lab.notify() for _ in range(2)]
        info = next(one for one in pair if one.headers["Event"] == "presence.winfo")
        root = etree.fromstring(info.body)
        assert (root.get("version"), root.get("state")) == ("2", "partial")
        assert watchers(info.body) == [(BOB, "active", "approved")]
        await lab.again(own, 600)
        assert watchers((await lab.notify()).body) == [(BOB, "active", "approved")]
        await lab.again(watcher, 0)
        pair = [await lab.notify() for _ in range(2)]
        info = next(one for one in pair if one.headers["Event"] == "presence.winfo")
        assert watchers(info.body) == [(BOB, "terminated", "timeout")]

    in_lab(story)


def test_watcher_information_is_for_the_presentity_alone(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        request = lab.message("SUBSCRIBE", ALICE, BOB, "Event: presence.winfo")
        assert (await lab.send(request)).code == 403

    in_lab(story)


@pytest.mark.parametrize(
    ("lines", "uri", "code"),
    [
        (["Event: dialog"], ALICE, 489),
        (["Event:"], ALICE, 489),
        (["Accept: application/cpim-pidf+xml"], ALICE, 406),
        (["Expires: soon"], ALICE, 400),
        (["Contact:"], ALICE, 400),
        (["To: <sip:alice@uc3m.netlab.test>;tag=unknown"], ALICE, 481),
        ([], "sip:nobody@uc3m.netlab.test", 404),
    ],
)
def test_what_is_refused(in_lab: Callable[..., None], lines: list[str], uri: str, code: int) -> None:
    async def story(lab: Lab) -> None:
        assert (await lab.send(lab.message("SUBSCRIBE", uri, BOB, *lines))).code == code

    in_lab(story)


def test_a_subscription_ends_with_its_time(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        await lab.subscribe("Expires: 1")
        assert await lab.state() == ("pending", b"")
        assert await lab.state() == ("terminated;reason=timeout", b"")

    in_lab(story, xdms=False)


def test_a_look_is_one_notify(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        await lab.publish(body=pidf())
        watcher = await lab.subscribe("Expires: 0", user=ALICE)
        state, body = await lab.state()
        assert (state, basics(body)) == ("terminated;reason=timeout", ["open"])
        assert (await lab.again(watcher, 600)).code == 481

    in_lab(story)


def test_a_subscriber_that_is_gone_is_forgotten(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        lab.answers = lambda _: 481
        watcher = await lab.subscribe(user=ALICE)
        await lab.notify()
        assert (await lab.again(watcher, 600)).code == 481

    in_lab(story)


def test_the_database_outlives_the_server(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        lab.documents[INDEX] = rules("allow")
        published = await lab.publish(body=pidf())
        watcher = await lab.subscribe()
        before = await lab.notify()
        await lab.scene.stop(NodeKind.PRESENCE)
        await lab.scene.node(NodeKind.PRESENCE)
        etag = f"SIP-If-Match: {published.headers['SIP-ETag']}"
        assert (await lab.publish(etag, body=pidf(basic="closed"))).code == 200
        after = await lab.notify()
        assert (after.headers["Call-ID"], after.headers["From"]) == (before.headers["Call-ID"], before.headers["From"])
        assert after.cseq.sequence == before.cseq.sequence + 1
        assert basics(after.body) == ["closed"]
        assert (await lab.again(watcher, 600)).code == 200
        assert basics((await lab.state())[1]) == ["closed"]

    in_lab(story)


def test_a_server_that_authorises_everybody(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        lab.documents[INDEX] = rules("block")
        await lab.publish(body=pidf())
        await lab.subscribe()
        state, body = await lab.state()
        assert (state, basics(body)) == ("active", ["open"])

    in_lab(story, "forced-authorisation")


def test_a_server_that_shows_state_while_pending(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        await lab.publish(body=pidf())
        await lab.subscribe()
        state, body = await lab.state()
        assert (state, basics(body)) == ("pending", ["open"])

    in_lab(story, "shows-state-while-pending")


def test_a_server_that_sends_no_immediate_notify(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        lab.documents[INDEX] = rules("allow")
        await lab.subscribe()
        await lab.publish(body=pidf())
        assert basics((await lab.state())[1]) == ["open"]  # the first is that of the publication

    in_lab(story, "no-immediate-notify")


def test_a_server_that_ignores_rule_changes(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        lab.documents[INDEX] = rules("allow")
        await lab.subscribe()
        await lab.notify()
        await lab.put_rules(rules("block"))
        await lab.publish(body=pidf())
        state, body = await lab.state()
        assert (state, basics(body)) == ("active", ["open"])

    in_lab(story, "ignores-rule-changes")
