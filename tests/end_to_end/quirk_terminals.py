"""One user who registers with a terminal of any profile, again and again."""

from __future__ import annotations

from pathlib import Path

from conformance.quirks.catalogue import all_quirks
from conformance.quirks.profiles import profile_named
from conformance.runs.actors import numbers_ahead
from conformance.runs.bench import Bench
from conformance.stack.hop import Hop
from conformance.terminals.event_log import EventLog
from conformance.terminals.terminal import RegistrationFailed, Terminal
from conformance.vocabulary.federation import NodeKind

OF_A_CHALLENGE = {"Q10", "Q11"}
"""No core here sends the challenge to which these answer otherwise."""
SHOWN = [quirk.id for quirk in all_quirks().values() if quirk.on_wire and quirk.id not in OF_A_CHALLENGE]
"""Quirks that a registration shows."""


def registers(bench: Bench, name: str, *, adapted: bool = False, capture: Path | None = None) -> bool:
    """Register alice of uc3m with a terminal of a profile, tell whether that worked, and leave nothing behind.

    Args:
        bench: a bench that is up.
        name: of the profile.
        adapted: her terminal goes by the adapter.
        capture: where the packets of the registration are written; nowhere where it is None.
    """
    home = bench.federation.testbeds["uc3m"]
    alice, entry = home.subscriber("alice"), home.node(NodeKind.ADAPTER if adapted else NodeKind.PCSCF)
    place = bench.attach("uc3m", None)
    if capture is not None:
        bench.sniffers.open_cell(name)
    terminal = Terminal(
        federation=bench.federation,
        testbed=home,
        subscriber=alice,
        address=place.address,
        pcscf=Hop(str(entry.address), entry.port),
        events=EventLog(),
        profile=profile_named(name),
        numbers=numbers_ahead() if name.endswith("Q15") else None,
        loop=place.loop,
    )
    try:
        terminal.register()
    except RegistrationFailed:
        assert not terminal.registered
    came_in = terminal.registered
    bench.settle({"uc3m"})
    if capture is not None:
        bench.sniffers.close_cell(name, capture)
    if came_in:
        terminal.deregister()
        bench.settle({"uc3m"})
    bench.forget_users({"uc3m"}, set(alice.impus))
    terminal.close()
    place.release()
    return came_in
