"""What every service of a terminal does with its procedures."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.stack.errors import StackError
from conformance.terminals.loop import TerminalLoop
from conformance.terminals.service import Service, ServiceHost
from conformance.vocabulary.events import EventKind


class InVain(Exception):
    """What this service raises."""


class Waiting(Service):
    timed_out = InVain


@pytest.fixture
def recorded() -> list[Any]:
    return []


@pytest.fixture
def service(recorded: list[Any]) -> Iterator[Service]:
    loop = TerminalLoop()
    agent: Any = SimpleNamespace(identity="sip:alice@h.test")
    yield Waiting(ServiceHost(lambda: agent, loop, 0.05, lambda *event: recorded.append(event)))
    loop.close()


async def forever() -> None:
    await asyncio.Event().wait()


async def unreachable() -> None:
    raise StackError("nobody there")


async def well() -> str:
    return "done"


def test_what_ends_in_time_is_returned(service: Service, recorded: list[Any]) -> None:
    assert service.run(well, "the answer to PUBLISH") == "done"
    assert recorded == []


def test_what_does_not_end_is_written_down(service: Service, recorded: list[Any]) -> None:
    with pytest.raises(InVain, match=r"^sip:alice@h\.test: awaited the answer to PUBLISH for 0\.05 s$"):
        service.run(forever, "the answer to PUBLISH")
    with pytest.raises(InVain, match=r"awaited a message for 0\.01 s"):
        service.run(forever, "a message", 0.01)
    assert [(kind, detail) for kind, _, detail in recorded] == [
        (EventKind.TIMED_OUT, "awaited the answer to PUBLISH for 0.05 s"),
        (EventKind.TIMED_OUT, "awaited a message for 0.01 s"),
    ]


def test_what_gets_no_answer_says_why(service: Service) -> None:
    with pytest.raises(InVain, match="awaited the answer to PUBLISH: nobody there"):
        service.run(unreachable, "the answer to PUBLISH")
