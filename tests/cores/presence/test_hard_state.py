"""Presence that stays: a document at the XDMS is seen by watchers beside what devices publish (RFC 4827)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from tests.cores.presence.lab import ALICE, Lab, pidf, rules

INDEX = f"pres-rules/users/{ALICE}/index"
STAYS = f"pidf-manipulation/users/{ALICE}/index"


def tuples(body: bytes) -> list[str]:
    return [one.get("id", "") for one in etree.fromstring(body).iterfind("{urn:ietf:params:xml:ns:pidf}tuple")]


def test_it_is_seen_without_any_publication_and_its_changes_at_once(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        lab.documents[INDEX] = rules("allow")
        lab.documents[STAYS] = pidf(id="desk")
        await lab.subscribe()
        state, body = await lab.state()
        assert (state, tuples(body)) == ("active", ["desk"])
        await lab.put(STAYS, pidf(id="office"))
        assert tuples((await lab.state())[1]) == ["office"]
        await lab.put(STAYS, None)
        assert b"closed" in (await lab.state())[1]

    in_lab(story)


def test_what_devices_publish_comes_before_it(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        lab.documents[INDEX] = rules("allow")
        lab.documents[STAYS] = pidf(id="desk", activity="away")
        await lab.publish(body=pidf(id="phone", activity="meeting"))
        await lab.subscribe()
        body = (await lab.state())[1]
        assert tuples(body) == ["phone", "desk"]
        assert (b"rpid:meeting" in body, b"rpid:away" in body) == (True, False)

    in_lab(story)


@pytest.mark.parametrize(
    "document", [b"<presence", pidf().replace(b"<tuple id", b"<tuple no-id"), pidf(id="x" * 9_000)], ids=len
)
def test_what_cannot_be_shown_changes_nothing(in_lab: Callable[..., None], document: bytes) -> None:
    async def story(lab: Lab) -> None:
        lab.documents[INDEX] = rules("allow")
        lab.documents[STAYS] = pidf(id="desk")
        await lab.subscribe()
        await lab.state()
        await lab.put(STAYS, document)
        await lab.put(STAYS, pidf(id="office"))
        assert tuples((await lab.state())[1]) == ["office"]  # and nothing came between

    in_lab(story)
