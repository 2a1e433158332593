"""Stories with a presence server and its peers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.cores.presence.lab import Lab


@pytest.fixture
def in_lab(in_scene: Callable[..., None]) -> Callable[..., None]:
    """Runs a coroutine function with a presence server that shows the named faults."""

    def run(story: Callable[[Lab], Coroutine[Any, Any, None]], *faults: str, **more: bool) -> None:
        async def whole(scene: Any) -> None:
            lab = Lab(scene)
            await lab.begin(*faults, **more)
            await story(lab)

        in_scene(whole)

    return run
