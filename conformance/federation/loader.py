"""Reads a federation file into the vocabulary's model, and moves a federation to the block of a worker."""

from __future__ import annotations

import tomllib
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import Any

from conformance.federation.consistency import check_consistency
from conformance.federation.mistakes import line_numbers, without_echoes, word
from conformance.federation.schema import apply_schema
from conformance.federation.secret_values import resolve_secrets
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import Federation, Testbed
from conformance.vocabulary.identifiers import IpNetwork

_LONGEST = 1 << 20
_LOOPBACK = IPv4Network("127.0.0.0/8")


def default_federation_path() -> Path:
    """Return the file of the emulated federation that comes with the package."""
    return Path(__file__).with_name("emulated.toml")


def load_federation(path: Path) -> Federation:
    """Read, check and complete a federation file.

    Args:
        path: A TOML file. Secrets in it may be `env:NAME` or `file:PATH` (relative to the file's folder).

    Returns:
        The federation as the file describes it: every secret resolved, every testbed named by its key.

    Raises:
        BadInput: With one line for each mistake of the file: place, what was found, what was expected, what
            to do. No line shows a secret.
    """
    text = _read(path)
    data = _parse(path, text)
    mistakes = resolve_secrets(data, path.parent)
    federation = apply_schema(data)
    if isinstance(federation, list):
        mistakes += federation
    mistakes += check_consistency(data)
    if mistakes or isinstance(federation, list):
        lines = line_numbers(text)
        raise BadInput("\n".join(word(path, lines, mistake) for mistake in without_echoes(mistakes)))
    return federation


def rebase(federation: Federation, worker: int) -> Federation:
    """Move a federation on 127.0.0.0/8 to the block of a parallel worker.

    Args:
        federation: The federation as its file describes it.
        worker: 0 for a run without workers; worker n moves `127.1.0.0/16` to `127.(1+n).0.0/16`.

    Returns:
        The federation with block, node addresses and pools moved; the same one for worker 0.

    Raises:
        BadInput: The block is not on 127.0.0.0/8, or the worker's block would leave it.
    """
    if worker == 0:
        return federation
    block = federation.block
    if not isinstance(block, IPv4Network) or not block.subnet_of(_LOOPBACK):
        raise BadInput(
            f"federation {federation.name}: found block {block}, expected one on 127.0.0.0/8 because "
            f"worker {worker} needs a copy of it: run without parallel workers"
        )
    shift = worker << 16
    if worker < 0 or int(block.broadcast_address) + shift >= int(_LOOPBACK.broadcast_address) - 0xFFFF:
        raise BadInput(
            f"federation {federation.name}: found worker {worker}, expected 0 to "
            f"{254 - block.network_address.packed[1]} with block {block}: run with fewer workers"
        )
    return moved_by(federation, shift)


def at_block(federation: Federation, block: IpNetwork | None) -> Federation:
    """Move a federation so that its addresses lie in a block; None leaves it where it is."""
    if block is None:
        return federation
    return moved_by(federation, int(block.network_address) - int(federation.block.network_address))


def moved_by(federation: Federation, shift: int) -> Federation:
    """Move every address of a federation by the same distance.

    Args:
        federation: The federation; identities, ports and everything else stay.
        shift: How far, in addresses; may be negative.
    """
    if shift == 0:
        return federation
    moved = {name: _rebase_testbed(testbed, shift) for name, testbed in federation.testbeds.items()}
    return federation.model_copy(update={"block": _moved(federation.block, shift), "testbeds": moved})


def _rebase_testbed(testbed: Testbed, shift: int) -> Testbed:
    nodes = {kind: node.model_copy(update={"address": node.address + shift}) for kind, node in testbed.nodes.items()}
    access_networks = tuple(
        access.model_copy(update={"pool": _moved(access.pool, shift)}) for access in testbed.access_networks
    )
    return testbed.model_copy(update={"nodes": nodes, "access_networks": access_networks})


def _moved(network: IpNetwork, shift: int) -> IpNetwork:
    return ip_network(f"{network.network_address + shift}/{network.prefixlen}")


def _read(path: Path) -> str:
    wanted = "expected a federation file in TOML"
    try:
        if path.is_dir():
            raise BadInput(f"{path}: found a directory, {wanted}: name the file in it")
        with path.open("rb") as stream:
            content = stream.read(_LONGEST + 1)
    except FileNotFoundError:
        raise BadInput(f"{path}: found no such file, {wanted}: correct --federation") from None
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise BadInput(f"{path}: found a file that cannot be read ({reason}), {wanted}: make it readable") from None
    if len(content) > _LONGEST:
        raise BadInput(f"{path}: found more than {_LONGEST} bytes, {wanted}: name the right file")
    try:
        return content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        byte = f"byte 0x{content[problem.start]:02x}"
        raise BadInput(f"{path}:{line}: found {byte}, expected UTF-8: save the file as UTF-8") from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        problem = "values nested too deeply"
    except ValueError as error:  # TOMLDecodeError, and numbers with thousands of digits
        problem = " ".join(str(error).split())
    raise BadInput(f"{path}: found {problem}, expected TOML: correct the line")
