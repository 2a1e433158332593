"""The presence server writes who watches to a document of the presentity at the XDMS (usage `watchers`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lxml import etree

from tests.cores.presence.lab import ALICE, BOB, Lab, rules

WATCHER = ".//{urn:ietf:params:xml:ns:watcherinfo}watcher"


async def written(lab: Lab) -> tuple[str, list[tuple[str, str]]]:
    async with asyncio.timeout(5):
        path, document = await lab.put_by_server.get()
    root = etree.fromstring(document)
    assert root.get("state") == "full"
    return path, [(str(one.text), one.get("status", "")) for one in root.iterfind(WATCHER)]


def test_each_change_of_a_watcher_is_written_down(in_lab: Callable[..., None]) -> None:
    async def story(lab: Lab) -> None:
        watcher = await lab.subscribe()
        where = f"watchers/users/{ALICE}/index"
        assert await written(lab) == (where, [(BOB, "pending")])
        await lab.put_rules(rules("allow"))
        assert await written(lab) == (where, [(BOB, "active")])
        await lab.again(watcher, 0)
        assert await written(lab) == (where, [])

    in_lab(story)
