"""Where a message is sent: the outcome of location, and what a stack is told."""

from __future__ import annotations

from typing import NamedTuple

from conformance.vocabulary.identifiers import uri_host


class Hop(NamedTuple):
    """A numeric address, a port, and `udp` or `tcp`."""

    address: str
    port: int
    transport: str = "udp"

    @property
    def host_port(self) -> str:
        """Address and port as they stand in a URI."""
        return f"{uri_host(self.address)}:{self.port}"

    def __str__(self) -> str:
        return f"{self.host_port}/{self.transport}"
