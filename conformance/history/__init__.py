"""History: what became better or worse from one run to another. Reads results, never packets."""

from conformance.history.comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
