from __future__ import annotations

import asyncio

from conformance.stack.idle_table import IdleTable

DEADLINE_S = 5.0


def test_entries_are_found_until_they_are_removed() -> None:
    left: list[tuple[str, int]] = []

    async def story() -> None:
        table: IdleTable[str, int] = IdleTable(2, 60, lambda key, value: left.append((key, value)))
        assert table.put("one", 1)
        assert table.put("two", 2)
        assert table.full
        assert not table.put("three", 3)
        assert table.put("one", 11)  # an entry is replaced in a full table too
        assert (table.use("one"), table.use("three")) == (11, None)
        table.remove("one")
        table.remove("one")
        assert left == [("one", 11)]
        table.put("four", 4)
        table.clear()
        assert len(table) == 0

    asyncio.run(story())
    assert left == [("one", 11), ("two", 2), ("four", 4)]


def test_an_entry_leaves_when_nobody_uses_it() -> None:
    async def story() -> list[str]:
        left: list[str] = []
        gone = asyncio.Event()

        def leave(key: str, value: int) -> None:
            left.append(key)
            gone.set()

        table: IdleTable[str, int] = IdleTable(9, 0.05, leave)
        table.put("used", 1)
        table.put("idle", 2)
        async with asyncio.timeout(DEADLINE_S):
            while "idle" not in left:
                assert table.use("used") == 1
                await asyncio.sleep(0)  # other entries' alarms are due in between
            assert left == ["idle"]
            gone.clear()
            await gone.wait()
        return left

    assert asyncio.run(story()) == ["idle", "used"]
