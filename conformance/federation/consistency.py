"""What the parts of a federation file owe each other: addresses, identities, names.

The checks read the document itself and pass over values that the schema refuses, so that one run of the
loader lists every mistake of both kinds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from typing import Any

from pydantic import TypeAdapter, ValidationError

from conformance.federation.mistakes import NOTHING, KeyPath, Mistake, shorten, spell
from conformance.federation.operator_variant import opc_from_op
from conformance.federation.secret_values import STAND_IN
from conformance.vocabulary.federation import (
    IMS_NODES,
    CoreKind,
    Domain,
    Impu,
    Key128,
    NodeKind,
    Strictness,
    Timers,
    read_network,
)
from conformance.vocabulary.identifiers import IpAddress, IpNetwork
from conformance.vocabulary.points import marker_network
from conformance.vocabulary.secrets import Secret

_DOMAIN: TypeAdapter[str] = TypeAdapter(Domain)
_IMPU: TypeAdapter[str] = TypeAdapter(Impu)
_KEY128: TypeAdapter[Secret] = TypeAdapter(Key128)
_LOOPBACK = IPv4Network("127.0.0.0/8")
_LONGEST_IPV6 = 56
"""Prefix of an IPv6 block: room for a /64 a network (RFC 4291 2.5.4)."""


def check_consistency(data: dict[str, Any]) -> list[Mistake]:
    """Return every contradiction between the parts of a document, in the order of the checks."""
    testbeds = _tables(data.get("testbeds"))
    if data.get("testbeds") == {}:
        return [Mistake(("testbeds",), "none", "at least one testbed", "add a table [testbeds.NAME]")]
    return [
        *_blocks(data, testbeds),
        *_addresses(testbeds),
        *_pools(testbeds),
        *_nodes(testbeds),
        *_timers(data),
        *_unique("domain", testbeds),
        *_unique("visited_network_id", testbeds),
        *_identities(testbeds),
        *_operator_variants(testbeds),
        *_servers(testbeds),
        *_strictness(testbeds),
    ]


def _blocks(data: dict[str, Any], testbeds: dict[str, dict[str, Any]]) -> Iterator[Mistake]:
    block = _network(data.get("block"))
    if block is None:
        return
    loopback = isinstance(block, IPv4Network) and block.subnet_of(_LOOPBACK)
    if loopback and block.prefixlen != 16:
        yield Mistake(("block",), str(block), "a /16 on 127.0.0.0/8", "write 127.N.0.0/16: workers shift N")
        return
    if block.version == 6 and block.prefixlen > _LONGEST_IPV6:
        yield Mistake(("block",), str(block), f"a /{_LONGEST_IPV6} or larger", "give every network a /64 of it")
        return
    markers = marker_network(block) if loopback or block.version == 6 else None
    located = [(path, ip_network(address)) for path, address in _node_addresses(testbeds)]
    for path, network in [*located, *_all_pools(testbeds)]:
        shown = str(network).removesuffix(f"/{network.max_prefixlen}")
        if network.version != block.version:
            expected = f"IPv{block.version}, as the block {block} has: a federation is of one kind"
            yield Mistake(path, shown, expected, "correct it, or the block")
        elif not network.subnet_of(block):  # type: ignore[arg-type]  # of one version here
            yield Mistake(path, shown, f"something inside the block {block}", "correct it, or the block")
        elif markers is not None and network.overlaps(markers):
            remedy = f"keep out of {markers}"
            yield Mistake(path, shown, "nothing in the range of the capture markers", remedy)


def _addresses(testbeds: dict[str, dict[str, Any]]) -> Iterator[Mistake]:
    taken: dict[tuple[IpAddress, object], KeyPath] = {}
    hosts: dict[tuple[str, object], tuple[IpAddress, KeyPath]] = {}
    for path, address in _node_addresses(testbeds):
        node = testbeds[str(path[1])]["nodes"][path[3]]
        first = taken.setdefault((address, node.get("port")), path)
        if first is not path:
            expected = f"an address and port of its own: {spell(first[:-1])} has them"
            yield Mistake(path, f"{address} port {shorten(node.get('port'))}", expected, "change one of the two")
        known, owner = hosts.setdefault((str(path[1]), node.get("host")), (address, path))
        if known != address:
            expected = f"the address {known} that {spell(owner[:-1])} gives to the same host"
            yield Mistake(path, str(address), expected, "change the host or the address")


def _pools(testbeds: dict[str, dict[str, Any]]) -> Iterator[Mistake]:
    outermost: list[tuple[KeyPath, IpNetwork]] = []
    # Networks are disjoint or nested, and sort by address and then from wide to narrow.
    for path, pool in sorted(_all_pools(testbeds), key=lambda item: (item[1].version, item[1])):
        if outermost and pool.overlaps(outermost[-1][1]):
            expected = f"no address of {spell(outermost[-1][0])} ({outermost[-1][1]})"
            yield Mistake(path, str(pool), expected, "make the pools disjoint")
        else:
            outermost.append((path, pool))
    for node_path, address in _node_addresses(testbeds):
        index = bisect_right(outermost, _order(address), key=lambda item: _order(item[1].network_address)) - 1
        if index >= 0 and address in outermost[index][1]:
            path, pool = outermost[index]
            expected = f"an address outside {spell(path)} ({pool})"
            yield Mistake(node_path, str(address), expected, "move the node or the pool")


def _order(address: IpAddress) -> tuple[int, int]:
    return address.version, int(address)


_BESIDE_IMS = {
    NodeKind.AS: ("an application server", "no S-CSCF that could tell it of anything", "add the nodes"),
    NodeKind.PRESENCE: ("a presence server", "no S-CSCF that could send it anything", "add the nodes"),
    NodeKind.XDMS: ("an XDMS", "no subscribers whose documents it could keep", "add them"),
    NodeKind.SIP_PROXY: ("a SIP proxy", "no subscribers whom it could know", "add them"),
    NodeKind.ADAPTER: ("an adapter", "no P-CSCF that it could stand in front of", "add the nodes"),
    NodeKind.IBCF: ("a border", "nothing that it could hide", "add the nodes"),
}
"""Nodes that are of use in an IMS domain alone: what they are, what they lack without one, what to do about it."""


def _nodes(testbeds: dict[str, dict[str, Any]]) -> Iterator[Mistake]:
    for name, testbed in testbeds.items():
        nodes = testbed.get("nodes")
        if not isinstance(nodes, dict):
            continue
        path: KeyPath = ("testbeds", name, "nodes")
        missing = [kind for kind in IMS_NODES if kind not in nodes]
        if 0 < len(missing) < len(IMS_NODES):
            for kind in missing:
                yield Mistake((*path, kind.value), NOTHING, "a table with host, address and port", "add the node")
        elif missing and not nodes:
            expected = f"the nodes of an IMS domain ({', '.join(IMS_NODES)}), or a gateway to an access network"
            yield Mistake(path, "no nodes", expected, "add the nodes")
        elif missing and (alone := next((kind for kind in _BESIDE_IMS if kind in nodes), None)) is not None:
            what, lacks, advice = _BESIDE_IMS[alone]
            expected = f"{what} beside the nodes of an IMS domain ({', '.join(IMS_NODES)})"
            yield Mistake((*path, alone.value), lacks, expected, advice)
        elif missing and NodeKind.GATEWAY in nodes and testbed.get("subscribers"):
            expected = "none: a testbed without an IMS domain has no HSS that could know them"
            found = shorten(testbed["subscribers"])
            yield Mistake(("testbeds", name, "subscribers"), found, expected, "take them out or add the IMS nodes")


def _timers(data: dict[str, Any]) -> Iterator[Mistake]:
    written = data.get("timers")
    timers = written if isinstance(written, dict) else {}
    longest = timers.get("registration_s", Timers().registration_s)
    shortest = timers.get("minimum_registration_s", Timers().minimum_registration_s)
    if type(longest) is type(shortest) is int and shortest > longest:
        expected = f"at most {longest} as registration_s says"
        yield Mistake(("timers", "minimum_registration_s"), shorten(shortest), expected, "change one of the two")


def _unique(key: str, testbeds: dict[str, dict[str, Any]]) -> Iterator[Mistake]:
    owners: dict[str, str] = {}
    for name, testbed in testbeds.items():
        value = testbed.get(key)
        if isinstance(value, str) and owners.setdefault(value, name) != name:
            expected = f"a {key} of its own: testbed {owners[value]} has this one"
            yield Mistake(("testbeds", name, key), shorten(value), expected, "change one of the two")


def _identities(testbeds: dict[str, dict[str, Any]]) -> Iterator[Mistake]:
    owners: dict[tuple[str, str], KeyPath] = {}
    for path, kind, value in _all_identities(testbeds):
        scope = str(path[1]) if kind == "name" else kind
        first = owners.setdefault((scope, value), path)
        if first is not path and not (kind == "impus" and _one_user(testbeds, path, first)):
            expected = f"a value that nobody else has: it is {spell(first)} already"
            if kind == "impus" and path[:3] == first[:3] and path[3] != first[3]:
                expected += "; two devices of one user have the same impus in the same order"
            yield Mistake(path, shorten(value), expected, "change one of the two")
        domain = _domain(testbeds[str(path[1])].get("domain"))
        in_domain = kind == "name" or value.startswith("tel:") or "@" not in value
        if domain and not in_domain and value.rpartition("@")[2] != domain:
            yield Mistake(path, shorten(value), f"an identity of the domain {domain}", "correct what follows the @")


def _one_user(testbeds: dict[str, dict[str, Any]], path: KeyPath, first: KeyPath) -> bool:
    """Tell whether two subscribers are devices of one user: they have the same impus (3GPP TS 23.228 4.3.3.4)."""
    if path[1] != first[1] or path[3] == first[3]:
        return False
    subscribers = dict(_listed(testbeds[str(path[1])].get("subscribers")))
    one, other = (subscribers[int(place)]["impus"] for place in (path[3], first[3]))
    return one == other or not all(map(_is_impu, (*one, *other)))  # one that is none is reported already


def _operator_variants(testbeds: dict[str, dict[str, Any]]) -> Iterator[Mistake]:
    """Compare an op with the opc that it has to give: OPc = OP xor E[OP] with K (3GPP TS 35.206)."""
    for name, testbed in testbeds.items():
        for index, subscriber in _listed(testbed.get("subscribers")):
            given = [subscriber.get(key) for key in ("k", "op", "opc")]
            if any(value is STAND_IN for value in given):
                continue  # reported already
            try:
                k, op, opc = (_KEY128.validate_python(value).reveal() for value in given)
            except ValidationError:  # there is no op, or the schema reports it
                continue
            if opc_from_op(k, op) != opc:
                path: KeyPath = ("testbeds", name, "subscribers", index, "op")
                expected = "the OP whose encryption with k is opc (3GPP TS 35.206)"
                yield Mistake(path, "another one", expected, "correct it, or leave it out")


def _servers(testbeds: dict[str, dict[str, Any]]) -> Iterator[Mistake]:
    """Filter criteria that name no server mean the application server of the testbed."""
    for name, testbed in testbeds.items():
        if NodeKind.AS in _tables(testbed.get("nodes")):
            continue
        for index, subscriber in _listed(testbed.get("subscribers")):
            for place, criterion in _listed(subscriber.get("filter_criteria")):
                if "server" not in criterion:
                    path: KeyPath = ("testbeds", name, "subscribers", index, "filter_criteria", place, "server")
                    remedy = f"add the key, or testbeds.{name}.nodes.as"
                    yield Mistake(path, NOTHING, "the SIP URI of an application server", remedy)


def _strictness(testbeds: dict[str, dict[str, Any]]) -> Iterator[Mistake]:
    """A strictness other than the default is for a core of the harness: real servers are what they are."""
    for name, testbed in testbeds.items():
        found, core = testbed.get("strictness", Strictness.LENIENT), testbed.get("core", CoreKind.EMULATED)
        if found != Strictness.LENIENT and found in set(Strictness) and core != CoreKind.EMULATED:
            expected = f"none beside core {shorten(core)}: only an emulated core is told how to take deviations"
            yield Mistake(("testbeds", name, "strictness"), shorten(found), expected, "leave it out")


def _all_identities(testbeds: dict[str, dict[str, Any]]) -> Iterator[tuple[KeyPath, str, str]]:
    for name, testbed in testbeds.items():
        for index, subscriber in _listed(testbed.get("subscribers")):
            path: KeyPath = ("testbeds", name, "subscribers", index)
            for key in ("name", "impi"):
                if isinstance(subscriber.get(key), str):
                    yield (*path, key), key, subscriber[key]
            impus = subscriber.get("impus")
            for place, impu in enumerate(impus) if isinstance(impus, list) else ():
                if isinstance(impu, str):
                    yield (*path, "impus", place), "impus", impu


def _node_addresses(testbeds: dict[str, dict[str, Any]]) -> Iterator[tuple[KeyPath, IpAddress]]:
    for name, testbed in testbeds.items():
        for kind, node in _tables(testbed.get("nodes")).items():
            network = _network(node.get("address"))
            if network is not None and network.prefixlen == network.max_prefixlen:
                yield ("testbeds", name, "nodes", kind, "address"), network.network_address


def _all_pools(testbeds: dict[str, dict[str, Any]]) -> Iterator[tuple[KeyPath, IpNetwork]]:
    for name, testbed in testbeds.items():
        for index, access in _listed(testbed.get("access_networks")):
            pool = _network(access.get("pool"))
            if pool is not None:
                yield ("testbeds", name, "access_networks", index, "pool"), pool


def _tables(value: object) -> dict[str, dict[str, Any]]:
    return {k: v for k, v in value.items() if isinstance(v, dict)} if isinstance(value, dict) else {}


def _listed(value: object) -> list[tuple[int, dict[str, Any]]]:
    return [(i, v) for i, v in enumerate(value) if isinstance(v, dict)] if isinstance(value, list) else []


def _domain(value: object) -> str | None:
    try:
        return _DOMAIN.validate_python(value)
    except ValidationError:  # the schema reports it
        return None


def _is_impu(value: object) -> bool:
    try:
        _IMPU.validate_python(value)
    except ValidationError:
        return False
    return True


def _network(value: object) -> IpNetwork | None:
    try:
        return read_network(value)
    except ValueError:  # the schema reports it
        return None
