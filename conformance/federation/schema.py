"""Keys, types and ranges: the vocabulary's model applied to a TOML document, its complaints in our words."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from conformance.federation.mistakes import NOTHING, SECRET_KEYS, KeyPath, Mistake, shorten
from conformance.vocabulary.federation import (
    AccessNetwork,
    AccessSecurity,
    DatabaseKind,
    Features,
    Federation,
    Interconnect,
    Node,
    NodeKind,
    Strictness,
    Subscriber,
    Testbed,
    Timers,
)
from conformance.vocabulary.filter_criteria import Case, FilterCriterion, Handling, NormalForm, Registering, Trigger

_NAME = "a name of small letters, digits and '-' that begins with a letter"
_KEY = "32 hexadecimal digits (16 octets), env:NAME or file:PATH"
_MILLISECONDS = "whole milliseconds from 1 to 3600000"
_EXPECTED = {
    "name": _NAME,
    "host": f"{_NAME}: the first label of the host name",
    "block": "an IPv4 network as text: '127.1.0.0/16', or one of IPv6",
    "address": "an IPv4 address as text: '127.1.1.11', or one of IPv6",
    "pool": "an IPv4 network as text: '127.1.1.128/25', or one of IPv6",
    "port": "a port number from 1 to 65535",
    "operator": "the operator's name, 1 to 120 characters",
    "domain": "a domain name in small letters: 'uc3m.netlab.test'",
    "release": "the number of a 3GPP release, 5 to 18",
    "visited_network_id": "printable ASCII without spaces, 1 to 255 characters",
    "type": "an access type as in P-Access-Network-Info: 'IEEE-802.11b'",
    "access_security": f"one of {', '.join(AccessSecurity)}",
    "ics": f"a list, each {_NAME}",
    "impi": "a private identity: 'alice@uc3m.netlab.test'",
    "impus": "a list of public identities, the default one first: ['sip:alice@uc3m.netlab.test']",
    "k": _KEY,
    "opc": _KEY,
    "op": _KEY,
    "password": "a text, env:NAME or file:PATH",
    "xcap_password": "a text, env:NAME or file:PATH",
    "amf": "4 hexadecimal digits",
    "roaming": "true or false",
    "registration_s": "whole seconds from 1 to 1000000",
    "minimum_registration_s": "whole seconds from 1 to 1000000",
    "publication_s": "whole seconds from 1 to 1000000",
    "minimum_publication_s": "whole seconds from 1 to 1000000",
    "testbeds": "a table for each testbed: [testbeds.uc3m]",
    "nodes": f"a table with the nodes {', '.join(NodeKind)}",
    "access_networks": "one table or more: [[testbeds.uc3m.access_networks]]",
    "subscribers": "tables: [[testbeds.uc3m.subscribers]]",
    "features": "a table: [testbeds.uc3m.features]",
    "timers": "a table: [timers]",
    "strictness": f"one of {', '.join(Strictness)}",
    "database": f"one of {', '.join(DatabaseKind)}",
    "filter_criteria": "tables: [[testbeds.uc3m.subscribers.filter_criteria]]",
    "priority": "a number from 0 to 2147483647",
    "when": 'groups of triggers: [[{ method = "INVITE" }], [{ session_case = "originating" }]]',
    "method": "a method in capital letters: 'INVITE'",
    "registration": f"a list of {', '.join(Registering)}",
    "header": "a regular expression of 1 to 256 characters",
    "content": "a regular expression of 1 to 256 characters",
    "request_uri": "a regular expression of 1 to 256 characters",
    "line": "the letter of a line of the session description: 'm'",
    "session_case": f"one of {', '.join(Case)}",
    "negated": "true or false",
    "normal_form": f"one of {', '.join(NormalForm)}",
    "server": "a SIP URI: 'sip:as.uc3m.netlab.test:5060'",
    "default_handling": f"one of {', '.join(Handling)}",
    "interconnect": f"one of {', '.join(Interconnect)}",
}


def apply_schema(data: dict[str, Any]) -> Federation | list[Mistake]:
    """Make a `Federation` of a TOML document whose secrets are resolved.

    Args:
        data: The document; each testbed's name is taken from its key.

    Returns:
        The federation, or every mistake in keys, types and ranges.
    """
    mistakes = _take_names_from_keys(data)
    try:
        federation = Federation.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        inner = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
        # A list with one bad item is also reported as too short: that is not the reader's mistake.
        details = [each for each in details if each["type"] != "too_short" or each["loc"] not in inner]
        return mistakes + [_mistake(detail) for detail in details]
    return mistakes or federation


def _take_names_from_keys(data: dict[str, Any]) -> list[Mistake]:
    mistakes = []
    testbeds = data.get("testbeds")
    for key, testbed in testbeds.items() if isinstance(testbeds, dict) else ():
        if isinstance(testbed, dict):
            name = testbed.get("name", key)
            if name != key:
                path = ("testbeds", key, "name")
                mistakes.append(Mistake(path, shorten(name), f"{shorten(key)} as in the table", "leave it out"))
            testbed["name"] = key
    return mistakes


def _mistake(detail: ErrorDetails) -> Mistake:
    path: KeyPath = detail["loc"]
    kind = detail["type"]
    if path[-1:] == ("[key]",):
        return _bad_key(path[:-1])
    if kind == "extra_forbidden":
        return _unknown(path)
    if kind == "missing":
        return Mistake(path, NOTHING, _expected(path), "add the key")
    if kind == "value_error" and isinstance(detail["input"], dict):
        # Words of the vocabulary's own validators: "expected ..., found ...".
        wanted, _, found = detail["msg"].removeprefix("Value error, expected ").partition(", found ")
        remedy = "correct the trigger" if "when" in path else "give exactly one kind of credentials"
        return Mistake(path, found or "neither", wanted, remedy)
    return Mistake(path, _found(path, detail["input"]), _expected(path), "correct the value")


def _bad_key(path: KeyPath) -> Mistake:
    if path[-2:-1] == ("nodes",):
        return _misspelt(path, "an unknown kind of node", list(NodeKind))
    return Mistake(path, "a table of that name", _NAME, "rename the table")


def _unknown(path: KeyPath) -> Mistake:
    return _misspelt(path, "an unknown key", sorted(_model(path[:-1]).model_fields))


def _misspelt(path: KeyPath, found: str, known: list[str]) -> Mistake:
    expected = f"one of {', '.join(known)}"
    near = get_close_matches(str(path[-1]), known, n=1)
    if not near:
        return Mistake(path, found, expected, "take it out")
    return Mistake(path, found, expected, f"did you mean {near[0]}?", (*path[:-1], str(near[0])))


def _model(path: KeyPath) -> type[BaseModel]:
    """Return the model of the table at that path."""
    models: dict[str, type[BaseModel]] = {
        "timers": Timers,
        "features": Features,
        "nodes": Node,
        "access_networks": AccessNetwork,
        "subscribers": Subscriber,
        "filter_criteria": FilterCriterion,
        "when": Trigger,
    }
    for part in reversed(path[2:] if path[:1] == ("testbeds",) else path):
        if part in models:
            return models[str(part)]
    return Testbed if path[:1] == ("testbeds",) else Federation


def _expected(path: KeyPath) -> str:
    names = [part for part in path if isinstance(part, str)]
    if path[:1] == ("timers",) and len(path) == 2 and names[-1].endswith("_ms"):
        return _MILLISECONDS
    if names[-1] in _EXPECTED:
        return _EXPECTED[names[-1]]
    if names[-2:-1] == ["nodes"]:
        return "a table with host, address and port"
    return "a table"


def _found(path: KeyPath, value: object) -> str:
    if SECRET_KEYS.intersection(path):
        return "something else (a secret, not shown)"
    return shorten(value)
