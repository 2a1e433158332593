"""Every fault of presence server and XDMS has a scene that shows it."""

from __future__ import annotations

from conformance.detection.live_presence import PRESENCE_SCENES
from conformance.faults.catalogue import load_catalogue


def test_every_fault_of_presence_has_a_scene_and_every_scene_a_fault() -> None:
    faults = [fault for kind in ("presence", "xdms", "sip-proxy") for fault in load_catalogue().of(kind)]
    assert {fault.scene for fault in faults} == set(PRESENCE_SCENES)
    assert all(fault.flow.startswith(("presence-", "xcap")) for fault in faults)
