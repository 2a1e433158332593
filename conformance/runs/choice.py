"""Which fabric a run gets where it leaves the choice to us: namespaces where there can be a lab, else loopback."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.fabric.layout import layout, placed
from conformance.fabric.probe import why_no_lab
from conformance.runs.plan import AUTO, FabricName
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Federation


@dataclass(frozen=True, slots=True)
class FabricChoice:
    """A fabric, and why it is no better one."""

    name: FabricName
    reason: str = ""
    """One sentence for the report, with what to do; empty where nobody has to be told."""


def choose_fabric(asked: str, federation: Federation, capture_backend: str) -> FabricChoice:
    """Return the fabric of a run.

    Args:
        asked: value of `--fabric`; anything but `auto` is what it says.
        federation: as its file describes it.
        capture_backend: value of `--capture-backend`; only scapy sees more than one namespace.
    """
    if asked != AUTO:
        return FabricChoice(FabricName(asked))
    reason = _why_loopback(federation, capture_backend)
    if not reason:
        return FabricChoice(FabricName.NAMESPACES)
    return FabricChoice(
        FabricName.LOOPBACK, f"Fabric loopback was chosen because the fabric namespaces cannot be had here: {reason}."
    )


def _why_loopback(federation: Federation, capture_backend: str) -> str:
    if capture_backend != "scapy":
        return f"the capture backend {capture_backend} sees one namespace only; leave --capture-backend out"
    try:
        layout(placed(federation))
    except BadInput as error:
        return str(error).removeprefix("fabric namespaces: ")
    return why_no_lab()
