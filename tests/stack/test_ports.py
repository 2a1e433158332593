"""Addresses: 127.34.13.0/24."""

import errno
import os
import socket

import pytest

from conformance.stack.ports import bind_failure, family_of, port_holder
from conformance.vocabulary.errors import NetlabError, NotPermitted, TestbedDown
from tests.stack.ipv6 import needs_ipv6

HERE = "127.34.13.1"


@pytest.mark.parametrize(("transport", "kind"), [("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM)])
@pytest.mark.parametrize(
    ("bound_to", "asked"),
    [
        (HERE, HERE),
        ("0.0.0.0", HERE),
        pytest.param("::1", "::1", marks=needs_ipv6),
        pytest.param("::", "::1", marks=needs_ipv6),
    ],
)
def test_the_holder_of_a_port_is_named(transport: str, kind: socket.SocketKind, bound_to: str, asked: str) -> None:
    with socket.socket(family_of(bound_to), kind) as holder:
        holder.bind((bound_to, 0))
        if kind is socket.SOCK_STREAM:
            holder.listen()
        found = port_holder(asked, holder.getsockname()[1], transport)
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


def test_an_address_of_ipv6_is_told_in_brackets() -> None:
    error = bind_failure(OSError(errno.EADDRNOTAVAIL, "Cannot assign"), "fd00::1", 53, "udp")
    assert str(error).startswith("[fd00::1]:53/udp cannot be bound")
