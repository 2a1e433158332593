"""Why a cell does not apply to a run: its fabric, the features of its testbeds, its terminal."""

from __future__ import annotations

import pytest

from conformance.cores.emulated.node import is_emulated
from conformance.faults.catalogue import TERMINAL
from conformance.federation.matrix import Cell as Square
from conformance.quirks.profiles import profile_named
from conformance.runs.bench import Bench
from conformance.runs.cell_identity import CALLEE, CALLER, CellIdentity
from conformance.runs.parties import called_party, first_party
from conformance.runs.selection import missing_feature, missing_node, other_fabric
from conformance.terminals.programs.catalogue import PROGRAMS, why_not
from conformance.vocabulary.federation import CoreKind, NodeKind, Strictness


def missing_feature_of(item: pytest.Item, square: Square, bench: Bench) -> str | None:
    """Return why the cell does not apply: another fabric, a missing feature, a node that cannot misbehave."""
    if bench.is_shared and (item.get_closest_marker("mishap") or item.get_closest_marker("fault")):
        return "does something to testbeds that others may use, too: needs own ones, without --standing"
    for marker in item.iter_markers("fabric"):
        if (
            reason := other_fabric(bench.fabric.name, marker.args[0], bench.federation, marker.kwargs.get("ip"))
        ) is not None:
            return reason
    for marker in item.iter_markers("fault"):
        kind, fault = marker.args
        testbed = bench.federation.testbeds[testbed_of(square, marker.kwargs.get("at", "home"))]
        if not is_emulated(testbed, NodeKind(kind)):
            return f"{testbed.name}/{kind} is played by core {testbed.core}, which cannot show {fault} on purpose"
    for name, strictness in wanted_strictness(item, square).items():
        testbed = bench.federation.testbeds[name]
        if testbed.strictness is strictness:
            continue
        if testbed.core is not CoreKind.EMULATED:
            return f"{name} is played by core {testbed.core}, which is as it is: strictness is of emulated cores"
        if bench.is_shared:
            return "does something to testbeds that others may use, too: needs own ones, without --standing"
    for marker in item.iter_markers("needs"):
        testbed = bench.federation.testbeds[testbed_of(square, marker.kwargs.get("of", "home"))]
        if (reason := missing_node(testbed, NodeKind(marker.args[0]))) is not None:
            return reason
    for marker in item.iter_markers("feature"):
        testbed = bench.federation.testbeds[testbed_of(square, marker.kwargs.get("of", "home"))]
        reason = missing_feature(bench.plan.federation_file, testbed, marker.args[0])
        if reason is not None:
            return reason
    return None


def wanted_strictness(item: pytest.Item, square: Square) -> dict[str, Strictness]:
    """Return how cores of a cell are to take deviations, by testbed: as its square and its markers say."""
    of_square = {name: Strictness(square.strictness) for name in square.testbeds if square.strictness}
    markers = reversed(list(item.iter_markers("strictness")))  # the nearest one last
    return of_square | {testbed_of(square, one.kwargs.get("of", "home")): Strictness(one.args[0]) for one in markers}


def missing_program(identity: CellIdentity, bench: Bench) -> str | None:
    """Return why the program that the cell wants as its terminal cannot play it."""
    if identity.terminal not in PROGRAMS:
        return None
    if bench.plan.faults.get(TERMINAL):
        return f"{identity.terminal} does not misbehave on purpose: --fault {TERMINAL}=... is for our own terminal"
    parties = {CALLER: first_party, CALLEE: called_party}
    played = (parties[one](bench.federation, identity.square).subscriber for one in identity.plays)
    return next((reason for one in played if (reason := why_not(identity.terminal, one)) is not None), None)


def impossible_terminal(square: Square, bench: Bench) -> str | None:
    """Return why no terminal can be what the square asks for, or cannot go where it asks it to."""
    if square.profile and (reason := profile_named(square.profile).impossible):
        return reason
    if not square.adapted:
        return None
    entry = bench.federation.testbeds[square.home if square.access_point == "home" else square.visited]
    return missing_node(entry, NodeKind.ADAPTER)


def testbed_of(square: Square, side: str) -> str:
    """Return the testbed that a marker means with `home`, `visited` or `callee`."""
    if side == "callee" and square.callee is not None:
        return square.callee.home
    return {"home": square.home, "visited": square.visited}[side]
