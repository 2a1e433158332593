"""The supervisor of the nodes as the harness sees it; nodes under it are in `test_core`."""

from __future__ import annotations

import time
from ipaddress import ip_network
from pathlib import Path

import pytest

from conformance.cores.emulated.plan import Command, Order, Plan
from conformance.cores.emulated.supervision import Supervision
from conformance.vocabulary.errors import TestbedDown

ORDER = Command(order=Order.STOP, node="uc3m/hss")


def plan(file: Path, folder: Path) -> Plan:
    return Plan(federation_file=file, block=ip_network("127.35.0.0/16"), folder=folder, faults={})


def test_one_that_was_not_started(tmp_path: Path) -> None:
    supervision = Supervision(tmp_path)
    assert (supervision.is_started, supervision.runs, supervision.pump()) == (False, False, False)
    with pytest.raises(TestbedDown, match="the nodes are not up"):
        supervision.order(ORDER)
    supervision.end()


def test_one_that_cannot_do_as_it_is_told_says_why_and_ends(tmp_path: Path) -> None:
    supervision = Supervision(tmp_path)
    supervision.start(plan(tmp_path / "nowhere.toml", tmp_path))
    assert supervision.is_started
    assert supervision.until(lambda: not supervision.runs, time.monotonic() + 10)
    assert "the supervisor ended" in supervision.epitaph()
    assert supervision.failure is not None
    assert "nowhere.toml" in supervision.failure[0]
    supervision.end()
    assert (supervision.is_started, supervision.marks) == (False, {})
    supervision.forget()
    assert supervision.failure is None
