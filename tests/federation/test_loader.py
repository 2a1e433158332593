"""Files that cannot be read or parsed at all; workers."""

from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from pathlib import Path

import pytest

from conformance.federation import at_block, default_federation_path, load_federation, rebase
from conformance.vocabulary.errors import BadInput, Exit
from conformance.vocabulary.federation import NodeKind


def refusal(path: Path) -> str:
    with pytest.raises(BadInput) as error:
        load_federation(path)
    assert error.value.exit_code is Exit.USAGE
    assert error.value.__cause__ is None
    text = str(error.value)
    assert "\n" not in text
    assert "expected" in text
    return text


def test_file_missing(tmp_path: Path) -> None:
    assert "found no such file" in refusal(tmp_path / "none.toml")


def test_directory(tmp_path: Path) -> None:
    assert "found a directory" in refusal(tmp_path)


def test_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "federation.toml"
    path.write_text("")

    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)  # the tests may run as root, whom no mode stops
    assert "Permission denied" in refusal(path)


def test_name_that_no_file_can_have() -> None:
    assert "cannot be read" in refusal(default_federation_path() / "more")


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "federation.toml"
    path.write_bytes(b'name = "netlab"\n# caf\xe9\n')
    assert refusal(path).startswith(f"{path}:2: found byte 0xe9, expected UTF-8")


def test_too_long(tmp_path: Path) -> None:
    path = tmp_path / "federation.toml"
    path.write_bytes(b"#" * ((1 << 20) + 1))
    assert "more than 1048576 bytes" in refusal(path)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("name = netlab", "line 1, column 8"),
        ("[timers\n", "line 1, column 8"),
        ('name = "a"\nname = "b"\n', "line 2"),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a = " + "9" * 5000, "4300 digits"),
    ],
)
def test_not_toml(tmp_path: Path, content: str, found: str) -> None:
    path = tmp_path / "federation.toml"
    path.write_text(content)
    text = refusal(path)
    assert found in text
    assert "expected TOML" in text


def test_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "federation.toml"
    path.write_bytes(default_federation_path().read_bytes().replace(b"\n", b"\r\n"))
    assert load_federation(path) == load_federation(default_federation_path())


def test_a_worker_gets_a_block_of_its_own() -> None:
    federation = rebase(load_federation(default_federation_path()), 2)
    assert federation.block == IPv4Network("127.3.0.0/16")
    assert federation.testbeds["stuba"].node(NodeKind.HSS).address == IPv4Address("127.3.2.14")
    assert federation.testbeds["stuba"].access_networks[0].pool == IPv4Network("127.3.2.128/25")


def test_without_workers_nothing_moves() -> None:
    federation = load_federation(default_federation_path())
    assert rebase(federation, 0) is federation


@pytest.mark.parametrize("worker", [-1, 254, 100_000])
def test_a_worker_without_a_block(worker: int) -> None:
    with pytest.raises(BadInput, match="expected 0 to 253"):
        rebase(load_federation(default_federation_path()), worker)


def test_the_last_worker() -> None:
    assert rebase(load_federation(default_federation_path()), 253).block == IPv4Network("127.254.0.0/16")


def test_real_addresses_are_never_moved() -> None:
    federation = load_federation(default_federation_path())
    real = federation.model_copy(update={"block": IPv4Network("10.8.0.0/24")})
    with pytest.raises(BadInput, match="run without parallel workers"):
        rebase(real, 1)


def test_ipv6_is_moved_by_its_block_and_never_by_a_worker() -> None:
    federation = load_federation(default_federation_path().with_name("emulated6.toml"))
    there = at_block(federation, ip_network("fd4e:7::/48"))
    assert there.testbeds["stuba"].node(NodeKind.HSS).address == ip_address("fd4e:7:0:20::14")
    assert there.testbeds["stuba"].access_networks[0].pool == ip_network("fd4e:7:0:21::/64")
    with pytest.raises(BadInput, match="run without parallel workers"):
        rebase(federation, 1)
