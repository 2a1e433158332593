"""Addresses: 127.34.13.0/24."""

import errno
import os
import socket

import pytest

from conformance.stack.ports import bind_failure, port_holder
from conformance.vocabulary.errors import NetlabError, NotPermitted, TestbedDown

HERE = "127.34.13.1"


@pytest.mark.parametrize(("transport", "kind"), [("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM)])
@pytest.mark.parametrize("bound_to", [HERE, "0.0.0.0"])
def test_the_holder_of_a_port_is_named(transport: str, kind: socket.SocketKind, bound_to: str) -> None:
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind((bound_to, 0))
        if kind is socket.SOCK_STREAM:
            holder.listen()
        found = port_holder(HERE, holder.getsockname()[1], transport)
    assert found is not None
    assert f"(pid {os.getpid()})" in found


def test_a_free_port_has_no_holder() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.34.13.2", 0))
        assert port_holder(HERE, holder.getsockname()[1], "udp") is None


@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (errno.EADDRINUSE, TestbedDown, "is in use"),
        (errno.EACCES, NotPermitted, "below 1024"),
        (errno.EADDRNOTAVAIL, TestbedDown, "not on this machine"),
        (errno.EIO, TestbedDown, "cannot be bound"),
    ],
)
def test_each_refusal_is_one_line(number: int, kind: type[NetlabError], said: str) -> None:
    error = bind_failure(OSError(number, os.strerror(number)), HERE, 53, "udp")
    assert type(error) is kind
    assert str(error).startswith(f"{HERE}:53/udp ")
    assert said in str(error)
    assert "\n" not in str(error)
