"""Who resolves the domain of a callee (3GPP TS 24.229): the network that serves the caller."""

from __future__ import annotations

from conformance.criteria.call import Call
from conformance.criteria.call_values import TS24229
from conformance.criteria.model import Catalogue, Citation, Claim, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.phone_numbers import number_in
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Lookup
from conformance.criteria.values import in_domain, is_numeric
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()


@CATALOGUE.add(
    "DNS-05",
    "The domain of a callee in another network is looked up by the caller's S-CSCF, and not by his P-CSCF.",
    source=TS24229,
    node=Role.ORIG_PCSCF,
    points=(Point.DNS,),
    condition="the callee's domain is not the caller's, and DNS shows that it was looked up",
    kinds=(Kind.CALL,),
)
def who_asks(call: Call) -> Finding:
    """3GPP TS 24.229 (procedures at the S-CSCF): the P-CSCF follows the Route; D2.2 4.1 says it more simply.

    A P-CSCF also looks domains up for REGISTERs: what counts is what it asks between getting and sending the INVITE.
    """
    expected = "looked up by the caller's S-CSCF"
    domain, home = _host(_dialled(call)), call.facts.home or _host(call.subject)
    if not domain or is_numeric(domain) or not home or in_domain(domain, home) or in_domain(home, domain):
        return not_applicable(expected, "the callee's domain is the caller's, or the dialled URI names none")
    asked = [one for one in call.lookups if _about(one, domain)]
    got, sent = call.into(Role.ORIG_PCSCF), call.out_of(Role.ORIG_PCSCF)
    for one in asked:
        if one.asker is not Role.ORIG_PCSCF or got is None or got.request is None:
            continue
        begin = got.request.time_ns
        end = None if sent is None or sent.request is None else sent.request.time_ns
        if one.time_ns >= begin and (end is None or one.time_ns <= end):
            return failed(expected, f"{one.type} {domain} by the P-CSCF", _cite(one))
    by_scscf = [one for one in asked if one.asker is Role.ORIG_SCSCF or _by_the_border(call, one)]
    if by_scscf:
        return passed(expected, f"{by_scscf[0].type} {domain}", *(_cite(one) for one in by_scscf))
    if asked:
        return inconclusive(expected, "who looked the domain up in this call cannot be told")
    return not_applicable(expected, "the domain was not looked up (an answer may have been remembered)")


def _by_the_border(call: Call, lookup: Lookup) -> bool:
    """Tell whether the border of the caller's network asks, to which the S-CSCF left the rest of the way."""
    place = lookup.query.source if lookup.query is not None else None
    home = call.facts.networks.get(Role.ORIG_SCSCF)
    return lookup.asker is Role.IBCF and place is not None and call.facts.network_of(place.address) is home


def _dialled(call: Call) -> str:
    """Return the URI that names the callee's network: for a number what it was translated to."""
    if number_in(call.callee) is None:
        return call.callee
    return next((uri for uri in call.called if number_in(uri) is None), "")


def _host(uri: str) -> str:
    parsed = parse_uri(uri)
    return "" if parsed is None else parsed.host.lower().rstrip(".")


def _about(lookup: Lookup, domain: str) -> bool:
    return lookup.name == domain or (lookup.name.startswith("_") and lookup.name.endswith(f".{domain}"))


def _cite(lookup: Lookup) -> Citation:
    message = next(lookup.messages)
    return Citation(message, "question", 12, None, (Claim("dns.qry.name", (lookup.name[:80],)),))
