"""netlab-conformance: proves, cell by cell, that joined IMS testbeds interoperate and conform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.validation import validate

__version__ = "0.1.0"
__all__ = ["__version__", "validate"]


def __getattr__(name: str) -> Any:
    """Import the judge when it is asked for and not before: every command and every pytest start imports this file."""
    if name == "validate":
        from conformance.validation import validate

        return validate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
