"""What 3GPP TS 24.229 asks of who subscribes to the registration state, and of the S-CSCF while it lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from conformance.criteria.event_citations import cite_body, cite_contact
from conformance.criteria.model import Catalogue, Citation, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.procedure import Kind
from conformance.criteria.reginfo import RegInfo
from conformance.criteria.subscription import PCSCFS, Accepted, Passage, RegistrationEvents, Subscription
from conformance.criteria.ts24229_ue import TS24229
from conformance.criteria.values import (
    address,
    addresses,
    cite_address,
    cite_header,
    cite_missing,
    cite_request_uri,
    cite_status,
    clip,
    same_contact,
    same_host,
    same_identity,
    same_uri,
    seconds,
)
from conformance.trace.model import SipMessage
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
KINDS = (Kind.SUBSCRIPTION,)
CORE = (Point.MW, Point.IC)
AT_ALL = (Point.GM, Point.MW, Point.IC)
ASKED_BY_TERMINAL_S = 600_000
WAIT_NS = 1_000_000_000
"""How long a trace has to go on before something that did not follow was not sent."""

NO_TERMINAL = "the terminal does not subscribe"
NO_PCSCF = "the P-CSCF does not subscribe (REG-63)"
NO_SUBSCRIBE = "the SUBSCRIBE that began the subscription was not captured"
NO_REGISTER = "the registration was not captured"
UNREADABLE_ENDS = "From or To cannot be read"


def _begun(subscriptions: Sequence[Subscription]) -> Iterator[tuple[Subscription, Passage, SipMessage]]:
    """Yield the subscriptions whose first SUBSCRIBE was captured, with it: one without a tag in To."""
    for one in subscriptions:
        for passage in one.subscribes[:1]:
            if passage.request is None:
                continue
            target = address(passage.request, "To")
            if target is None or "tag" not in target.name_addr.params:
                yield one, passage, passage.request


_Part = Finding | None
"""What one subscription says; None: nothing."""


def _each(
    subscriptions: Sequence[Subscription],
    expected: str,
    absent: str,
    judge: Callable[[Subscription, Passage, SipMessage], _Part],
) -> Finding:
    """Judge each first SUBSCRIBE; the first FAIL counts, then the first that lacks evidence."""
    if not subscriptions:
        return not_applicable(expected, absent)
    parts = [part for each in _begun(subscriptions) if (part := judge(*each)) is not None]
    return worst_of(parts) or inconclusive(expected, NO_SUBSCRIBE)


def worst_of(parts: Sequence[Finding]) -> Finding | None:
    """Return the first FAIL, else the first without evidence, else the first; None where there is none."""
    order = ("ERROR", "FAIL", "INCONCLUSIVE", "PASS", "NOT_APPLICABLE")
    return min(parts, key=lambda part: order.index(part.verdict.value), default=None)


@dataclass(frozen=True, slots=True)
class _Ends:
    """Who subscribes to whom, as a SUBSCRIBE says it in three places."""

    uri: str
    """Request-URI."""
    own: str
    """URI of From."""
    watched: str
    """URI of To."""
    cited: tuple[Citation, ...]

    @property
    def shown(self) -> str:
        """All three, for a finding."""
        return f"Request-URI {clip(self.uri, 60)}, From {clip(self.own, 60)}, To {clip(self.watched, 60)}"


def _ends(request: SipMessage) -> _Ends | None:
    """Read who subscribes to whom; None where From or To cannot be read."""
    sender, target = address(request, "From"), address(request, "To")
    if sender is None or target is None:
        return None
    cited = (cite_request_uri(request), cite_address(request, "From", sender), cite_address(request, "To", target))
    return _Ends(request.sip.request_uri, sender.name_addr.uri, target.name_addr.uri, cited)


# --- the terminal ---------------------------------------------------------------------------------------


@CATALOGUE.add(
    "REG-44",
    "The terminal subscribes to the registration state of its own public identity.",
    source=(TS24229, None),
    node=Role.UE,
    points=(Point.GM,),
    severity=Severity.DEGRADED,
    condition="the terminal subscribes",
    kinds=KINDS,
)
def ue_identity(events: RegistrationEvents) -> Finding:
    """3GPP TS 24.229: Request-URI, From and To name the default identity or the one that was registered."""
    expected = "Request-URI, From and To: the default or the registered public identity"

    def judge(_one: Subscription, passage: Passage, request: SipMessage) -> _Part:
        ends = _ends(request)
        if ends is None:
            return inconclusive(expected, UNREADABLE_ENDS)
        register = events.registered_at(passage.time_ns)
        allowed = [] if register is None else [register.identity, *register.associated]
        if register is not None and register.associated:
            # Default is the first that is left; an older release lets the registered one stand for it.
            allowed = [register.identity, *register.associated[:1]]
            allowed += _other_forms(register)
        if not same_identity(ends.uri, ends.watched) or not same_identity(ends.own, ends.watched):
            return failed(expected, ends.shown, *ends.cited)
        if register is None:
            return inconclusive(expected, NO_REGISTER)
        if not any(same_identity(ends.watched, identity) for identity in allowed):
            return failed(f"{', '.join(clip(one, 60) for one in allowed)}", clip(ends.watched, 60), *ends.cited)
        return passed(expected, clip(ends.watched, 60), *ends.cited)

    return _each(events.of(Role.UE), expected, NO_TERMINAL, judge)


def _other_forms(register: Accepted) -> list[str]:
    """Return the first SIP URI where the default identity is a tel URI: the clause speaks of SIP URIs."""
    if not register.associated or register.associated[0].lower().startswith("sip"):
        return []
    return [uri for uri in register.associated if uri.lower().startswith("sip")][:1]


@CATALOGUE.add(
    "REG-60",
    "The terminal asks for a subscription of 600000 s.",
    source=(TS24229, None),
    node=Role.UE,
    points=(Point.GM,),
    severity=Severity.COSMETIC,
    condition="the terminal subscribes",
    kinds=KINDS,
)
def ue_expires(events: RegistrationEvents) -> Finding:
    """3GPP TS 24.229: Expires of the SUBSCRIBE is 600000."""
    expected = f"Expires: {ASKED_BY_TERMINAL_S}"

    def judge(_one: Subscription, _passage: Passage, request: SipMessage) -> _Part:
        header = request.sip.first("Expires")
        if header is None:
            return failed(expected, "no Expires", cite_missing(request, "Expires"))
        cited = cite_header(request, header)
        if seconds(header.value) == ASKED_BY_TERMINAL_S:
            return passed(expected, clip(header.value), cited)
        return failed(expected, clip(header.value), cited)

    return _each(events.of(Role.UE), expected, NO_TERMINAL, judge)


@CATALOGUE.add(
    "REG-61",
    "The terminal's SUBSCRIBE takes the Service-Route of its registration.",
    source=("RFC 3608", None),
    node=Role.UE,
    points=(Point.GM,),
    condition="the terminal subscribes, and the 200 to its REGISTER has a Service-Route",
    kinds=KINDS,
)
def ue_route(events: RegistrationEvents) -> Finding:
    """RFC 3608: the entries of the Service-Route are the last ones of Route, in their order."""
    expected = "Route ends with the Service-Route of the 200"

    def judge(_one: Subscription, passage: Passage, request: SipMessage) -> _Part:
        register = events.registered_by(request)
        hop = passage.hop_from(Role.UE)
        if register is None or not register.at_terminal or hop is None or hop.request is None:
            return inconclusive(expected, "the 200 to REGISTER, or the SUBSCRIBE, was not captured at the terminal")
        wanted = register.service_route
        if not wanted:
            return not_applicable(expected, "the 200 to REGISTER has no Service-Route (REG-38)")
        routes = addresses(request, "Route")
        last = routes[-len(wanted) :]
        shown = ", ".join(clip(one.name_addr.uri, 60) for one in routes) or "no Route"
        cited = [cite_address(request, "Route", one) for one in routes] or [cite_missing(request, "Route")]
        cited += [
            cite_address(register.response, "Service-Route", one)
            for one in addresses(register.response, "Service-Route")
        ]
        same = len(last) == len(wanted) and all(
            same_uri(one.name_addr.uri, uri) for one, uri in zip(last, wanted, strict=True)
        )
        if same:
            return passed(expected, shown, *cited)
        return failed(f"Route ends with {', '.join(clip(uri, 60) for uri in wanted)}", shown, *cited)

    return _each(events.of(Role.UE), expected, NO_TERMINAL, judge)


# --- the P-CSCF -----------------------------------------------------------------------------------------


@CATALOGUE.add(
    "REG-63",
    "The P-CSCF subscribes to the registration state of a user who registers for the first time.",
    source=(TS24229, "5.2.3"),
    node=Role.HOME_PCSCF,
    points=CORE,
    severity=Severity.DEGRADED,
    condition="the S-CSCF reports the first registration of the user to the HSS",
    kinds=KINDS,
)
def pcscf_subscribes(events: RegistrationEvents) -> Finding:
    """3GPP TS 24.229 5.2.3: on the 200 to the first initial REGISTER of the user."""
    expected = "SUBSCRIBE of the P-CSCF behind the 200"
    own = events.of(*PCSCFS)
    for one in own:
        for passage in one.subscribes:
            if passage.request is not None:
                header = passage.request.sip.first("Event")
                cited = [] if header is None else [cite_header(passage.request, header)]
                return passed(expected, "the P-CSCF subscribes", *cited, node=one.subscriber)
    if own:
        return passed(expected, "the P-CSCF is notified", node=own[0].subscriber)
    first = next((one for one in events.registers if one.is_first and not one.removes), None)
    if first is None:
        return inconclusive(expected, "no first registration was captured (a SAR that says so, and the 200)")
    if not any(events.shows_notifies(one) for one in events.of(Role.UE, *PCSCFS)):
        return inconclusive(expected, "no hop between P-CSCF and S-CSCF was captured")
    if not first.paths:
        return inconclusive(expected, "the REGISTER was not captured behind the P-CSCF, where its SUBSCRIBE would go")
    if events.end_ns < first.end_ns + WAIT_NS:
        return inconclusive(expected, "the capture ends too early behind the 200")
    node = next((role for role in PCSCFS if role in events.roles), None)
    return failed(expected, "no SUBSCRIBE of the P-CSCF", cite_status(first.response), by_absence=True, node=node)


@CATALOGUE.add(
    "REG-64",
    "The P-CSCF subscribes as itself to the default public identity of the user.",
    source=(TS24229, "5.2.3"),
    node=Role.HOME_PCSCF,
    points=CORE,
    severity=Severity.DEGRADED,
    condition="the P-CSCF subscribes",
    kinds=KINDS,
)
def pcscf_identities(events: RegistrationEvents) -> Finding:
    """3GPP TS 24.229 5.2.3: Request-URI and To the default identity, From the P-CSCF's SIP URI."""
    expected = "Request-URI and To: the default public identity; From: a SIP URI of the P-CSCF"

    def judge(one: Subscription, passage: Passage, request: SipMessage) -> _Part:
        ends = _ends(request)
        if ends is None:
            return inconclusive(expected, UNREADABLE_ENDS)
        register = events.registered_at(passage.time_ns)
        default = [] if register is None else [*register.associated[:1], *_other_forms(register)]
        own = parse_uri(ends.own)
        wrong = not same_identity(ends.uri, ends.watched) or same_identity(ends.own, ends.watched)
        wrong = wrong or own is None or own.scheme not in ("sip", "sips")
        if wrong or (default and not any(same_identity(ends.watched, identity) for identity in default)):
            return failed(expected, ends.shown, *ends.cited, node=one.subscriber)
        if not default:
            return inconclusive(expected, "the 200 with the default public identity was not captured")
        return passed(expected, ends.shown, *ends.cited, node=one.subscriber)

    return _each(events.of(*PCSCFS), expected, NO_PCSCF, judge)


@CATALOGUE.add(
    "REG-45",
    "The P-CSCF asserts its own SIP URI in its SUBSCRIBE.",
    source=(TS24229, "5.2.3"),
    node=Role.HOME_PCSCF,
    points=CORE,
    severity=Severity.DEGRADED,
    condition="the P-CSCF subscribes",
    kinds=KINDS,
)
def pcscf_asserted(events: RegistrationEvents) -> Finding:
    """3GPP TS 24.229 5.2.3: P-Asserted-Identity has the SIP URI that the P-CSCF put into Path."""
    expected = "P-Asserted-Identity: the SIP URI of the P-CSCF"

    def judge(one: Subscription, passage: Passage, request: SipMessage) -> _Part:
        asserted = addresses(request, "P-Asserted-Identity")
        if not asserted:
            cited = cite_missing(request, "P-Asserted-Identity")
            return failed(expected, "no P-Asserted-Identity", cited, node=one.subscriber)
        register = events.registered_at(passage.time_ns)
        sender = address(request, "From")
        own = [] if register is None else list(register.paths)
        own += [] if sender is None else [sender.name_addr.uri]
        hosts = [uri.host for text in own if (uri := parse_uri(text)) is not None and uri.host]
        cited_all = [cite_address(request, "P-Asserted-Identity", found) for found in asserted]
        shown = ", ".join(clip(found.name_addr.uri, 60) for found in asserted)
        for found in asserted:
            uri = found.uri
            if uri is not None and uri.scheme in ("sip", "sips") and any(same_host(uri.host, host) for host in hosts):
                watched = address(request, "To")
                if watched is None or not same_identity(found.name_addr.uri, watched.name_addr.uri):
                    return passed(expected, shown, *cited_all, node=one.subscriber)
        watched = address(request, "To")
        whose = [] if watched is None else [watched.name_addr.uri]
        if (register is None or not register.paths) and not any(
            same_identity(found.name_addr.uri, uri) for found in asserted for uri in whose
        ):
            return inconclusive(expected, f"{shown}: the Path that names the P-CSCF was not captured", *cited_all)
        return failed(expected, shown, *cited_all, node=one.subscriber)

    return _each(events.of(*PCSCFS), expected, NO_PCSCF, judge)


@CATALOGUE.add(
    "REG-65",
    "The P-CSCF subscribes for longer than the registration lasts.",
    source=(TS24229, "5.2.3"),
    node=Role.HOME_PCSCF,
    points=CORE,
    severity=Severity.DEGRADED,
    condition="the P-CSCF subscribes",
    kinds=KINDS,
)
def pcscf_expires(events: RegistrationEvents) -> Finding:
    """3GPP TS 24.229 5.2.3: Expires is higher than the expiry that the 200 to the REGISTER grants."""
    expected = "Expires higher than that of the registration"

    def judge(one: Subscription, passage: Passage, request: SipMessage) -> _Part:
        header = request.sip.first("Expires")
        if header is None:
            return failed(expected, "no Expires", cite_missing(request, "Expires"), node=one.subscriber)
        register = events.registered_at(passage.time_ns)
        granted = None if register is None else register.own_granted_s
        if register is None or granted is None:
            return inconclusive(expected, "the 200 that grants the registration was not captured")
        contact = address(register.response, "Contact")
        cited = [cite_header(request, header)]
        cited += [] if contact is None else [cite_address(register.response, "Contact", contact)]
        asked = seconds(header.value)
        if asked is not None and asked > granted:
            return passed(f"more than {granted} s", f"{asked} s", *cited, node=one.subscriber)
        return failed(f"more than {granted} s", clip(header.value), *cited, node=one.subscriber)

    return _each(events.of(*PCSCFS), expected, NO_PCSCF, judge)


# --- the S-CSCF while the user is registered --------------------------------------------------------------


@CATALOGUE.add(
    "REG-72",
    "While the user is registered, NOTIFYs show the identity active with the contact that was registered.",
    source=(TS24229, None),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    severity=Severity.DEGRADED,
    condition="a NOTIFY has the full state while a registration that was captured lasts",
    kinds=KINDS,
)
def active_contact(events: RegistrationEvents) -> Finding:
    """3GPP TS 24.229: state active, the uri of the contact is the contact address that was registered."""
    expected = "registration active, an active contact with the registered address"
    parts = []
    for one, notify, document in documents(events):
        register = events.registered_at(notify.time_ns)
        request = notify.request
        if document.state != "full" or register is None or request is None or _ended_by(events, notify.time_ns):
            continue
        lasts = register.granted_s or 0
        if document.problems or notify.time_ns > register.end_ns + lasts * 1_000_000_000:
            continue
        watched = watched_identity(one, notify)
        entry = next((r for r in document.registrations if same_identity(r.aor, watched)), None)
        # The S-CSCF may end a registration of its own accord: nothing else has to be seen of that.
        if entry is None or entry.state == "terminated":
            continue
        cited = [cite_body(request, document, entry.offset, "registration", ())]
        active = [contact for contact in entry.contacts if contact.state == "active"]
        cited += [cite_contact(request, document, contact, ("uri", "state")) for contact in active]
        shown = f"{entry.state}; " + (", ".join(clip(contact.uri, 60) for contact in active) or "no active contact")
        known = [contact for r in events.registers if r.time_ns <= notify.time_ns for contact in r.contacts]
        right = any(same_contact(contact.uri, uri) for contact in active for uri in known)
        if entry.state == "active" and right:
            parts.append(passed(expected, shown, *cited))
        elif entry.state == "active" and active and not register.paths:
            # A P-CSCF may change the address of the terminal on the way (RFC 3261 is silent, NATs ask for it).
            parts.append(inconclusive(expected, "the REGISTER that reached the S-CSCF was not captured", *cited))
        else:
            wanted = ", ".join(clip(uri, 60) for uri in register.contacts[:2])
            parts.append(failed(f"active; {wanted}", shown, *cited))
    return worst_of(parts) or _without_documents(events, expected)


def watched_identity(one: Subscription, notify: Passage) -> str:
    """Return the identity whose state a subscription watches: To of its SUBSCRIBE, From of its NOTIFYs."""
    for passage, name in (*((s, "To") for s in one.subscribes), (notify, "From")):
        for message in (passage.request, passage.response):
            found = None if message is None else address(message, name)
            if found is not None:
                return found.name_addr.uri
    return ""


def documents(events: RegistrationEvents) -> Iterator[tuple[Subscription, Passage, RegInfo]]:
    """Yield the NOTIFYs whose registration information can be read, with it."""
    for one in events.subscriptions:
        for notify in one.notifies:
            if notify.document is not None:
                yield one, notify, notify.document


def _ended_by(events: RegistrationEvents, time_ns: int) -> bool:
    """Tell whether something that ends the registration had begun before a time."""
    last = max((one.time_ns for one in events.registers if one.time_ns < time_ns), default=0)
    return any(last < exchange.time_ns < time_ns for exchange in events.terminations)


def _without_documents(events: RegistrationEvents, expected: str) -> Finding:
    if not any(True for _ in documents(events)):
        return inconclusive(expected, "no registration information was captured that can be read")
    return inconclusive(expected, "no NOTIFY with the full state of a registration that was captured too")
