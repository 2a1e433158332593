"""When a node has nothing under way: told over its control channel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from conformance.cores.emulated import quiet
from conformance.cores.emulated.control import ask
from conformance.cores.emulated.quiet import Work, all_quiet, control_path, known_users, quiet_channel
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.sip import SipStack
from conformance.vocabulary.errors import TestbedDown


@pytest.fixture
def in_node(tmp_path: Path) -> Callable[[Callable[[Path, Work], Coroutine[Any, Any, None]]], None]:
    """Runs a story beside the control channel of a node that has no requests."""

    def run(story: Callable[[Path, Work], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            work = Work()
            stack = SipStack("127.44.7.1", 5060, SipTimers(0.5, 4.0, 5.0))
            async with quiet_channel(tmp_path, stack, work, lambda: ["sip:bob@h", "sip:alice@h", "sip:bob@h"]):
                await story(control_path(tmp_path), work)
            await work.stop()

        asyncio.run(whole())

    return run


def test_a_node_without_work_is_quiet_at_once(in_node: Callable[..., None]) -> None:
    async def story(path: Path, work: Work) -> None:
        assert await ask(path, {"settle": True}) == {"quiet": True, "was": True}
        assert await all_quiet([path, path])
        assert await all_quiet([])

    in_node(story)


def test_work_is_awaited_and_what_it_sets_off(in_node: Callable[..., None]) -> None:
    async def story(path: Path, work: Work) -> None:
        done: list[str] = []
        allowed = asyncio.Event()

        async def second() -> None:
            done.append("second")

        async def first() -> None:
            await allowed.wait()
            done.append("first")
            work.begin(second())

        work.begin(first())
        asking = asyncio.ensure_future(ask(path, {"settle": True}))
        asyncio.get_running_loop().call_later(0.05, allowed.set)
        assert await asking == {"quiet": True, "was": False}
        assert done == ["first", "second"]
        assert work.tasks == set()

    in_node(story)


def test_endless_work_is_told(in_node: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "SETTLE_S", 0.05)

    async def story(path: Path, work: Work) -> None:
        work.begin(asyncio.sleep(60))
        assert await ask(path, {"settle": True}) == {"quiet": False, "was": False}
        assert not await all_quiet([path])

    in_node(story)


def test_a_node_tells_whose_registrations_it_knows(in_node: Callable[..., None]) -> None:
    async def story(path: Path, work: Work) -> None:
        assert await known_users({"uc3m/p-cscf": path}) == {"uc3m/p-cscf": ["sip:alice@h", "sip:bob@h"]}

    in_node(story)


@pytest.mark.parametrize("command", [{}, {"settle": 1}, {"rtr": {}}])
def test_other_commands_are_refused(in_node: Callable[..., None], command: dict[str, Any]) -> None:
    async def story(path: Path, work: Work) -> None:
        assert "settle" in (await ask(path, command))["error"]

    in_node(story)


def test_a_node_that_is_gone_is_no_quiet_one(tmp_path: Path) -> None:
    with pytest.raises(TestbedDown, match="control channel"):
        asyncio.run(all_quiet([tmp_path / "control.sock"]))
