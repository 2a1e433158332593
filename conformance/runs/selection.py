"""From the markers of a test case to the cells that it is run in, and whether a cell applies at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance.federation.axes import TRANSPORTS, covered, with_transports
from conformance.federation.call_matrix import CALLED, call_cells
from conformance.federation.matrix import Callee, Cell, home_cells, roaming_cells
from conformance.federation.mistakes import line_numbers
from conformance.federation.service_matrix import SERVED, with_served_callee, with_served_caller
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import AccessSecurity, Federation, Interconnect, NodeKind, Testbed
from conformance.vocabulary.filter_criteria import Handling

ACCESS_POINTS = ("none", "visited", "home")
CREDENTIALS = ("aka", "password")
_USUAL: Mapping[str, Any] = {
    "access": "none",
    "credentials": "aka",
    "roaming": True,
    "callee": None,
    "callee_credentials": None,
    "transport": "udp",
    "each": None,
    "then": (),
    "services": (),
    "silent": None,
    "served": False,
}


def squares(federation: Federation, wanted: Mapping[str, Any], *, full: bool = False) -> list[Cell]:
    """Return the cells of a test case: all of its home and visited networks; a third axis is covered pair by pair.

    Args:
        federation: the federation.
        wanted: keywords of the marker `flow`: `access` (none, visited, home), `credentials` (aka, password),
            `roaming` (False: the home network forbids its subscriber the visited access point), `callee` (who is
            called: home, visited, third, away; `call_matrix.CALLED` says what they mean), `callee_credentials` (of
            who is called: aka, password; usually aka where there is one), `transport` (udp, tcp or
            several of them), `each` (home, visited, federation: one cell is enough for each home or visited
            network, or in all); `services` (caller, callee, both: whose calls pass an application server), `silent`
            (continued, terminated: what becomes of them where that one is silent; any where it is left out); `served`
            (True: also users whose calls pass one); `then` says nothing about cells.
        full: all combinations, also of a third axis.

    Raises:
        BadInput: a keyword or value that does not exist.
    """
    choice = {**_USUAL, **wanted}
    unknown = sorted(set(choice) - set(_USUAL))
    transports = (choice["transport"],) if isinstance(choice["transport"], str) else tuple(choice["transport"])
    if not transports or not set(transports) <= set(TRANSPORTS):
        raise BadInput(f"marker flow: found transport={choice['transport']!r}, expected some of {TRANSPORTS}")
    if choice["each"] not in (None, "home", "visited", "federation"):
        raise BadInput(f"marker flow: found each={choice['each']!r}, expected home, visited or federation")
    if unknown or choice["access"] not in ACCESS_POINTS or choice["credentials"] not in CREDENTIALS:
        raise BadInput(f"marker flow: found {dict(wanted)}, expected access={ACCESS_POINTS}, credentials={CREDENTIALS}")
    if not set(choice["services"]) <= set(SERVED) or choice["silent"] not in (None, *Handling):
        raise BadInput(f"marker flow: found {dict(wanted)}, expected services some of {SERVED}, silent={(*Handling,)}")
    if choice["callee_credentials"] not in (None, *CREDENTIALS):
        wrong = choice["callee_credentials"]
        raise BadInput(f"marker flow: found callee_credentials={wrong!r}, expected one of {CREDENTIALS}")
    if choice["callee"] not in (None, *CALLED):
        raise BadInput(f"marker flow: found callee={choice['callee']!r}, expected one of {tuple(CALLED)}")
    found = _squares(federation, choice)
    if "caller" in choice["services"]:
        found = with_served_caller(federation, found, choice["silent"])
    if choice["callee"] is not None:
        found = call_cells(federation, found, choice["callee"], choice["callee_credentials"], served=choice["served"])
    if "callee" in choice["services"]:
        found = with_served_callee(federation, found, choice["silent"])
    if transports != ("udp",):
        found = with_transports(found, transports)
    if not full and (choice["callee"] is not None or len(transports) > 1):
        found = covered(found)
    if choice["each"] is None:
        return found
    if choice["each"] == "federation":
        return found[:1]
    first: dict[str, Cell] = {}
    for cell in found:
        first.setdefault(getattr(cell, choice["each"]), cell)
    return list(first.values())


def _squares(federation: Federation, choice: Mapping[str, Any]) -> list[Cell]:
    uses_aka = choice["credentials"] == "aka"
    if choice["access"] == "none":
        return home_cells(federation, uses_aka=uses_aka)
    cells = roaming_cells(federation, "visited" if choice["access"] == "visited" else "home", uses_aka)
    if choice["roaming"]:
        return cells
    barred = {
        testbed.name: subscriber.name
        for testbed in federation.testbeds.values()
        for subscriber in testbed.subscribers
        if subscriber.uses_aka is uses_aka and not subscriber.roaming
    }
    return [cell._replace(subscriber=barred[cell.home]) for cell in cells if cell.home in barred]


NEEDED_WHERE_VISITED = {
    "none": (),
    "visited": (NodeKind.PCSCF, NodeKind.DNS),
    "home": (NodeKind.GATEWAY,),
}
"""What a cell needs of the network that its terminal is in, by access point."""


def needed_nodes(square: Cell, home: Testbed, visited: Testbed) -> frozenset[str]:
    """Return the nodes (`testbed/kind`) without which nothing can be said about a cell, and who of the VPN.

    Of the home network these are all; of the visited one only those that carry the terminal's signalling, so that a
    dead HSS makes an ERROR of its own subscribers' cells and of no others.
    """
    needed = {f"{home.name}/{kind}" for kind in home.nodes}
    if home.name != visited.name:
        needed |= {"vpn hub", f"vpn {home.name}", f"vpn {visited.name}"}
    return frozenset(needed | {f"{visited.name}/{kind}" for kind in NEEDED_WHERE_VISITED[square.access_point]})


def nodes_of_callee(callee: Callee, home: Testbed) -> frozenset[str]:
    """Return the nodes without which nobody can be called: all of the home network, and those where the callee is."""
    places = {callee.visited, callee.device_visited} - {""}
    there = {f"{place}/{kind}" for place in places for kind in NEEDED_WHERE_VISITED["visited"]}
    return frozenset({f"{home.name}/{kind}" for kind in home.nodes} | there)


def other_fabric(name: str, wanted: str, federation: Federation, ip: int | None = None) -> str | None:
    """Return why a test case that needs a fabric does not apply to a run; None where it has that one.

    Args:
        name: fabric of the run.
        wanted: fabric of the test case; `namespaces` means the VPN between the partners, too.
        federation: says whether the partners are joined by the VPN, and which addresses they have.
        ip: version of IP that the test case is about; None: any.
    """
    if name != wanted:
        return f"needs the VPN between the partners, which the fabric {name} does not have: --fabric {wanted} would"
    if federation.interconnect is not Interconnect.VPN:
        return (
            "needs the VPN between the partners, who are routed to each other here: "
            f'interconnect = "{Interconnect.VPN}" in the federation file would'
        )
    if ip not in (None, federation.ip_version):
        return f"is about IPv{ip}, and this federation has IPv{federation.ip_version}"
    return None


def missing_feature(file: Path, testbed: Testbed, feature: str) -> str | None:
    """Return why a test case that needs a feature does not apply to a testbed; None where the feature is declared.

    Args:
        file: the federation file; the sentence names the line in which the feature would be declared.
        testbed: the testbed that would have to have it.
        feature: an access security (`ipsec-3gpp`) or an item of `features.ics`.
    """
    if feature in (testbed.features.access_security, *testbed.features.ics):
        return None
    is_security = feature in set(AccessSecurity)
    key = f"testbeds.{testbed.name}.features.{'access_security' if is_security else 'ics'}"
    value = f'"{feature}"' if is_security else f'["{feature}"]'
    lines = line_numbers(file.read_text(encoding="utf-8"))
    path = tuple(key.split("."))
    while path and path not in lines:
        path = path[:-1]
    line = f":{lines[path]}" if path else ""
    return f"{testbed.name} does not declare {feature}: {file.name}{line}: {key} = {value} would"


def missing_node(testbed: Testbed, kind: NodeKind) -> str | None:
    """Return why a test case that needs a node does not apply to a testbed; None where there is one."""
    if kind in testbed.nodes:
        return None
    return f"{testbed.name} has no node {kind}: testbeds.{testbed.name}.nodes.{kind} would name one"
