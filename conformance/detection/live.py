"""Faults of nodes and terminals, shown by the emulated federation: one cell a fault, judged as every cell is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

from conformance.detection.live_presence import PRESENCE_SCENES
from conformance.detection.overheard import overheard
from conformance.detection.rows import Row, row
from conformance.faults.catalogue import Fault, FaultKind, Scene, Service
from conformance.federation.call_matrix import call_cells
from conformance.federation.matrix import Cell as Square
from conformance.federation.matrix import home_cells, roaming_cells
from conformance.federation.service_matrix import with_served_callee, with_served_caller
from conformance.runs.actors import numbers_ahead
from conformance.runs.bench import Bench
from conformance.runs.calls import answered, number_of, talk
from conformance.runs.cell import Cell
from conformance.runs.cell_identity import CellIdentity
from conformance.runs.cell_verdicts import JUDGED
from conformance.runs.expected import Expectation
from conformance.runs.folder import RunFolder
from conformance.runs.header import run_header
from conformance.runs.plan import BenchPlan
from conformance.runs.sheet import read_sheet
from conformance.terminals.call import IncomingCall, OutgoingCall
from conformance.terminals.terminal import Terminal
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.federation import NodeKind, Strictness
from conformance.vocabulary.roles import Role

Procedure = Callable[[Cell, Terminal], None]
"""Drives a terminal."""
WITH_SERVICES = "call-roaming-same"
"""A flow in which caller and callee have application servers, and are served by two S-CSCFs."""
_CALLS = ("call-interconnect", "call-refused", WITH_SERVICES)
"""Flows that a call shows: but for the one with services, of a user at home to one of another network."""
_IN_VAIN_S = 2.0
"""So long a confirmation is awaited that is not to come."""


def _registers(cell: Cell, terminal: Terminal) -> None:
    terminal.register()


def _subscribes(cell: Cell, terminal: Terminal) -> None:
    terminal.register()
    terminal.subscribe()
    terminal.deregister()


def _is_deregistered(cell: Cell, terminal: Terminal) -> None:
    terminal.register()
    terminal.subscribe()
    cell.network_deregisters()
    terminal.wait_notified("terminated")


SHOWN_BY: Mapping[str, Procedure] = {
    "registration-home": _registers,
    "registration-refused": _registers,
    "registration-event": _subscribes,
    "deregistration-network": _is_deregistered,
}
"""What is driven to show a fault, by the flow that the catalogue names."""


def _calls(cell: Cell, fault: Fault, at_terminal: frozenset[str]) -> None:
    """Let the terminals of a cell do what the scene of a fault says; one of them may show it."""
    of_callee = fault.blamed is Role.CALLEE
    caller = cell.terminal(faults=frozenset() if of_callee else at_terminal)
    callee = cell.callee(faults=at_terminal if of_callee else frozenset())
    if fault.scene in _IN_VAIN:
        caller.register()
        cell.settle()
        caller.call(_IN_VAIN[fault.scene](callee)).wait_answered()
        return
    callee.register()
    caller.register()
    cell.settle()
    calling = caller.call(callee.impu, video=fault.scene is Scene.VIDEO, anonymous=fault.scene is Scene.ANONYMOUS)
    called = callee.await_call()
    if fault.scene is Scene.UNCONFIRMED:
        _in_vain(calling, called)
        return
    talk(*answered(calling, called)).hang_up()


_IN_VAIN: Mapping[Scene, Callable[[Terminal], str]] = {
    Scene.NOBODY: lambda callee: f"sip:nobody@{callee.impu.rpartition('@')[2]}",
    Scene.NUMBER: number_of,
    Scene.NUMBER_OF_NOBODY: lambda callee: f"{number_of(callee)[:-3]}999",
}
"""What a caller dials who gets nobody, by the scene."""


def _in_vain(calling: OutgoingCall, called: IncomingCall) -> None:
    """Let the called terminal ring; the caller gives up where nothing confirms that.

    The terminal itself would repeat what is not confirmed for 64 * T1, which on Gm is two minutes.
    """
    with ThreadPoolExecutor(1) as beside:
        ringing = beside.submit(called.ring)
        calling.wait_ringing()
        if not wait((ringing,), _IN_VAIN_S).done:
            calling.cancel()
        ringing.result()


def run_live_faults(faults: Sequence[Fault], federation_file: Path, worker: int, folder: Path) -> Iterator[Row]:
    """Bring the emulated federation up once, and yield a row a fault, in order.

    Args:
        faults: of nodes and terminals.
        federation_file: the federation.
        worker: which block of addresses it uses.
        folder: where the run is written: captures, node logs and results of every cell.

    Raises:
        TestbedDown, NotPermitted: the federation does not come up, or a node does not.
    """
    plan = BenchPlan(federation_file, worker, "scapy")
    bench = Bench(plan, folder)
    run = RunFolder(folder)
    run.begin(run_header(run.run_id, plan, bench.fabric))
    bench.start()
    misbehaving = ""
    try:
        for fault in faults:
            square = _square(fault, bench)
            node = "" if fault.kind is FaultKind.TERMINAL else f"{_testbed(fault, square)}/{fault.applies_to}"
            if misbehaving not in ("", node):  # a node that shows another fault next starts once and not twice
                bench.core.start_node(misbehaving)
            misbehaving = node
            with overheard() as warnings:
                shown = _shown(fault, square, node, bench, run)
            yield replace(shown, warnings=tuple(warnings))
    finally:
        bench.stop()
        run.finish(0)


def _square(fault: Fault, bench: Bench) -> Square:
    federation = bench.federation
    squares = roaming_cells(federation, "visited") if fault.roaming else home_cells(federation)
    if fault.flow == WITH_SERVICES:
        squares = with_served_caller(federation, squares, None)
        squares = with_served_callee(federation, call_cells(federation, squares, "visited"), None)
    elif fault.flow in _CALLS:
        squares = call_cells(federation, squares, "third")
    elif fault.scene in PRESENCE_SCENES:
        served = [one for one in squares if NodeKind.PRESENCE in federation.testbeds[one.home].nodes]
        squares = call_cells(federation, served, "home", served=True)
    if not squares:
        raise HarnessFault(f"{bench.plan.federation_file}: no cell shows {fault.name}; expected two testbeds that roam")
    return squares[0]


def _shown(fault: Fault, square: Square, node: str, bench: Bench, run: RunFolder) -> Row:
    """Drive a cell in which a node shows the fault, or, where none is named, a terminal."""
    words = {
        "home": square.home,
        "visited": square.visited,
        "visited_network_id": bench.federation.testbeds[square.visited].visited_network_id,
    }
    name = fault.name + (f":{fault.shown_with.format(**words)}" if fault.shown_with else "")
    bench.use_strictness(dict.fromkeys(square.testbeds, Strictness.STRICT) if fault.strict else {})
    if not node:
        return _driven(fault, square, bench, run, frozenset({name}))
    bench.core.start_node(node, frozenset({name}))
    return _driven(fault, square, bench, run, frozenset())


def _testbed(fault: Fault, square: Square) -> str:
    """Return whose node it is that misbehaves, by the role that has to be blamed."""
    side = fault.blamed.value.partition("-")[0]
    called = square.home if square.callee is None else square.callee.home
    return {"visited": square.visited, "term": called}.get(side, square.home)


def _driven(fault: Fault, square: Square, bench: Bench, run: RunFolder, at_terminal: frozenset[str]) -> Row:
    sheet = read_sheet(fault.name, square.id, fault.words)
    identity = CellIdentity(fault.name, fault.name, fault.words, square, fault.flow, sheet, Expectation())
    cell = Cell(identity, bench, run)
    stopped_by: Exception | None = None
    try:
        numbers = numbers_ahead() if fault.numbers_ahead else None
        if fault.scene in PRESENCE_SCENES:
            PRESENCE_SCENES[fault.scene](cell)
        elif fault.flow in _CALLS:
            _calls(cell, fault, at_terminal)
        else:
            SHOWN_BY[fault.flow](cell, cell.terminal(faults=at_terminal, numbers=numbers))
    except JUDGED as error:
        stopped_by = error
    result = cell.finish(stopped_by)
    remarks = []
    if not result.procedures or result.node_logs:
        remarks += result.reasons
    service = Service.WORKS if stopped_by is None else Service.REFUSED
    if service is not fault.service:
        remarks.append(f"expected service {fault.service}, observed {service}" + _why(stopped_by))
    return row(
        fault.name,
        fault.kind.value,
        fault.expected,
        result.procedures,
        blamed=fault.blamed.value,
        remark="; ".join(remarks),
    )


def _why(error: Exception | None) -> str:
    return "" if error is None else f" ({error})"
