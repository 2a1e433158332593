"""The sockets of an address: their family, why a port could not be bound, and who holds it."""

from __future__ import annotations

import errno
import socket
import struct
from ipaddress import ip_address
from pathlib import Path

from conformance.vocabulary.errors import NetlabError, NotPermitted, TestbedDown
from conformance.vocabulary.identifiers import Endpoint

_PROC = Path("/proc")
_TCP_LISTEN = "0A"


def family_of(address: str) -> socket.AddressFamily:
    """Return the family of sockets that a numeric address needs."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def bind_failure(error: OSError, address: str, port: int, transport: str) -> NetlabError:
    """Turn the refusal of the operating system into one line for a person.

    Args:
        error: what `bind` or `listen` raised.
        address: numeric address.
        port: port number.
        transport: `udp` or `tcp`.

    Returns:
        The error to raise: TestbedDown, or NotPermitted where the right to bind is missing.
    """
    where = Endpoint(address, port, transport)
    if error.errno == errno.EADDRINUSE:
        holder = port_holder(address, port, transport)
        held = f"held by {holder}" if holder else "the holder is not visible"
        return TestbedDown(f"{where} is in use ({held}): expected it free; end that process or use another worker")
    if error.errno in (errno.EACCES, errno.EPERM):
        return NotPermitted(f"{where} may not be bound: ports below 1024 need root or CAP_NET_BIND_SERVICE")
    if error.errno == errno.EADDRNOTAVAIL:
        return TestbedDown(f"{where} cannot be bound: the address is not on this machine")
    return TestbedDown(f"{where} cannot be bound: {error.strerror or error}")


def port_holder(address: str, port: int, transport: str) -> str | None:
    """Return `name (pid N)` of the process that has the port, as `ss -lpn` would show.

    Args:
        address: numeric address; a socket on 0.0.0.0 or :: holds it too.
        port: port number.
        transport: `udp` or `tcp`.

    Returns:
        None where it is not known (another user's process, another system).
    """
    inodes = _inodes(address, port, transport)
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in _PROC.glob("[0-9]*"):
        try:
            for descriptor in (process / "fd").iterdir():
                if str(descriptor.readlink()) in wanted:
                    return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            continue  # it ended meanwhile, or is not ours to look into
    return None


def _inodes(address: str, port: int, transport: str) -> set[str]:
    def written(ip: str) -> str:
        packed = ip_address(ip).packed
        words = struct.unpack(f"={len(packed) // 4}I", packed)
        return f"{''.join(f'{word:08X}' for word in words)}:{port:04X}"

    is_ipv6 = ":" in address
    wanted = {written(address), written("::" if is_ipv6 else "0.0.0.0")}
    try:
        rows = (_PROC / "net" / f"{transport}{'6' if is_ipv6 else ''}").read_text().splitlines()[1:]
    except OSError:
        return set()
    found = set()
    for row in rows:
        fields = row.split()
        if len(fields) > 9 and fields[1] in wanted and (transport == "udp" or fields[3] == _TCP_LISTEN):
            found.add(fields[9])
    return found
