"""What presence authorisation rules (RFC 4745, RFC 5025) say of one watcher, as far as that can be told.

Where a condition is not understood here, or depends on what no capture shows, nothing is said unless it makes no
difference.
"""

from __future__ import annotations

from conformance.criteria.values import in_domain, same_identity
from conformance.criteria.xml_tree import Element, NotReadError, NotWellFormedError, read_xml
from conformance.trace.sip_values import parse_uri

POLICY = "urn:ietf:params:xml:ns:common-policy"
RULES = "urn:ietf:params:xml:ns:pres-rules"
HANDLING = ("block", "confirm", "polite-block", "allow")
"""Values of sub-handling in the order of their strength; what no rule permits is blocked (RFC 5025)."""


def decide(document: bytes, watcher: str) -> str | None:
    """Return how a subscription of a watcher is to be handled; the strongest of the rules that apply decides.

    Args:
        document: A rules document.
        watcher: Identity of the watcher, as the network asserts it.

    Returns:
        One of `HANDLING`; None where it cannot be told.
    """
    try:
        root = read_xml(document)
    except (NotReadError, NotWellFormedError):
        return None
    if root.name != f"{POLICY} ruleset":
        return None
    sure, possible = [0], [0]
    for rule in root.all(f"{POLICY} rule"):
        value = _handling(rule)
        applies = _applies(rule, watcher)
        if value is None or applies is False:
            continue
        possible.append(value)
        if applies:
            sure.append(value)
    return HANDLING[max(sure)] if max(sure) == max(possible) else None


def _handling(rule: Element) -> int | None:
    for actions in rule.all(f"{POLICY} actions"):
        for one in actions.all(f"{RULES} sub-handling"):
            if one.content in HANDLING:
                return HANDLING.index(one.content)
    return None


def _applies(rule: Element, watcher: str) -> bool | None:
    """Tell whether all conditions of a rule are met; None where that is not known."""
    found: bool | None = True
    for conditions in rule.all(f"{POLICY} conditions"):
        for one in conditions.children:
            met = _identity(one, watcher) if one.name == f"{POLICY} identity" else None
            if met is False:
                return False
            if met is None:
                found = None
    return found


def _identity(identity: Element, watcher: str) -> bool | None:
    answers = [_member(one, watcher) for one in identity.children]
    if any(answers):
        return True
    return None if None in answers else False


def _member(one: Element, watcher: str) -> bool | None:
    if one.name == f"{POLICY} one":
        return same_identity(one.attributes.get("id", ""), watcher)
    if one.name != f"{POLICY} many":
        return None
    parsed = parse_uri(watcher)
    host = "" if parsed is None else parsed.host
    domain = one.attributes.get("domain")
    if domain is not None and not same_domain(host, domain):
        return False
    for exception in one.all(f"{POLICY} except"):
        if "id" in exception.attributes and same_identity(exception.attributes["id"], watcher):
            return False
        if "domain" in exception.attributes and same_domain(host, exception.attributes["domain"]):
            return False
    return True


def same_domain(host: str, domain: str) -> bool:
    """Tell whether a host is a domain and not only in it."""
    return in_domain(host, domain) and in_domain(domain, host)
