"""What RFC 3325 asks of the plain SIP proxy that asserts to a presence server who its users are (D2.2 3.3.1)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.criteria.model import Catalogue, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.passage import Way
from conformance.criteria.passwords import is_right, user_of
from conformance.criteria.presence import Publication, Watching
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Hop
from conformance.criteria.ts24229_event import worst_of
from conformance.criteria.values import (
    Digest,
    address,
    addresses,
    cite_address,
    cite_missing,
    cite_status,
    clip,
    digests,
    same_identity,
)
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import TERMINALS, Role

CATALOGUE = Catalogue()
KINDS = (Kind.PUBLICATION, Kind.WATCHING)
ASSERTED = "P-Asserted-Identity"
PROOF = "Proxy-Authorization"
NO_PROXY = "no request of a terminal went to a plain SIP proxy"


def _at_proxy(seen: Publication | Watching) -> Iterator[tuple[Way, Hop, SipMessage]]:
    """Yield the hops by which requests of terminals reach the proxy: way, hop, request."""
    for way in seen.asks:
        hop = way.hop_to(Role.SIP_PROXY)
        if hop is not None and hop.request is not None and hop.sender in TERMINALS:
            yield way, hop, hop.request


def _passed_on(way: Way) -> SipMessage | None:
    hop = way.hop_from(Role.SIP_PROXY)
    return None if hop is None else hop.request


def _proof(request: SipMessage) -> Digest | None:
    """Return the credentials of a request, None where it has none that answer a challenge."""
    return next((one for one in digests(request, PROOF) if one.value("response")), None)


@CATALOGUE.add(
    "PRES-30",
    "A SIP proxy asserts who has authenticated, and passes on no P-Asserted-Identity of a terminal.",
    source=("RFC 3325", "5"),
    node=Role.SIP_PROXY,
    points=(Point.ISC,),
    condition="a SIP proxy without IMS passes on a request of a terminal",
    kinds=KINDS,
)
def asserted(seen: Publication | Watching) -> Finding:
    """RFC 3325 5: what comes from a node that is not trusted is replaced by the authenticated identity, or removed."""
    expected = "an identity of who has authenticated, or no P-Asserted-Identity"
    parts = []
    for way, _, request in _at_proxy(seen):
        forwarded = _passed_on(way)
        if forwarded is None:
            continue
        found, claimed = addresses(forwarded, ASSERTED), addresses(request, ASSERTED)
        if not found:
            if claimed:
                parts.append(passed(expected, f"{ASSERTED} removed", cite_missing(forwarded, ASSERTED)))
            continue
        known = _identities(seen, request)
        several = sum(one.uri is not None and one.uri.scheme.startswith("sip") for one in found) > 1
        sender = address(request, "From")
        for one in found:
            cited = [cite_address(forwarded, ASSERTED, one)]
            uri = one.name_addr.uri
            theirs = next((two for two in claimed if same_identity(two.name_addr.uri, uri)), None)
            if theirs is not None:
                cited.append(cite_address(request, ASSERTED, theirs))
            if known and not any(same_identity(uri, own) for own in known):
                parts.append(failed(expected, f"{clip(uri, 60)}, which is no identity of the user", *cited))
            elif not known and theirs is not None and (sender is None or not same_identity(uri, sender.name_addr.uri)):
                # An identity that is claimed may be the user's all the same; but RFC 3325 9.1 has one SIP URI.
                verdict = failed if several else inconclusive
                parts.append(verdict(expected, f"{clip(uri, 60)}, as the terminal claims", *cited))
            elif not known and sender is None:
                parts.append(inconclusive(expected, "neither the user's identities nor From are known", *cited))
            else:
                parts.append(passed(expected, clip(uri), *cited))
    return worst_of(parts) or not_applicable(expected, NO_PROXY)


def _identities(seen: Publication | Watching, request: SipMessage) -> tuple[str, ...]:
    """Return the identities of the user whose name is in the credentials, empty where nobody knows them."""
    proof = _proof(request)
    user = None if proof is None else user_of(seen.facts, proof.value("username") or "")
    return () if user is None else tuple(user.impus)


@CATALOGUE.add(
    "PRES-31",
    "A SIP proxy authenticates a user before it asserts who he is.",
    source=("RFC 3325", "5"),
    node=Role.SIP_PROXY,
    points=(Point.GM,),
    condition="a terminal sends a request to a SIP proxy without IMS",
    kinds=KINDS,
)
def authenticated(seen: Publication | Watching) -> Finding:
    """RFC 3325 5: the originator is authenticated (RFC 3261 22.3); D2.2 3.3.1: nobody behind the proxy asks again."""
    expected = "407, or credentials that follow from the password, before an identity is asserted"
    parts = []
    for way, hop, request in _at_proxy(seen):
        forwarded, proof = _passed_on(way), _proof(request)
        right = None if proof is None else is_right(seen.facts, _params(proof), request.sip.method)
        found = () if forwarded is None else addresses(forwarded, ASSERTED)
        if forwarded is not None and found:
            cited = cite_address(forwarded, ASSERTED, found[0])
            who = clip(found[0].name_addr.uri, 60)
            if proof is None:
                parts.append(failed(expected, f"{who} asserted, no credentials", cite_missing(request, PROOF), cited))
            elif right is False:
                parts.append(failed(expected, f"{who} asserted, wrong response", *proof.cite("response"), cited))
            elif right is None:
                words = f"credentials, then {who} asserted; the password of the user is not known"
                parts.append(inconclusive(expected, words, *proof.cite("response"), cited))
            else:
                parts.append(passed(expected, f"credentials, then {who} asserted", *proof.cite("response"), cited))
        elif forwarded is None and hop.response is not None and hop.response.sip.status == 407 and right is not True:
            parts.append(passed(expected, "407, and the request goes no further", cite_status(hop.response)))
    return worst_of(parts) or not_applicable(expected, NO_PROXY)


def _params(digest: Digest) -> dict[str, str]:
    return {param.name.lower(): param.value for param in digest.credentials.params}
