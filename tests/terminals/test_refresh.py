"""What is granted for a while is begun anew before it ends."""

from __future__ import annotations

import asyncio

import pytest
from sipmessage import Response

from conformance.terminals.refresh import Refresh, refresh_after, seconds_in


@pytest.mark.parametrize(("granted", "after"), [(3600, 3000), (1201, 601), (1200, 600), (10, 5), (1, 0.5)])
def test_when_it_is_time(granted: int, after: float) -> None:
    assert refresh_after(granted) == after


@pytest.mark.parametrize(
    ("text", "seconds"), [("60", 60), (" 0 ", 0), ("", None), ("-1", None), ("9" * 10, None), ("\u0661", None)]
)
def test_seconds_of_an_answer(text: str, seconds: int | None) -> None:
    response = Response(423, "Interval Too Brief")
    if text:
        response.headers.set("Min-Expires", text)
    assert seconds_in(response, "Min-Expires") == seconds


def test_a_clock_that_is_set_anew_or_stopped_does_not_strike() -> None:
    async def story() -> None:
        struck = asyncio.Event()

        async def again() -> None:
            struck.set()

        clock = Refresh(again)
        clock.granted(1)
        clock.granted(0)
        await asyncio.sleep(0.7)
        assert not struck.is_set()
        clock.granted(1)
        async with asyncio.timeout(5):
            await struck.wait()
        clock.stop()

    asyncio.run(story())
