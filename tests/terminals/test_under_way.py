from __future__ import annotations

import asyncio

from conformance.terminals.under_way import UnderWay


def test_who_waits_is_woken_by_a_change_and_looks_himself() -> None:
    async def story() -> tuple[bool, bool]:
        one, seen = UnderWay(), [False]

        async def change() -> None:
            one.tell()  # of something else
            seen[0] = True
            one.tell()

        one.spawn(change())
        return await one.until(lambda: seen[0], 5), await one.until(lambda: False, 0.01)

    assert asyncio.run(story()) == (True, False)


def test_what_is_given_up_is_cancelled_but_not_the_task_that_gives_up() -> None:
    async def story() -> tuple[str, bool]:
        one = UnderWay()
        other = one.spawn(asyncio.Event().wait())

        async def end() -> str:
            await one.give_up()
            return "ended"

        return await one.spawn(end()), other.cancelled()

    assert asyncio.run(story()) == ("ended", True)
