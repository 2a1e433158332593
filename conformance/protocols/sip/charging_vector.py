"""P-Charging-Vector: one charging identifier a session, and the networks at its two ends (RFC 7315 4.6)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

HEADER = "P-Charging-Vector"


@dataclass(frozen=True, slots=True)
class ChargingVector:
    """The parameters as they were written, in order."""

    parameters: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> ChargingVector:
        """Read the header field; what is no `name=value` is left out."""
        pieces = (piece.strip().partition("=") for piece in text.split(";"))
        return cls(tuple((name.strip(), value.strip()) for name, mark, value in pieces if mark and name.strip()))

    @classmethod
    def new(cls) -> ChargingVector:
        """Return one with a charging identifier that nobody else has."""
        return cls((("icid-value", f'"{secrets.token_hex(16)}"'),))

    def get(self, name: str) -> str | None:
        """Return a value as it was written, None where the parameter is absent."""
        return next((value for key, value in self.parameters if key.lower() == name), None)

    def only(self, *names: str) -> ChargingVector:
        """Return the parameters of those names."""
        return ChargingVector(tuple((key, value) for key, value in self.parameters if key.lower() in names))

    def with_parameter(self, name: str, value: str) -> ChargingVector:
        """Return a vector in which that parameter, and it alone, has that value."""
        others = tuple((key, old) for key, old in self.parameters if key.lower() != name)
        return ChargingVector((*others, (name, value)))

    def __str__(self) -> str:
        return ";".join(f"{key}={value}" for key, value in self.parameters)
