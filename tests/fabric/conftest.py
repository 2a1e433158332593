"""Labs for the tests of this room; where the machine allows none, their tests are skipped with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.fabric import registry
from conformance.fabric.hosts import Host
from conformance.fabric.namespaces import Namespaces
from conformance.fabric.netns import PREFIX
from conformance.fabric.probe import why_no_lab
from conformance.federation import default_federation_path, load_federation
from conformance.vocabulary.federation import Federation


@pytest.fixture(scope="session")
def allowed() -> None:
    """Skips where the machine allows no lab."""
    if reason := why_no_lab():
        pytest.skip(f"no lab here: {reason}")


@pytest.fixture(scope="session")
def federation() -> Federation:
    """The emulated federation, as its file has it."""
    return load_federation(default_federation_path())


@pytest.fixture(scope="session")
def ipv6_federation() -> Federation:
    """The emulated federation with IPv6 addresses."""
    return load_federation(default_federation_path().with_name("emulated6.toml"))


@pytest.fixture(scope="module")
def lab(allowed: None, federation: Federation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Namespaces]:
    """A lab of the emulated federation that is up, one a module."""
    made = Namespaces(federation, tmp_path_factory.mktemp("vpn"))
    made.up()
    yield made
    made.down()


@pytest.fixture
def vpn_folder(tmp_path: Path) -> Path:
    """Where a lab of the test's own puts its configurations."""
    return tmp_path / "vpn"


@pytest.fixture
def host_pair(allowed: None) -> Iterator[tuple[Host, Host]]:
    """Two hosts in a lab of their own; nothing joins them yet."""
    lab = registry.claim()
    hosts = (Host(f"{PREFIX}{lab}-one"), Host(f"{PREFIX}{lab}-two"))
    yield hosts
    for host in hosts:
        host.close()
    registry.remove(lab)
