"""No two tests that bind addresses use the same block of 127/8."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

from tests import blocks
from tests.blocks import OF_WORKERS, OWNERS, Block

TESTS = Path(__file__).parent
BINDING = ("capture", "commands", "cores", "end_to_end", "runs", "stack", "terminals")
NOBODYS = {0, 1, 2, 3, 200}
"""Of the default federation and its first workers, and of texts that are never bound."""


def files() -> list[Path]:
    return sorted(file for room in BINDING for file in (TESTS / room).rglob("*.py"))


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(TESTS)))
def test_a_file_names_addresses_of_its_own_blocks_alone(file: Path) -> None:
    own = str(file.relative_to(TESTS))
    for number in map(int, re.findall(r"\b127\.(\d+)\.", file.read_text(encoding="utf-8"))):
        if number not in NOBODYS:
            owners = OWNERS[Block(number)]
            assert own.startswith(owners), f"127.{number} belongs to {', '.join(owners)}"


def test_blocks_of_further_workers_meet_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: dict[int, tuple[Block, int]] = {}
    for worker in range(30):
        monkeypatch.setattr(blocks, "WORKER", worker)
        for block in OF_WORKERS:
            octet = block.own_number + 1
            assert octet < 255
            assert taken.setdefault(octet, (block, worker)) == (block, worker)
    assert not {int(block) for block in set(Block) - set(OF_WORKERS)} & set(taken)


def test_runs_with_workers_have_room_for_them() -> None:
    assert all(
        abs(one - other) >= 4 for one, other in combinations(Block, 2) if Block.RUNS_WITH_WORKERS in (one, other)
    )


def test_a_federation_is_moved_as_a_whole(tmp_path: Path) -> None:
    text = Block.STANDING.federation(tmp_path / "moved.toml").read_text(encoding="utf-8")
    assert 'block = "127.61.0.0/16"' in text
    assert "127.1." not in text
