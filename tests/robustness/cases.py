"""Corrupted captures by number: the same seed and number always give the same octets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from conformance.faults.pcapfile import PacketFile, read_packets
from tests.robustness.containers import CONTAINERS
from tests.robustness.forms import Form, records_of, write
from tests.robustness.packets import PACKETS

CAPTURES = Path(__file__).parents[2] / "captures"


@dataclass(frozen=True)
class Case:
    """One corrupted capture."""

    name: str
    """Number, what was done, to what, in which form: `0012-cut_off-REG-05-fail-absent-pcap-big-link1`."""
    octets: bytes
    federation: Path | None
    """A federation file to judge it with; None for none."""
    beside: Path | None
    """A sound capture to judge with it in one call; None for none."""


@cache
def bases() -> tuple[Path, ...]:
    """Return the captures that are corrupted: every reference capture."""
    return tuple(sorted(CAPTURES.glob("*/*.pcap*")))


@cache
def _capture(base: Path) -> PacketFile:
    return read_packets(base)


def make_case(seed: int, number: int) -> Case:
    """Make one corrupted capture.

    Args:
        seed: of the set.
        number: of the case in it.
    """
    random = Random(f"{seed}/{number}")
    base = random.choice(bases())
    capture = _capture(base)
    form = Form.choose(random)
    records = records_of(capture)
    done = []
    # Each kind in its turn, so that a small set has all of them: files, packets, and both in every tenth case.
    kinds: Sequence[int] = (0, 1) if number % 10 == 9 else (number % 2,)
    if 1 in kinds:
        corrupt = PACKETS[number // 2 % len(PACKETS)]
        records = corrupt(random, records)
        done.append(corrupt.__name__)
    pieces = write(capture.points, records, form)
    if 0 in kinds:
        damage = CONTAINERS[number // 2 % len(CONTAINERS)]
        octets = damage(random, pieces)
        done.append(damage.__name__)
    else:
        octets = pieces.encode()
    return Case(
        name="-".join([f"{number:04}", *done, base.parent.name, form.name]),
        octets=octets,
        federation=random.choice((None, None, CAPTURES / "ims-b.toml", CAPTURES / "ims-b-and-c.toml")),
        beside=base if random.random() < 0.1 else None,
    )
