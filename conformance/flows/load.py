"""Loads the flows that come with the package."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from conformance.flows.model import Flow
from conformance.vocabulary.errors import BadInput, HarnessFault


def parse_flow(text: str, name: str, read: Callable[[str], str] | None = None) -> Flow:
    """Read a flow from TOML.

    A file may build on another one:

        extends = "registration-home"    # its steps and roles, and what else is not said here
        visited = true                   # with the P-CSCF in the visited network
        [change.first-register]          # keys of one step to replace
        tunnel = "gtp"

    Steps of the file itself come behind those that it has from there; `before = "id"` puts one in front of a step.

    Args:
        text: Content of the file.
        name: How messages call the file.
        read: Returns the text of the flow of an id, for `extends`; None where a file may not build on another one.

    Raises:
        HarnessFault: The file is no TOML, or not a flow; one line says where and what was expected.
    """
    try:
        data = _extended(tomllib.loads(text), name, read)
        visited = data.pop("visited", False)
        flow = Flow.model_validate(data)
    except tomllib.TOMLDecodeError as error:
        raise HarnessFault(f"{name}: no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the flow"
        raise HarnessFault(f"{name}: {where}: {first['msg']}") from error
    if f"{flow.id}.toml" != name:
        raise HarnessFault(f"{name}: id is {flow.id!r}, expected the name of the file")
    return flow.at_visited_access_point() if visited else flow


def _extended(data: dict[str, Any], name: str, read: Callable[[str], str] | None) -> dict[str, Any]:
    """Return the data of a file with those of the flow that it builds on."""
    base = data.pop("extends", None)
    changes = data.pop("change", {})
    if base is None:
        return data
    if read is None or not isinstance(base, str):
        raise HarnessFault(f"{name}: extends: {base!r} is no flow that can be read")
    below = _extended(tomllib.loads(read(base)), f"{base}.toml", read)
    steps: list[dict[str, Any]] = below.pop("steps")
    for id, change in changes.items():
        step = next((step for step in steps if step["id"] == id), None)
        if step is None:
            raise HarnessFault(f"{name}: change.{id}: {base} has no such step")
        step.update(change)
    for step in data.pop("steps", []):
        before = step.pop("before", None)
        places = [index for index, other in enumerate(steps) if other["id"] == before]
        if before is not None and not places:
            raise HarnessFault(f"{name}: steps.{step.get('id')}: before names {before!r}, which {base} does not have")
        steps.insert(places[0] if places else len(steps), step)
    below.pop("visited", None)
    return {**below, **data, "steps": steps}


@cache
def list_flows() -> list[Flow]:
    """Return all flows, sorted by id.

    Raises:
        HarnessFault: A file of the package is not a flow.
    """
    folder = files("conformance.flows")
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".toml")]
    texts = {entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8") for entry in found}
    flows = [parse_flow(text, f"{id}.toml", texts.__getitem__) for id, text in texts.items()]
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
