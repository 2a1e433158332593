"""How a telephone number becomes the SIP URI of who has it: ENUM (RFC 6116, RFC 3764), asked by the caller's S-CSCF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from conformance.criteria.call import Call
from conformance.criteria.model import (
    Catalogue,
    Citation,
    Claim,
    Finding,
    failed,
    inconclusive,
    not_applicable,
    passed,
    unreached,
)
from conformance.criteria.phone_numbers import digits_of_name, enum_name, is_meant_for, number_in
from conformance.criteria.procedure import Kind
from conformance.criteria.registration import Lookup
from conformance.criteria.rfc3263 import NOT_CAPTURED
from conformance.criteria.values import cite_request_uri, clip, in_domain
from conformance.trace.model import DnsMessage, DnsRecord
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
_REFERENCE = re.compile(r"\\[0-9]")
_SIP_SERVICE = re.compile(r"e2u\+([a-z0-9:+-]*[:+])?sip([:+].*)?", re.IGNORECASE)
_MOST_REFERENCES = 2
_LONGEST = 256


class _Rule(NamedTuple):
    """One NAPTR record of a number that leads to a SIP URI."""

    message: DnsMessage
    record: DnsRecord
    replacement: str
    """What its regexp puts in place of the number."""

    @property
    def is_right(self) -> bool:
        """Whether flag and service are those of ENUM; a service of another kind may lead to a SIP URI, too."""
        return self.flags.lower() == "u" and self.service.lower().startswith("e2u+")

    @property
    def counts(self) -> bool:
        """Whether it is one for calls by SIP."""
        return self.is_right and _SIP_SERVICE.fullmatch(self.service) is not None

    @property
    def flags(self) -> str:
        return self.record.fields.get("flags", "")

    @property
    def service(self) -> str:
        return self.record.fields.get("service", "")

    def gives(self, uri: str) -> bool:
        """Tell whether a URI may be what the rule makes of the number; parameters that were added do not count."""
        if len(_REFERENCE.findall(self.replacement)) > _MOST_REFERENCES or len(uri) > _LONGEST:
            return True  # nobody has to find that out
        parts = [re.escape(_plain(part)) for part in _REFERENCE.split(_without_parameters(self.replacement))]
        return re.fullmatch("[0-9+]*".join(parts), _plain(_without_parameters(uri))) is not None


@CATALOGUE.add(
    "DNS-07",
    "A telephone number that is dialled is looked up in ENUM by the caller's S-CSCF, under the name that its digits "
    "give; what leads to a SIP URI there has service E2U+sip and flag u, and that URI becomes the Request-URI.",
    source=("RFC 6116", None),
    node=Role.ORIG_SCSCF,
    points=(Point.DNS,),
    condition="the caller dials a global number, as a tel URI or before the domain of his own network, and DNS shows a "
    "query for it",
    kinds=(Kind.CALL,),
)
def enum(call: Call) -> Finding:
    """RFC 6116 and RFC 3764; 3GPP TS 24.229 (procedures at the S-CSCF): the S-CSCF translates the number."""
    number = _number(call)
    if number is None:
        return not_applicable("", "no telephone number was dialled that the caller's network has to look up")
    name = enum_name(number)
    expected = f"NAPTR {name} by the caller's S-CSCF, its SIP URI as Request-URI"
    if not call.sees(Point.DNS):
        return inconclusive(expected, NOT_CAPTURED)
    asked = [one for one in call.lookups if one.type == "NAPTR" and digits_of_name(one.name) == number[1:]]
    wrong = [one for one in call.lookups if one.type == "NAPTR" and is_meant_for(one.name, number)]
    for one in (*asked, *wrong):
        if one.asker is Role.ORIG_PCSCF and _had_it(call, Role.ORIG_PCSCF, one):
            return failed(expected, f"NAPTR {clip(one.name)} by the P-CSCF", _cite(one), node=Role.ORIG_PCSCF)
    own = [one for one in asked if one.asker is Role.ORIG_SCSCF]
    if not asked:
        for one in wrong:
            if one.asker is Role.ORIG_SCSCF and _had_it(call, Role.ORIG_SCSCF, one):
                return failed(expected, f"NAPTR {clip(one.name)}", _cite(one))
        return not_applicable(
            expected, "it was not looked up in ENUM (it may have been remembered, or asked elsewhere)"
        )
    if not own:
        return inconclusive(expected, "who looked the number up in this call cannot be told")
    if all(one.response is None for one in own):
        return inconclusive(expected, "no answer of DNS was captured")
    return _used(call, expected, own)


def _used(call: Call, expected: str, own: list[Lookup]) -> Finding:
    """Look at what ENUM answers, and at what the S-CSCF makes of it."""
    cited = [_cite(one) for one in own]
    rules = [rule for one in own for rule in _rules(one)]
    for rule in rules:
        if not rule.is_right:
            shown = f'flags "{clip(rule.flags, 20)}", service "{clip(rule.service, 40)}"'
            server = next(one.server for one in own if one.response is rule.message)
            return failed('flags "u", service E2U+sip', shown, _cite_service(rule), node=server)
    useful = [rule for rule in rules if rule.counts]
    if not useful:
        return passed(expected, "looked up; ENUM has no SIP URI for it", *cited)
    sent = call.out_of(Role.ORIG_SCSCF)
    if sent is None or sent.request is None:
        return unreached(expected, "no INVITE behind the caller's S-CSCF was captured")
    uri = sent.request.sip.request_uri
    if not any(rule.gives(uri) for rule in useful):
        wanted = f"Request-URI {clip(useful[0].replacement)}"
        return failed(wanted, clip(uri), cite_request_uri(sent.request), *map(_cite_service, useful[:1]))
    return passed(expected, clip(uri), *cited, cite_request_uri(sent.request))


def _number(call: Call) -> str | None:
    """Return the number that the caller's S-CSCF has to find: as it got it last, from an application server maybe."""
    got = [hop.request for hop in call.invite.hops if hop.receiver is Role.ORIG_SCSCF and hop.request is not None]
    dialled = got[-1].sip.request_uri if got else call.callee
    uri, number = parse_uri(dialled), number_in(dialled)
    if uri is None or number is None or "rn" in uri.params or ";rn=" in uri.user.lower():
        return None  # of a number that was ported, the routing number is what is looked at
    if uri.scheme == "tel":
        return number
    home = call.facts.home or _host(call.subject)
    return number if home and in_domain(uri.host.lower(), home) else None


def _had_it(call: Call, role: Role, lookup: Lookup) -> bool:
    """Tell whether a node had the INVITE, and had not sent it on yet, when it asked."""
    got, sent = call.into(role), call.out_of(role)
    if got is None or got.request is None or lookup.time_ns < got.request.time_ns:
        return False
    return sent is None or sent.request is None or lookup.time_ns <= sent.request.time_ns


def _rules(lookup: Lookup) -> Iterator[_Rule]:
    for record in () if lookup.response is None else lookup.response.records:
        if lookup.response is None or record.section != "answer" or record.type != "NAPTR":
            continue
        regexp = record.fields.get("regexp", "")
        parts = regexp[1:].split(regexp[0]) if regexp else []
        if len(parts) == 3 and parts[1].lower().startswith(("sip:", "sips:")):
            yield _Rule(lookup.response, record, parts[1])


def _without_parameters(uri: str) -> str:
    """Return scheme, user and host of a URI; the user part may have parameters of its own."""
    before, at, place = uri.partition("@")
    return before.partition(";")[0] + at + place.partition(";")[0]


def _plain(text: str) -> str:
    return text.lower().removesuffix(".")


def _host(uri: str) -> str:
    parsed = parse_uri(uri)
    return "" if parsed is None else parsed.host.lower()


def _cite(lookup: Lookup) -> Citation:
    message = next(lookup.messages)
    return Citation(message, "question", 12, None, (Claim("dns.qry.name", (lookup.name[:80],)),))


def _cite_service(rule: _Rule) -> Citation:
    claim = Claim("dns.naptr.service", (rule.service[:80],))
    return Citation(rule.message, "NAPTR", rule.record.offset, rule.record.length, (claim,))
