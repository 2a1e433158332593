"""Presence server and XDMS of Kamailio for the tests of both."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from conformance.federation import default_federation_path, load_federation, rebase
from conformance.vocabulary.federation import CoreKind, DatabaseKind
from tests.blocks import Block
from tests.cores.conftest import Scene
from tests.cores.kamailio.presence_lab import Servers

Story = Callable[[Servers], Awaitable[None]]


def play(story: Story, folder: Path, kind: DatabaseKind, *, scscf: bool = True) -> None:
    """Run a story with servers that keep what they know in a database of that kind."""
    federation = rebase(load_federation(default_federation_path()), Block.KAMAILIO.number).played_by(CoreKind.KAMAILIO)
    testbed = federation.testbeds["uc3m"].model_copy(update={"database": kind})
    federation = federation.model_copy(update={"testbeds": {**federation.testbeds, "uc3m": testbed}})

    async def whole() -> None:
        async with contextlib.AsyncExitStack() as end:
            servers = Servers(Scene(federation, folder, end))
            await servers.begin(scscf=scscf)
            await story(servers)

    asyncio.run(whole())


@pytest.fixture
def servers(tmp_path: Path) -> Callable[[Story], None]:
    return lambda story: play(story, tmp_path, DatabaseKind.SQLITE)
