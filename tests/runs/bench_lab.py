"""A bench with the emulated federation, and cells on it that no test case has made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conformance.federation import default_federation_path
from conformance.federation.matrix import Cell as Square
from conformance.runs.bench import Bench
from conformance.runs.cell_identity import CellIdentity
from conformance.runs.expected import Expectation
from conformance.runs.plan import BenchPlan
from conformance.vocabulary.results import TestSheet


@contextmanager
def started_bench(number: int, folder: Path) -> Iterator[Bench]:
    """Have a bench that is up; `number` is that of the block in which its federation lies."""
    bench = Bench(BenchPlan(default_federation_path(), number, "scapy"), folder)
    bench.start()
    yield bench
    bench.stop()


def identity_of(name: str, square: Square, flow: str = "registration-home", **other: Any) -> CellIdentity:
    """Return the identity of a cell whose test case says nothing of itself."""
    sheet = TestSheet(identifier="-", purpose="-", configuration="-", preconditions=[], steps=[], references=[])
    return CellIdentity(f"{name}[{square.id}]", "cell", "-", square, flow, sheet, Expectation(), **other)
