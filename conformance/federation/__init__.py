"""The federation file: found, read, checked, moved to a worker's block; the cells that follow from it."""

from conformance.federation.loader import at_block, default_federation_path, load_federation, moved_by, rebase
from conformance.federation.matrix import Cell, home_cells, roaming_cells

__all__ = [
    "Cell",
    "at_block",
    "default_federation_path",
    "home_cells",
    "load_federation",
    "moved_by",
    "rebase",
    "roaming_cells",
]
