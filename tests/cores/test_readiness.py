"""Readiness is asked for until it is seen, whatever stands in the way of the question itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.cores.emulated import readiness
from conformance.cores.emulated.readiness import until_serving
from conformance.stack.sip import SipStack
from conformance.vocabulary.errors import TestbedDown
from conformance.vocabulary.federation import NodeKind


class Unlucky(SipStack):
    """An element whose first port is taken."""

    failed = 0

    async def start(self) -> None:
        if Unlucky.failed == 0:
            Unlucky.failed += 1
            raise TestbedDown("127.0.0.1:1/tcp is in use")
        await super().start()


@pytest.fixture
def unlucky(monkeypatch: pytest.MonkeyPatch) -> type[Unlucky]:
    monkeypatch.setattr(Unlucky, "failed", 0)
    monkeypatch.setattr(readiness, "SipStack", Unlucky)
    return Unlucky


def test_a_port_that_is_taken_is_no_answer(in_scene: Callable[..., None], unlucky: type[Unlucky]) -> None:
    async def story(scene: Any) -> None:
        await scene.node(NodeKind.PCSCF)
        assert await until_serving(scene.testbed, NodeKind.PCSCF, lambda: True) is None
        assert unlucky.failed == 1

    in_scene(story)


def test_asking_ends_when_nobody_wants_to_know(in_scene: Callable[..., None], unlucky: type[Unlucky]) -> None:
    async def story(scene: Any) -> None:
        found = await until_serving(scene.testbed, NodeKind.PCSCF, lambda: False)
        assert found == "127.0.0.1:1/tcp is in use"

    in_scene(story)
