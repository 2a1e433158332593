"""What 3GPP TS 24.229 asks of the nodes that bring a MESSAGE to its receiver: what it asks of them for an INVITE.

The checks are those of calls; what they say of the caller holds of the sender, what of the callee of the receiver.
"""

from __future__ import annotations

from conformance.criteria.call_values import TS24229
from conformance.criteria.model import Catalogue
from conformance.criteria.procedure import Kind
from conformance.criteria.ts24229_call_orig import asserted_identity, preferred_identity
from conformance.criteria.ts24229_call_term import terminating_scscf, unknown_callee, unregistered_callee
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
MESSAGE = (Kind.MESSAGE,)

CATALOGUE.add(
    "MSG-03",
    "The sender's P-CSCF puts in P-Asserted-Identity: a SIP URI, a tel URI or one of each, of the sender's registered "
    "identities.",
    source=("RFC 3325", "9.1"),
    node=Role.ORIG_PCSCF,
    points=(Point.MW, Point.IC),
    kinds=MESSAGE,
)(asserted_identity)

CATALOGUE.add(
    "MSG-07",
    "P-Preferred-Identity, where the sender gives it, is one of his registered identities, and no P-CSCF forwards it.",
    source=("RFC 3325", "9.2"),
    node=Role.ORIG_PCSCF,
    points=(Point.GM, Point.MW),
    condition="the MESSAGE of the sender has P-Preferred-Identity",
    kinds=MESSAGE,
)(preferred_identity)

CATALOGUE.add(
    "MSG-08",
    "The receiver's S-CSCF makes his registered contact the Request-URI and his stored Path the Route, and names the "
    "identity that the MESSAGE is for in P-Called-Party-ID.",
    source=TS24229,
    node=Role.TERM_SCSCF,
    points=(Point.MW, Point.IC),
    kinds=MESSAGE,
)(terminating_scscf)

CATALOGUE.add(
    "MSG-12",
    "Where the HSS does not know the receiver, the I-CSCF answers 404 (or 604).",
    source=TS24229,
    node=Role.TERM_ICSCF,
    points=(Point.CX,),
    condition="LIA with DIAMETER_ERROR_USER_UNKNOWN",
    kinds=MESSAGE,
)(unknown_callee)

CATALOGUE.add(
    "MSG-13",
    "A MESSAGE to somebody who is not registered and has no services then is answered 480 (or 404).",
    source=TS24229,
    node=Role.TERM_ICSCF,
    points=(Point.CX,),
    condition="LIA with DIAMETER_ERROR_IDENTITY_NOT_REGISTERED",
    kinds=MESSAGE,
)(unregistered_callee)
