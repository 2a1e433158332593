"""The federation model: testbeds, nodes, access networks, subscribers, features and timers.

Passive data. `conformance.federation` reads it from TOML, resolves secrets and words the complaints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Annotated, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, StringConstraints, model_validator

from conformance.vocabulary.filter_criteria import Case, FilterCriterion
from conformance.vocabulary.identifiers import IpAddress, IpNetwork
from conformance.vocabulary.secrets import Secret

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Domain = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", max_length=253)
]
Impi = Annotated[str, StringConstraints(pattern=r"^[^@\s\"<>]+@[^@\s\"<>]+$", max_length=255)]
Impu = Annotated[str, StringConstraints(pattern=r"^(sip:[^@\s\"<>]+@[^@\s\"<>]+|tel:\+?[0-9.-]+)$", max_length=255)]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
Milliseconds = Annotated[int, Field(strict=True, ge=1, le=3_600_000)]
Seconds = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]


def _text(value: object) -> str:
    """Refuse what the ipaddress types would take for an address: numbers, bytes, tuples; and the zone of RFC 4007."""
    if not isinstance(value, str | IpAddress | IpNetwork) or "%" in str(value):
        raise ValueError("expected a text")
    return str(value)


def read_address(value: object) -> IpAddress:
    """Return an address; ValueError where it is none."""
    return ip_address(_text(value))


def read_network(value: object) -> IpNetwork:
    """Return a network; ValueError where it is none."""
    return ip_network(_text(value))


Address = Annotated[IpAddress, PlainValidator(read_address)]
Network = Annotated[IpNetwork, PlainValidator(read_network)]
_ADDRESSES_A_POOL = 1 << 20
"""So many addresses of an IPv6 pool have tunnel identifiers."""


def _as_secret(value: object) -> object:
    if isinstance(value, str):
        return Secret(value.encode())
    return value


def _key16(value: object) -> object:
    """Accept 32 hexadecimal digits as 16 octets (K, OPc)."""
    if isinstance(value, Secret):
        text = value.reveal().decode("latin-1").strip()
        if re.fullmatch(r"[0-9A-Fa-f]{32}", text):
            return Secret(bytes.fromhex(text))
        raise ValueError("expected 32 hexadecimal digits")
    return value


Password = Annotated[Secret, BeforeValidator(_as_secret)]
Key128 = Annotated[Secret, BeforeValidator(_key16), BeforeValidator(_as_secret)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class NodeKind(StrEnum):
    """Functions that a testbed may run."""

    PCSCF = "p-cscf"
    ICSCF = "i-cscf"
    SCSCF = "s-cscf"
    HSS = "hss"
    DNS = "dns"
    IBCF = "ibcf"
    """Entry and exit point of a network that hides its topology (3GPP TS 24.229 5.10)."""
    AS = "as"
    """Application server; a testbed that has one tells it of every registration (3GPP TS 24.229 5.4.1.7)."""
    PRESENCE = "presence"
    """Presence server: an application server for PUBLISH and SUBSCRIBE (3GPP TS 24.141)."""
    XDMS = "xdms"
    """XML document management server: XCAP over HTTP, and over HTTPS at `XCAP_TLS_PORT` (3GPP TS 24.141, RFC 4825)."""
    SIP_PROXY = "sip-proxy"
    """Plain SIP proxy with a registrar of its own, in front of the presence server: presence without IMS."""
    ADAPTER = "adapter"
    """SIP proxy in front of the P-CSCF: makes a REGISTER that deviates one which a core reads (D2.2 3.1)."""
    GATEWAY = "gateway"
    """GTP-U: serving gateway of visiting terminals, and gateway (GGSN, PGW) of the own subscribers who are away."""


XCAP_TLS_PORT = 8443
"""Where an XDMS serves XCAP over HTTPS."""
XDMS_SIP_PORT = 5060
"""Where an XDMS takes subscriptions to changes of its documents (RFC 5875)."""
XCAP_HOST = "xcap"
"""First label of the name by which users know an XDMS: `xcap.uc3m.netlab.test` (D2.2 3.3.3.2)."""

IMS_NODES = (NodeKind.PCSCF, NodeKind.ICSCF, NodeKind.SCSCF, NodeKind.HSS, NodeKind.DNS)
"""What an IMS domain is made of: a testbed has all of them, or none and is an access network only."""


class CoreKind(StrEnum):
    """Software that plays the core of an IMS testbed."""

    EMULATED = "emulated"
    KAMAILIO = "kamailio"
    """CSCFs, presence server and XDMS are Kamailio, DNS is BIND; HSS, application server and gateway stay emulated."""


class Strictness(StrEnum):
    """How an emulated core takes a REGISTER that deviates from the standards."""

    LENIENT = "lenient"
    """What can be understood is understood."""
    STRICT = "strict"
    """To the letter of RFC 3261 and 3GPP TS 24.229."""
    OPENIMSCORE = "openimscore"
    """As the Open IMS Core of Fraunhofer FOKUS, by its published source."""


class DatabaseKind(StrEnum):
    """What an HSS keeps its subscribers in."""

    SQLITE = "sqlite"
    MARIADB = "mariadb"


class AccessSecurity(StrEnum):
    """ICS item: how a terminal's signalling is protected on Gm."""

    NONE = "none"
    DIGEST = "digest"
    IPSEC_3GPP = "ipsec-3gpp"
    TLS = "tls"


class Interconnect(StrEnum):
    """How the partners' networks reach each other, where the fabric has networks."""

    VPN = "vpn"
    """Through an OpenVPN that they all join: what NetLab was built with."""
    ROUTED = "routed"
    """By plain routing between them: the second phase of the project."""


class Node(_Model):
    """One running function."""

    host: Name
    """First label; the full name is `host.domain`."""
    address: Address
    port: Port


class AccessNetwork(_Model):
    """Where terminals attach: addresses are taken from the pool."""

    name: Name
    type: str = Field(pattern=r"^[A-Za-z0-9.-]+$")
    """Access type as in P-Access-Network-Info: `IEEE-802.11b`, `3GPP-UTRAN-FDD`."""
    pool: Network


TOPOLOGY_HIDING = "topology-hiding"
"""ICS item: 3GPP TS 24.229 5.10.4."""
XCAP_NAT = "xcap-nat"
"""ICS item: from outside, the XDMS is reached by ports of the P-CSCF (D2.2 3.3.3.2)."""


class Features(_Model):
    """ICS: what the testbed declares to support. What is not declared is NOT_APPLICABLE, never FAIL."""

    access_security: AccessSecurity = AccessSecurity.NONE
    ics: frozenset[Name] = frozenset()

    @property
    def hides_topology(self) -> bool:
        """Whether the network shows others tokens instead of its nodes (ICS item `topology-hiding`)."""
        return TOPOLOGY_HIDING in self.ics


class Subscriber(_Model):
    """A private identity, its public identities and its credentials.

    Two subscribers with the same public identities are two devices of one user.
    """

    name: Name
    impi: Impi
    impus: tuple[Impu, ...] = Field(min_length=1)
    """First: the default public user identity."""
    k: Key128 | None = None
    opc: Key128 | None = None
    op: Key128 | None = None
    """Operator variant before it is encrypted with K; only for programs that compute OPc themselves."""
    amf: Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{4}$")] = "8000"
    password: Password | None = None
    xcap_password: Password | None = None
    """For HTTP digest at the XDMS, with impi as user name; None: `password`, and without that one no access by it."""
    roaming: Annotated[bool, Field(strict=True)] = True
    """False: the home network forbids registration through a visited access point."""
    filter_criteria: tuple[FilterCriterion, ...] = ()
    """Which of its requests pass application servers; that these are told of registrations is not asked for here."""

    @model_validator(mode="after")
    def _one_kind_of_credentials(self) -> Subscriber:
        if self.password is not None and (self.k is not None or self.opc is not None):
            raise ValueError("expected either k and opc (AKA) or password (MD5), found both")
        if self.password is not None and self.op is not None:
            raise ValueError("expected op beside k and opc (AKA), found it beside password (MD5)")
        if self.password is None and (self.k is None or self.opc is None):
            raise ValueError("expected k and opc (AKA), or password (MD5)")
        return self

    @property
    def uses_aka(self) -> bool:
        """True for AKAv1-MD5, False for a password."""
        return self.k is not None

    def services(self, method: str, case: Case) -> tuple[FilterCriterion, ...]:
        """Return the filter criteria that are about a method on a side."""
        return tuple(one for one in self.filter_criteria if one.concerns(method, case))


class Timers(_Model):
    """Every timer of a run, in one table. SIP names are those of RFC 3261 table 4 and 3GPP TS 24.229."""

    t1_ms: Milliseconds = 500
    t2_ms: Milliseconds = 4_000
    t4_ms: Milliseconds = 5_000
    gm_t1_ms: Milliseconds = 2_000
    gm_t2_ms: Milliseconds = 16_000
    gm_t4_ms: Milliseconds = 17_000
    cx_answer_ms: Milliseconds = 5_000
    """How long a CSCF waits for an answer of the HSS."""
    as_answer_ms: Milliseconds = 2_000
    """How long an S-CSCF waits for the first sign of an application server (3GPP TS 24.229 5.4.3)."""
    watchdog_ms: Milliseconds = 30_000
    """Tw of RFC 3539."""
    registration_s: Seconds = 3600
    """Longest registration that the registrar grants."""
    minimum_registration_s: Seconds = 60
    """Shortest registration that the registrar grants: a shorter one (not 0) is answered with 423 and Min-Expires."""
    publication_s: Seconds = 3600
    """Longest publication of presence that the presence server grants (RFC 3903 6)."""
    minimum_publication_s: Seconds = 60
    """Shortest one: a shorter one (not 0) is answered with 423 and Min-Expires."""
    ready_ms: Milliseconds = 10_000
    """How long a node may take to become ready."""
    proceeding_s: Seconds = 181
    """Timer C: how long an INVITE may ring until a proxy gives it up (RFC 3261 16.6 item 11: more than 3 minutes)."""
    session_s: Seconds = 90
    """Session interval that terminals ask for where a test case has a session timer: the least of RFC 4028."""
    minimum_session_s: Seconds = 90
    """Shortest session interval that nodes and terminals accept: a shorter one is answered with 422 and Min-SE."""
    network_session_s: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] = 0
    """Session interval that an S-CSCF asks for where the caller asks for none (RFC 4028 8.1); 0: it does not."""
    procedure_ms: Milliseconds = 10_000
    """How long a terminal waits for the end of a procedure."""


class Testbed(_Model):
    """One partner's IMS network."""

    __test__ = False  # the name begins like a pytest class

    name: Name
    operator: str = Field(min_length=1, max_length=120)
    domain: Domain
    release: int = Field(strict=True, ge=5, le=18)
    """3GPP release that the network follows."""
    visited_network_id: str = Field(min_length=1, max_length=255, pattern=r"^[!-~]+$")
    core: CoreKind = CoreKind.EMULATED
    strictness: Strictness = Strictness.LENIENT
    """Of an emulated core; a real one is what it is."""
    database: DatabaseKind | None = None
    """None: MariaDB beside Kamailio, else SQLite."""
    nodes: dict[NodeKind, Node]
    access_networks: tuple[AccessNetwork, ...] = Field(min_length=1)
    features: Features = Features()
    subscribers: tuple[Subscriber, ...] = ()

    @property
    def kept_in(self) -> DatabaseKind:
        """What the HSS keeps its subscribers in."""
        if self.database is not None:
            return self.database
        return DatabaseKind.MARIADB if self.core is CoreKind.KAMAILIO else DatabaseKind.SQLITE

    @property
    def has_ims(self) -> bool:
        """True for an IMS domain, False for an access network only."""
        return all(kind in self.nodes for kind in IMS_NODES)

    @property
    def has_gateway(self) -> bool:
        """True where terminals may use the home access point: from here, or of this home network."""
        return NodeKind.GATEWAY in self.nodes

    def node(self, kind: NodeKind) -> Node:
        """Return the node of that kind; KeyError where the testbed has none."""
        return self.nodes[kind]

    def fqdn(self, kind: NodeKind) -> str:
        """Return the full host name of a node: `scscf.uc3m.netlab.test`."""
        return f"{self.nodes[kind].host}.{self.domain}"

    def uri(self, kind: NodeKind) -> str:
        """Return the SIP URI of a node with its port: `sip:scscf.uc3m.netlab.test:6060`."""
        return f"sip:{self.fqdn(kind)}:{self.nodes[kind].port}"

    @property
    def translates_xcap(self) -> bool:
        """Whether the emulated P-CSCF passes connections on to the XDMS, and the own DNS sends others there."""
        declared = XCAP_NAT in self.features.ics and NodeKind.XDMS in self.nodes
        return declared and self.core is CoreKind.EMULATED

    def xcap_root(self, *, secure: bool = False) -> str:
        """Return the XCAP root of the testbed's XDMS as its own servers know it: `http://xdms.uc3m...:8080/xcap-root`."""
        scheme, port = ("https", XCAP_TLS_PORT) if secure else ("http", self.nodes[NodeKind.XDMS].port)
        return f"{scheme}://{self.fqdn(NodeKind.XDMS)}:{port}/xcap-root"

    @property
    def users(self) -> tuple[Subscriber, ...]:
        """The subscribers, of each user the first device alone."""
        first = {subscriber.impus: subscriber for subscriber in reversed(self.subscribers)}
        return tuple(subscriber for subscriber in self.subscribers if first[subscriber.impus] is subscriber)

    def other_devices(self, subscriber: Subscriber) -> tuple[Subscriber, ...]:
        """Return the other devices of a user: subscribers with the same public identities."""
        return tuple(one for one in self.subscribers if one.impus == subscriber.impus and one.name != subscriber.name)

    def subscriber(self, name: str) -> Subscriber:
        """Return the subscriber of that name; KeyError where there is none."""
        for subscriber in self.subscribers:
            if subscriber.name == name:
                return subscriber
        raise KeyError(name)


class TunnelIds(NamedTuple):
    """Tunnel endpoint identifiers of one terminal at its home access point (3GPP TS 29.281 5.1).

    Each is the same on both sections of the way: access network to visited gateway, and between the gateways.
    """

    uplink: int
    """In packets towards the home network."""
    downlink: int
    """In packets towards the terminal."""


class Federation(_Model):
    """All testbeds that are joined."""

    name: Name
    block: Network
    """All addresses of the federation lie in it, and are IPv4 or IPv6 as it is; a parallel worker shifts the whole."""
    interconnect: Interconnect = Interconnect.VPN
    timers: Timers = Timers()
    testbeds: dict[Name, Testbed]

    def is_terminal(self, address: str) -> bool:
        """Tell whether an address, also as a URI has it, lies in an access network: there are terminals, no servers."""
        try:
            place = ip_address(address.strip("[]"))
        except ValueError:
            return False
        return self.pool_owner(place) is not None

    def is_server(self, address: str) -> bool:
        """Tell whether a node of a joined network may have an address: inside the block, and no terminal's."""
        place = ip_address(address)
        pools = [network.pool for testbed in self.testbeds.values() for network in testbed.access_networks]
        return place in self.block and not any(place in pool for pool in pools)

    def played_by(self, core: CoreKind | None) -> Federation:
        """Return the federation with every IMS testbed played by that core; None leaves each as the file says.

        An access network without IMS has nothing that another core could play.
        """
        if core is None:
            return self
        testbeds = {
            name: testbed.model_copy(update={"core": core if testbed.has_ims else CoreKind.EMULATED})
            for name, testbed in self.testbeds.items()
        }
        return self.model_copy(update={"testbeds": testbeds})

    def taken(self, strictness: Mapping[str, Strictness]) -> Federation:
        """Return the federation with another strictness of some testbeds, by their names."""
        changed = {name: self.testbeds[name].model_copy(update={"strictness": how}) for name, how in strictness.items()}
        return self.model_copy(update={"testbeds": {**self.testbeds, **changed}})

    @property
    def ip_version(self) -> int:
        """4 or 6."""
        return self.block.version

    def tunnel_ids(self, home_address: IpAddress) -> TunnelIds:
        """Return the GTP-U identifiers of the terminal with that address of its home network.

        There is no control plane that would negotiate them: every gateway of the federation computes the same ones.

        Raises:
            ValueError: the address is not in the federation's block; IPv6: nor among the first of a pool.
        """
        if home_address not in self.block:
            raise ValueError(f"expected an address in {self.block}, found {home_address}")
        for first, network, count in self._numbered():
            offset = int(home_address) - int(network.network_address)
            if 0 <= offset < count:
                return TunnelIds(2 * (first + offset), 2 * (first + offset) + 1)
        raise ValueError(f"expected one of the first {_ADDRESSES_A_POOL} addresses of a pool, found {home_address}")

    def tunnel_owner(self, teid: int) -> IpAddress | None:
        """Return the home address that an identifier belongs to, None where there is none."""
        number = teid // 2
        for first, network, count in self._numbered():
            if first <= number < first + count:
                return network[number - first]
        return None

    def _numbered(self) -> Iterator[tuple[int, IpNetwork, int]]:
        """Yield what has tunnel identifiers, which have 32 bits: number of its first address, network, how many.

        Of IPv4 that is the block as a whole. A block of IPv6 has too many addresses: there each pool has a range.
        """
        if self.ip_version == 4:
            yield 0, self.block, self.block.num_addresses
            return
        pools = [access.pool for testbed in self.testbeds.values() for access in testbed.access_networks]
        for index, pool in enumerate(pools):
            yield index * _ADDRESSES_A_POOL, pool, min(pool.num_addresses, _ADDRESSES_A_POOL)

    def pool_owner(self, address: IpAddress) -> Testbed | None:
        """Return the testbed that gives the address to its terminals, None where none does."""
        for testbed in self.testbeds.values():
            if any(address in access.pool for access in testbed.access_networks):
                return testbed
        return None
