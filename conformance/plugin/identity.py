"""Which cell a test is, and what is expected of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from conformance.federation.matrix import Cell as Square
from conformance.federation.quirk_matrix import core_of
from conformance.plugin.stash import DEVIATIONS, FEDERATION, OF_CORE
from conformance.runs.cell_identity import CALLEE, CALLER, MANUAL, STANDARD, CellIdentity
from conformance.runs.expected import Deviation, Expectation, expectation
from conformance.runs.quirk_outcomes import FILE_NAME, expected_outcome, load_outcomes
from conformance.runs.sheet import configuration, read_sheet
from conformance.terminals.programs.catalogue import PROGRAMS
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.verdicts import Verdict, VerdictPair


def cell_identity(item: pytest.Item, square: Square) -> CellIdentity:
    """Return the identity of the cell that a test is."""
    assert isinstance(item, pytest.Function)
    marker = item.get_closest_marker("flow")
    assert marker is not None
    identifier = id_of_test_case(item)
    sheet = read_sheet(identifier, configuration(square), item.function.__doc__)
    return CellIdentity(
        name=item.name,
        test_case=identifier,
        title=sheet.purpose,
        square=square,
        flow=marker.args[0],
        then=tuple(marker.kwargs.get("then", ())),
        sheet=sheet,
        terminal=square.profile or _program(item),
        core=core_of(item.config.stash[FEDERATION], square) if square.profile else "",
        plays=_plays(item),
        expected=expectation(item.name, _of_test_case(item, square), _known(item.config, square)),
    )


def id_of_test_case(item: pytest.Item) -> str:
    """Return the identifier of an item's test case: folder, file and function."""
    name = getattr(item, "originalname", item.name)
    return f"{item.path.parent.name}/{item.path.stem.removeprefix('test_')}/{name}"


def _known(config: pytest.Config, square: Square) -> Sequence[Deviation]:
    """Return the known deviations of a cell: what the user says goes before what is known of a core."""
    return (*config.stash[DEVIATIONS], *config.stash[OF_CORE][square.home])


def _program(item: pytest.Item) -> str:
    """Return what the marker `program` names, `manual` by the marker of that name, else `standard`."""
    if item.get_closest_marker(MANUAL) is not None:
        return MANUAL
    marker = item.get_closest_marker("program")
    if marker is None:
        return STANDARD
    if marker.args[0] not in PROGRAMS:
        raise pytest.UsageError(f"{item.nodeid}: program {marker.args[0]}: expected one of {', '.join(PROGRAMS)}")
    return str(marker.args[0])


def _plays(item: pytest.Item) -> tuple[str, ...]:
    """Return whose terminal the marker `program` means."""
    marker = item.get_closest_marker("program")
    plays = (CALLER,) if marker is None else tuple(marker.kwargs.get("plays", (CALLER,)))
    if not plays or not set(plays) <= {CALLER, CALLEE}:
        raise pytest.UsageError(f"{item.nodeid}: program plays={plays!r}: expected '{CALLER}', '{CALLEE}' or both")
    return plays


def _of_test_case(item: pytest.Item, square: Square) -> Expectation:
    """Return what the test case expects: the table of outcomes, or the marker `expected`."""
    if square.profile:
        table = item.path.parent / FILE_NAME
        core = core_of(item.config.stash[FEDERATION], square)
        try:
            entries = load_outcomes(table)
            return expected_outcome(entries, table, profile=square.profile, core=core, adapted=square.adapted)
        except BadInput as error:
            raise pytest.UsageError(str(error)) from None
    marker = item.get_closest_marker("expected")
    if marker is None:
        return Expectation()
    pair = (Verdict(marker.kwargs.get(name, Verdict.PASS)) for name in VerdictPair._fields)
    return Expectation(VerdictPair(*pair), tuple(marker.kwargs.get("criteria", ())))
