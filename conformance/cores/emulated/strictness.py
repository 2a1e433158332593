"""How an emulated core takes a REGISTER that deviates: one table of decisions a strictness, each with its source.

`lenient` understands what can be understood. `strict` follows RFC 3261, RFC 3263, RFC 2617 and 3GPP TS 24.229 to the
letter. `openimscore` does what the Open IMS Core does by its published source (github.com/cp-george/OpenIMSCore, paths
below `ser_ims`). Nodes ask for decisions and never for a strictness.

What no strictness decides: a REGISTER without `Supported: path` is not refused. RFC 3327 5.2 has proxies ask for that
option before they add Path, but 3GPP TS 24.229 5.2.2 has a P-CSCF add Path and `Require: path` to every REGISTER, and
neither names 421; the Open IMS Core adds both, too (`P_add_path`, `P_add_require`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from sipmessage import URI

from conformance.vocabulary.errors import BadInput
from conformance.vocabulary.federation import CoreKind, Federation, NodeKind, Strictness


class Unusable(Enum):
    """What becomes of credentials that cannot be used."""

    REFUSED = auto()
    """400."""
    PASSED_OVER = auto()
    """As if they were not there: the user is derived from To."""


class OtherRealm(Enum):
    """What becomes of credentials that name another realm than the home network's, or an empty one."""

    TAKEN = auto()
    """Their user name counts all the same."""
    PASSED_OVER = auto()
    PASSED_OVER_IF_NAMED = auto()
    """Another realm is passed over; an empty one is an improper value, and refused."""


class NoName(Enum):
    """What becomes of credentials with an empty user name."""

    DERIVED = auto()
    """The user is derived from To."""
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Policy:
    """The decisions of one strictness."""

    follows_request_uri: bool
    """The P-CSCF finds the home network by the whole Request-URI; else by its host alone.

    RFC 3263 4.1 and 4.2: a transport parameter is obeyed, and where there is a port, no SRV record is asked for but the
    address of the host. In the Open IMS Core `route[REGISTER]` of `cfg/pcscf.cfg` ends in `t_relay()` on the
    Request-URI as it came. A domain without an address is then not found (504), one with an address is reached at a
    host that is no entry of the network.
    """
    domain_has_address: bool
    """The zone has an address for the domain itself.

    `cfg/open-ims.dnszone` has one. There all nodes live on one host, so that it leads with the P-CSCF's port back to
    the P-CSCF; where every node has an address of its own, as here, the P-CSCF's stands for that host. No standard asks
    for the record: RFC 3263 finds the domain by NAPTR and SRV.
    """
    spirals: bool
    """The P-CSCF sends to itself what its own address is the destination of, until Max-Forwards has run out: 483.

    `route[Sanity_Checks]` of `cfg/pcscf.cfg` looks at Max-Forwards and at nothing else; there is no loop detection.
    Else 482, as RFC 3261 16.3 item 4 allows.
    """
    unreadable: Unusable
    """An Authorization that does not follow its grammar.

    Refused: RFC 3261 21.4.1. The Open IMS Core passes it over: `cscf_get_private_identity` (`modules/icscf/sip.c`,
    `modules/scscf/sip.c`) goes on with the public identity where `find_credentials` fails.
    """
    by_grammar: bool
    """Credentials that are not as RFC 2617 3.2.2 and RFC 3261 22.4 have them are refused, though they can be read.

    That is: no username, realm, nonce, uri or response; quotation marks where there are none, none where there are
    some; a response that is neither empty nor 32 hexadecimal digits; no qop where the challenge had one (RFC 3261 22.4
    item 8). RFC 2617 3.2.2.5: where a directive is improper or a required one is missing, the proper answer is 400. A
    `uri` other than the Request-URI is no such case (RFC 3261 22.4 item 6).
    """
    other_realm: OtherRealm
    """Credentials that are not for the realm of the home network.

    RFC 3261 22.1: credentials are for one realm. An empty realm is taken for an improper value (RFC 2617 3.2.2.5;
    3GPP TS 24.229 5.1.1.2 has the terminal write its home network's domain): that is a choice, since no text is about
    this very case. The Open IMS Core passes over what `find_credentials` does not find for its own realm, which is the
    host of the Request-URI (I-CSCF, `cscf_get_realm_from_ruri`) or its configured domain (S-CSCF): the port does not
    matter there. Its fallback is that private identity which is the public one without scheme and parameters, and no
    IMPI of anybody unless the operator chose it so.
    """
    no_name: NoName
    """Credentials with an empty user name.

    3GPP TS 24.229 5.3.1.2 and 5.4.1.2.1 take the private identity from that field wherever there is an Authorization.
    An empty one is improper: 400. The Open IMS Core says 400, too (`I_UAR`, "Private Identity not found").
    """

    challenges_wrong_answers: bool
    """A wrong answer to a challenge is challenged again; else it is refused with 403.

    3GPP TS 24.229 5.4.1.2.3 has the S-CSCF answer 403. The Open IMS Core challenges whatever is not authorized
    (`cfg/scscf.cfg` route[REGISTER], `S_is_authorized` and `S_challenge`).
    """

    qop: str
    """What a challenge of IMS AKA offers (that of a password has what the HSS says).

    RFC 3261 22.4 item 8 has servers send qop. The Open IMS Core offers both kinds: its default `registration_qop` is
    `auth,auth-int` (`modules/scscf/mod.c`).
    """

    def way_home(self, request_uri: URI) -> URI:
        """Return the URI by which the P-CSCF finds the home network of a REGISTER."""
        return request_uri if self.follows_request_uri else URI(scheme=request_uri.scheme, host=request_uri.host)


LENIENT = Policy(
    follows_request_uri=False,
    domain_has_address=False,
    spirals=False,
    unreadable=Unusable.REFUSED,
    by_grammar=False,
    other_realm=OtherRealm.TAKEN,
    no_name=NoName.DERIVED,
    challenges_wrong_answers=False,
    qop="auth",
)
_POLICIES: Mapping[Strictness, Policy] = {
    Strictness.LENIENT: LENIENT,
    Strictness.STRICT: Policy(
        follows_request_uri=True,
        domain_has_address=False,
        spirals=False,
        unreadable=Unusable.REFUSED,
        by_grammar=True,
        other_realm=OtherRealm.PASSED_OVER_IF_NAMED,
        no_name=NoName.REFUSED,
        challenges_wrong_answers=False,
        qop="auth",
    ),
    Strictness.OPENIMSCORE: Policy(
        follows_request_uri=True,
        domain_has_address=True,
        spirals=True,
        unreadable=Unusable.PASSED_OVER,
        by_grammar=False,
        other_realm=OtherRealm.PASSED_OVER,
        no_name=NoName.REFUSED,
        challenges_wrong_answers=True,
        qop="auth,auth-int",
    ),
}


def policy_of(strictness: Strictness) -> Policy:
    """Return the decisions of a strictness."""
    return _POLICIES[strictness]


def altered_kinds(federation: Federation, testbed: str, strictness: Strictness) -> list[NodeKind]:
    """Return which nodes of a testbed have to be told of another strictness; none where it is as wanted.

    Raises:
        BadInput: there is no such testbed, or its core is none of the harness.
    """
    now = federation.testbeds.get(testbed)
    if now is None or not now.has_ims:
        known = ", ".join(one.name for one in federation.testbeds.values() if one.has_ims)
        raise BadInput(f"strictness of testbed {testbed!r}: expected one of {known}")
    if now.strictness is strictness:
        return []
    if now.core is not CoreKind.EMULATED:
        raise BadInput(
            f"strictness {strictness} for {testbed}: core {now.core} is as it is; only an emulated one can be told"
        )
    kinds = [NodeKind.PCSCF, NodeKind.ICSCF, NodeKind.SCSCF]
    if policy_of(now.strictness).domain_has_address != policy_of(strictness).domain_has_address:
        kinds.append(NodeKind.DNS)
    return kinds
