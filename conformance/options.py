"""The options of the pytest plugin; `netlab run` takes the same."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from conformance.runs.plan import AUTO, CORES, FabricName


def seconds(text: str) -> float:
    """Return the value of an option that is a time."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected seconds, more than 0")
    return value


def add_options(parser: pytest.Parser) -> None:
    """Declare them."""
    group = parser.getgroup("netlab", "netlab-conformance")
    group.addoption(
        "--federation",
        type=Path,
        default=None,
        metavar="FILE",
        help="federation file (default: the emulated one)",
    )
    group.addoption(
        "--core",
        choices=CORES,
        default=None,
        help="software that plays every IMS testbed (default: what the federation file says, else emulated)",
    )
    group.addoption(
        "--fabric",
        choices=[AUTO, *FabricName],
        default=FabricName.LOOPBACK,
        help="how the hosts are joined; auto: namespaces where the machine allows them (default: loopback)",
    )
    group.addoption("--capture-backend", choices=["scapy", "pyshark"], default="scapy", help="capture backend")
    group.addoption(
        "--fault",
        action="append",
        default=[],
        metavar="NODE=FAULT",
        help="misbehave on purpose, for example uc3m/s-cscf=no-service-route or terminal=wrong-digest-uri",
    )
    group.addoption(
        "--standing",
        action="store_true",
        help="use the testbeds that netlab testbed up holds, on their fabric and core; subscribers are leased",
    )
    group.addoption("--standing-folder", type=Path, default=None, help=argparse.SUPPRESS)
    group.addoption(
        "--leases",
        type=Path,
        default=None,
        metavar="DIR",
        help="lease subscribers in this folder: whoever else uses these testbeds names the same one",
    )
    group.addoption("--reports", type=Path, default=Path("reports"), metavar="DIR", help="where runs are written")
    group.addoption("--run-id", default=None, help="name of the run's folder (default: date and time)")
    group.addoption("--words", default=None, help=argparse.SUPPRESS)
    group.addoption(
        "--resume",
        nargs="?",
        const="",
        default=None,
        metavar="RUN",
        help="finish a run that was cut short: the newest one, or --resume=RUN; say the other options as for that run",
    )
    group.addoption(
        "--rerun-failed",
        nargs="?",
        const="latest",
        default=None,
        metavar="RUN",
        help="only those cells of the newest run, or of --rerun-failed=RUN, that differ, are ERROR or were not run",
    )
    group.addoption("--home", action="append", default=[], metavar="NAME", help="only cells of this home testbed")
    group.addoption("--visited", action="append", default=[], metavar="NAME", help="only cells in this network")
    group.addoption("--third", action="append", default=[], metavar="NAME", help="only calls to somebody who is there")
    group.addoption(
        "--access", choices=["none", "visited", "home"], default=None, help="only cells with this access point"
    )
    group.addoption("--expected", type=Path, default=None, metavar="FILE", help="known deviations (expected.toml)")
    group.addoption(
        "--inconclusive",
        choices=["skip", "fail"],
        default="skip",
        help="what an unexpected INCONCLUSIVE does",
    )
    group.addoption(
        "--full",
        action="store_true",
        help="all combinations of three networks or transports (default: those that hold every pair of values)",
    )
    group.addoption(
        "--once",
        action="store_true",
        help="one cell of each test case, and of each terminal profile in it: the first that the other options leave",
    )
    group.addoption(
        "--manual",
        action="store_true",
        help="with the cells in which a person at a phone takes part (marker manual); also: -m manual",
    )
    group.addoption(
        "--manual-deadline",
        type=seconds,
        default=120.0,
        metavar="SECONDS",
        help="how long a person at a phone has until the packets must have come (default: 120)",
    )
    group.addoption(
        "--cell-deadline",
        type=seconds,
        default=None,
        metavar="SECONDS",
        help="a cell whose test case takes longer is ERROR (default: 30 procedures of the federation's timers; "
        "with the marker slow the longest registration and call as well)",
    )
