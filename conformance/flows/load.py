"""Loads the flows that come with the package."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import ValidationError

from conformance.flows.model import Flow
from conformance.vocabulary.errors import BadInput, HarnessFault


def parse_flow(text: str, name: str) -> Flow:
    """Read a flow from TOML.

    Args:
        text: Content of the file.
        name: How messages call the file.

    Raises:
        HarnessFault: The file is no TOML, or not a flow; one line says where and what was expected.
    """
    try:
        flow = Flow.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise HarnessFault(f"{name}: no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the flow"
        raise HarnessFault(f"{name}: {where}: {first['msg']}") from error
    if f"{flow.id}.toml" != name:
        raise HarnessFault(f"{name}: id is {flow.id!r}, expected the name of the file")
    return flow


@cache
def list_flows() -> list[Flow]:
    """Return all flows, sorted by id.

    Raises:
        HarnessFault: A file of the package is not a flow.
    """
    folder = files("conformance.flows")
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".toml")]
    flows = [parse_flow(entry.read_text(encoding="utf-8"), entry.name) for entry in found]
    return sorted(flows, key=lambda flow: flow.id)


def load_flow(id: str) -> Flow:
    """Return the flow of that id.

    Raises:
        BadInput: There is none; the message lists those that there are.
    """
    for flow in list_flows():
        if flow.id == id:
            return flow
    known = ", ".join(flow.id for flow in list_flows())
    raise BadInput(f"flow {id!r} is not known: expected one of {known}; `netlab flows` lists them")
