"""Secret values: K, OPc and passwords. They print as `***` wherever they are shown by mistake."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret byte string that no log, report or traceback can show."""

    _value: bytes = field(repr=False)

    def reveal(self) -> bytes:
        """Return the secret itself, for the one computation that needs it."""
        return self._value

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"
