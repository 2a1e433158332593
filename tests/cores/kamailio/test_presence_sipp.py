"""sipp publishes and subscribes with Kamailio, by the scenario files that the emulated presence server is shown."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conformance.vocabulary.federation import DatabaseKind, NodeKind
from tests.cores.kamailio.conftest import play
from tests.cores.kamailio.presence_lab import ALICE, BOB, DOCUMENT, RULES, RULES_TYPE, Servers, needs_servers
from tests.cores.presence.test_sipp import sipp

pytestmark = [needs_servers, pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")]


def test_publications_and_subscriptions_from_their_begin_to_their_end(tmp_path: Path) -> None:
    async def story(servers: Servers) -> None:
        assert await sipp(servers, tmp_path, "publish", ALICE) == (0, "")  # type: ignore[arg-type]
        await servers.http("PUT", DOCUMENT, RULES.format("allow"), Content_Type=RULES_TYPE)
        assert await sipp(servers, tmp_path, "watch", BOB) == (0, "")  # type: ignore[arg-type]

    play(story, tmp_path, DatabaseKind.SQLITE, scscf=False)


def test_a_subscription_that_nobody_vouches_for(tmp_path: Path) -> None:
    async def story(servers: Servers) -> None:
        assert await sipp(servers, tmp_path, "watch_refused", BOB) == (0, "")  # type: ignore[arg-type]
        status, errors = await sipp(servers, tmp_path, "watch", BOB, NodeKind.AS)  # type: ignore[arg-type]
        assert status != 0
        assert "403" in errors

    play(story, tmp_path, DatabaseKind.SQLITE, scscf=False)
