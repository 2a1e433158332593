"""Identifiers that appear on both sides: transport addresses."""

from __future__ import annotations

from typing import NamedTuple


class Endpoint(NamedTuple):
    """A transport address. `transport` is `udp`, `tcp` or `sctp`; written `10.4.0.9:5060/udp`."""

    address: str
    port: int
    transport: str

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}/{self.transport}"
