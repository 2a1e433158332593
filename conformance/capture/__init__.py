"""Capture at observation points: markers, sniffers, one pcapng a cell.

`Sniffers` is what the plugin uses; `loopback_points` says what it listens to. Two backends do the listening:
scapy's packet socket, and dumpcap started by pyshark. Both write packets as they come; nothing is dissected here.
"""

from conformance.capture.points import ObservationPoint, loopback_points
from conformance.capture.sniffer import BACKENDS
from conformance.capture.sniffers import CellCapture, Sniffers

__all__ = ["BACKENDS", "CellCapture", "ObservationPoint", "Sniffers", "loopback_points"]
