"""From the federation model to the files of a server: configurations as text, databases as SQL."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import jinja2

from conformance.cores.emulated.enum_zone import enum_delegations, enum_zones, numbers_of_user
from conformance.cores.emulated.xdms.digest import accounts_of
from conformance.cores.emulated.zone import Zone, delegation_of, root_zone, zone_of
from conformance.cores.kamailio.presence_database import client_files, database_url
from conformance.cores.kamailio.usages import USAGES
from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import XCAP_HOST, Federation, NodeKind, Subscriber, Testbed
from conformance.vocabulary.identifiers import uri_host

PRESENCE_ROLES: Mapping[NodeKind, str] = {NodeKind.PRESENCE: "presence", NodeKind.XDMS: "xdms"}
"""Likewise for what a testbed may have beside its CSCFs."""
ROLES: Mapping[NodeKind, str] = {NodeKind.PCSCF: "pcscf", NodeKind.ICSCF: "icscf", NodeKind.SCSCF: "scscf"}
"""Template of each role, without its ending."""
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_templates = jinja2.Environment(
    loader=jinja2.PackageLoader("conformance.cores.kamailio"),
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    autoescape=jinja2.select_autoescape(("xml.j2",)),
)


def cscf_files(federation: Federation, testbed: Testbed, kind: NodeKind, modules: str) -> dict[str, str]:
    """Return the files of a CSCF by name: `kamailio.cfg`, and `cdp.xml` where it asks the HSS.

    Args:
        federation: says the timers.
        testbed: its own testbed.
        kind: which CSCF.
        modules: folder of Kamailio's modules.

    Raises:
        BadInput: the testbed's P-Visited-Network-ID cannot be written into a configuration of Kamailio.
    """
    hss = testbed.node(NodeKind.HSS)
    values = {
        **_common(federation, testbed, kind, modules),
        "hss": testbed.fqdn(NodeKind.HSS),
        "hss_port": hss.port,
        "cx_timeout_s": math.ceil(federation.timers.cx_answer_ms / 1000),
        "visited_network_id": _network_id(testbed),
        "numbered": [_numbered(user) for user in testbed.subscribers if numbers_of_user(user)],
        "adapter": testbed.nodes[NodeKind.ADAPTER].address if NodeKind.ADAPTER in testbed.nodes else None,
        "access_networks": [access.pool for other in federation.testbeds.values() for access in other.access_networks],
    }
    files = {"kamailio.cfg": _configuration(ROLES[kind], values)}
    if kind in (NodeKind.ICSCF, NodeKind.SCSCF):
        files["cdp.xml"] = _templates.get_template("cdp.xml.j2").render(values)
    return files


class Inside(NamedTuple):
    """Ports of 127.0.0.1 by which an XDMS and its node speak with each other."""

    changes: int
    """Where the node takes whose rules have changed."""
    http: int
    """Where the XDMS takes what came inside TLS."""


def presence_files(
    federation: Federation, testbed: Testbed, kind: NodeKind, modules: str, inside: Inside | None = None
) -> dict[str, str]:
    """Return the files of a presence server or an XDMS by name: `kamailio.cfg`, and how its database is found.

    Args:
        federation: says the timers.
        testbed: its own testbed.
        kind: which of the two.
        modules: folder of Kamailio's modules.
        inside: of an XDMS: its ports at 127.0.0.1.
    """
    scscf, xdms = testbed.node(NodeKind.SCSCF), testbed.nodes.get(NodeKind.XDMS)
    capabilities = _templates.get_template("capabilities.xml.j2").render(usages=USAGES).strip()
    values = {
        **_common(federation, testbed, kind, modules),
        "database": database_url(testbed),
        "scscf": testbed.uri(NodeKind.SCSCF),
        "trusted": [
            testbed.node(kind).address for kind in (NodeKind.SCSCF, NodeKind.SIP_PROXY) if kind in testbed.nodes
        ],
        "scscf_place": f"{testbed.fqdn(NodeKind.SCSCF)}:{scscf.port}",
        "xcap_hosts": [testbed.fqdn(NodeKind.XDMS), f"{XCAP_HOST}.{testbed.domain}"] if xdms is not None else [],
        "all_usages": USAGES,
        "usages": [usage.replace(".", "[.]") for usage in USAGES],
        "capabilities": capabilities,
        "capabilities_tag": hashlib.sha256(capabilities.encode()).hexdigest()[:16],
        "inside": inside or Inside(0, 0),
    }
    return {"kamailio.cfg": _configuration(PRESENCE_ROLES[kind], values), **client_files(testbed)}


def proxy_files(federation: Federation, testbed: Testbed, modules: str) -> dict[str, str]:
    """Return the files of a plain SIP proxy by name: `kamailio.cfg`, which has H(A1) of its users.

    Args:
        federation: says the timers.
        testbed: its own testbed.
        modules: folder of Kamailio's modules.
    """
    values = {
        **_common(federation, testbed, NodeKind.SIP_PROXY, modules),
        "accounts": sorted(accounts_of(testbed.subscribers, testbed.domain).items()),
        "presence": testbed.nodes.get(NodeKind.PRESENCE),
        "presence_uri": testbed.uri(NodeKind.PRESENCE) if NodeKind.PRESENCE in testbed.nodes else "",
    }
    return {"kamailio.cfg": _configuration("sip_proxy", values)}


def _configuration(role: str, values: Mapping[str, object]) -> str:
    return _templates.get_template(f"{role}.cfg.j2").render(values).lstrip()


def _common(federation: Federation, testbed: Testbed, kind: NodeKind, modules: str) -> dict[str, object]:
    """Return what every template knows."""
    return {
        "role": str(kind),
        "testbed": testbed,
        "node": testbed.node(kind),
        "address": uri_host(testbed.node(kind).address),
        "fqdn": testbed.fqdn(kind),
        "uri": testbed.uri(kind),
        "timers": federation.timers,
        "modules": modules,
    }


def dns_files(federation: Federation, testbed: Testbed, port: int) -> dict[str, str]:
    """Return the files of BIND by name: its configuration, its zone, those of its numbers, and a root.

    The root delegates every partner, and every number of one.

    Args:
        federation: says who the partners are.
        testbed: its own testbed.
        port: port of 127.0.0.1 where it takes queries.
    """
    numbers = enum_zones(testbed)
    files = {f"number-{place}.zone": _zone_text(zone) for place, zone in enumerate(numbers)}
    values = {
        "testbed": testbed,
        "node": testbed.node(NodeKind.DNS),
        "port": port,
        "numbers": [zone.apex.to_text(omit_final_dot=True) for zone in numbers],
    }
    root = [records.to_text() for records in root_zone(testbed).records]
    # The root itself names the server of its zone, so every server's address stands in it as glue.
    for other in federation.testbeds.values():
        if NodeKind.DNS in other.nodes:
            root += [records.to_text() for records in (*delegation_of(other), *enum_delegations(other))]
    return {
        **files,
        "named.conf": _templates.get_template("named.conf.j2").render(values),
        "root.zone": "\n".join(dict.fromkeys(root)) + "\n",
        "own.zone": _zone_text(zone_of(testbed)),
    }


def _zone_text(zone: Zone) -> str:
    return "\n".join(records.to_text() for records in zone.records) + "\n"


def _numbered(user: Subscriber) -> dict[str, object]:
    """Return a user who has a telephone number: the number, the SIP URI that it leads to, all SIP URIs as patterns."""
    number, default = next(iter(numbers_of_user(user)))
    return {
        "number": number,
        "default": default,
        "identities": [re.sub(r"[^\w:@-]", ".", impu) for impu in user.impus if impu.startswith("sip:")],
    }


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write the files below a folder."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _network_id(testbed: Testbed) -> str:
    text = testbed.visited_network_id
    if re.search(r'["\\$#]', text):
        raise BadInput(
            f"testbeds.{testbed.name}.visited_network_id: found {text!r}, which Kamailio's configuration cannot hold; "
            'choose one without " \\ $ and #, or let the testbed be emulated'
        )
    return text if _TOKEN.fullmatch(text) else f'\\"{text}\\"'
