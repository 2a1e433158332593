"""sipp publishes and subscribes: scenario files that know nothing of our own stack."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.vocabulary.federation import NodeKind
from tests.cores.presence.lab import ALICE, BOB, Lab, rules

SCENARIOS = Path(__file__).with_name("sipp")

pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")


async def sipp(lab: Lab, folder: Path, scenario: str, user: str, kind: NodeKind = NodeKind.SCSCF) -> tuple[int, str]:
    """Run a scenario once from the address of a node; return exit status and what sipp wrote of errors."""
    (folder / "users.csv").write_text(f"SEQUENTIAL\n{user};{ALICE}\n")
    source, server = (lab.scene.testbed.node(one) for one in (kind, NodeKind.PRESENCE))
    # fmt: off
    process = await asyncio.create_subprocess_exec(
        "sipp", f"{server.address}:{server.port}", "-sf", str(SCENARIOS / f"{scenario}.xml"),
        "-inf", str(folder / "users.csv"), "-i", str(source.address), "-p", str(source.port),
        "-m", "1", "-nostdin", "-timeout", "8s", "-timeout_error", "-trace_err",
        "-error_file", str(folder / "errors.log"),
        cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    # fmt: on
    status = await process.wait()
    errors = folder / "errors.log"
    return status, errors.read_text(errors="replace") if errors.exists() else ""


def test_a_publication_from_its_begin_to_its_end(in_lab: Callable[..., None], tmp_path: Path) -> None:
    async def story(lab: Lab) -> None:
        assert await sipp(lab, tmp_path, "publish", ALICE) == (0, "")

    in_lab(story, scscf=False)


def test_a_subscription_from_its_begin_to_its_end(in_lab: Callable[..., None], tmp_path: Path) -> None:
    async def story(lab: Lab) -> None:
        lab.documents[f"pres-rules/users/{ALICE}/index"] = rules("allow")
        assert await sipp(lab, tmp_path, "watch", BOB) == (0, "")

    in_lab(story, scscf=False)


def test_a_subscription_that_nobody_vouches_for(in_lab: Callable[..., None], tmp_path: Path) -> None:
    async def story(lab: Lab) -> None:
        assert await sipp(lab, tmp_path, "watch_refused", BOB) == (0, "")
        status, errors = await sipp(lab, tmp_path, "watch", BOB, NodeKind.AS)
        assert status != 0
        assert "403" in errors

    in_lab(story, scscf=False)
