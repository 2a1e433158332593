"""Namespaces by name: in and out again, and who is in one."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from conformance.fabric.hosts import Host
from conformance.fabric.netns import enter, inside, named, processes_in
from conformance.vocabulary.errors import TestbedDown

Pair = tuple[Host, Host]


def own() -> int:
    return Path("/proc/thread-self/ns/net").stat().st_ino


def test_a_thread_is_back_where_it_was_also_after_an_error(host_pair: Pair) -> None:
    before = own()

    def fail() -> None:
        with inside(host_pair[0].namespace):
            assert own() != before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert own() == before


def test_a_socket_stays_where_it_was_opened(host_pair: Pair) -> None:
    host_pair[0].bridge("there")
    with inside(host_pair[0].namespace):
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"there")
    assert "there" not in {name for _, name in socket.if_nameindex()}


def test_who_enters_stays_and_other_threads_are_where_they_were(host_pair: Pair) -> None:
    seen = []

    def go() -> None:
        enter(host_pair[0].namespace)
        seen.append(own())

    thread = threading.Thread(target=go)
    thread.start()
    thread.join()
    assert seen != [own()]


def test_no_name_means_here() -> None:
    before = own()
    enter("")
    with inside(""):
        assert own() == before


def test_a_namespace_that_is_gone_is_one_line() -> None:
    with pytest.raises(TestbedDown, match=r"^network namespace nl-none: No such file or directory; expected [^\n]*$"):
        enter("nl-none")


def test_namespaces_are_listed_by_the_beginning_of_their_names(host_pair: Pair) -> None:
    beginning = host_pair[0].namespace.removesuffix("one")
    assert named(beginning) == [f"{beginning}one", f"{beginning}two"]
    assert named("nl-none") == []


def test_a_process_is_found_in_its_namespace_and_nowhere_else(host_pair: Pair) -> None:
    with inside(host_pair[0].namespace):
        process = subprocess.Popen(
            [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        assert processes_in(host_pair[0].namespace) == [process.pid]
        assert processes_in(host_pair[1].namespace) == []
    assert processes_in("nl-none") == []
