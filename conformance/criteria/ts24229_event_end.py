"""What subscribers of the registration state are told when the registration ends, by the terminal or by the network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.criteria.event_citations import cite_body, cite_contact
from conformance.criteria.model import Catalogue, Citation, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.reginfo import RegContact, RegInfo
from conformance.criteria.subscription import PCSCFS, Passage, RegistrationEvents, Subscription
from conformance.criteria.ts24229_event import AT_ALL, KINDS, WAIT_NS, documents, worst_of
from conformance.criteria.ts24229_ue import TS24229
from conformance.criteria.values import (
    avp,
    cite_avp,
    cite_command,
    cite_header,
    cite_status,
    clip,
    result,
    same_contact,
    succeeded,
)
from conformance.trace.model import SipMessage
from conformance.vocabulary.numbers import Avp
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
BY_NETWORK = ("deactivated", "rejected", "probation")


def _ends(events: RegistrationEvents) -> list[tuple[int, int, SipMessage]]:
    """Return when the terminal gave up all contacts: REGISTER, answer, and the answer's message."""
    return [(one.time_ns, one.end_ns, one.response) for one in events.registers if one.ends_all]


def _told(one: Subscription, since_ns: int) -> Passage | None:
    """Return the first NOTIFY since a time that tells of an end: of registrations, or of contacts."""
    for notify in one.notifies:
        document = notify.document
        if notify.time_ns < since_ns or document is None:
            continue
        if document.is_over or _gone(document):
            return notify
    return None


def _gone(document: RegInfo) -> list[RegContact]:
    return [contact for r in document.registrations for contact in r.contacts if contact.state == "terminated"]


def _notified(
    events: RegistrationEvents, expected: str, begin_ns: int, end_ns: int, cited: Citation
) -> Iterator[Finding]:
    """Judge whether each subscription that was open is told of an end of the registration."""
    for one in events.subscriptions:
        if not one.is_live(begin_ns):
            continue
        told = _told(one, begin_ns)
        if told is not None and told.request is not None and told.document is not None:
            yield passed(expected, "terminated", cite_body(told.request, told.document, told.document.offset, "", ()))
            continue
        since = [notify for notify in one.notifies if notify.time_ns >= begin_ns and notify.request is not None]
        later = since[-1] if since and since[-1].time_ns >= end_ns else None
        if any(notify.document is None for notify in since):
            yield inconclusive(expected, "a NOTIFY has no registration information that can be read (REG-69)")
        elif later is not None and later.request is not None and later.document is not None:
            body = cite_body(later.request, later.document, later.document.offset, "", ())
            yield failed(expected, "the NOTIFY behind it tells of no end", body, cited)
        elif not events.shows_notifies(one):
            yield inconclusive(expected, "no hop of the subscription that leaves the S-CSCF was captured")
        elif events.end_ns < end_ns + WAIT_NS:
            yield inconclusive(expected, "the capture ends too early behind the end of the registration")
        else:
            who = "terminal" if one.subscriber is Role.UE else "P-CSCF" if one.subscriber in PCSCFS else "subscriber"
            yield failed(expected, f"no NOTIFY to the {who}", cited, by_absence=True)


@CATALOGUE.add(
    "REG-74",
    "When the terminal gives up its registration, every subscriber is notified that it is terminated.",
    source=(TS24229, None),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    severity=Severity.DEGRADED,
    condition="the terminal deregisters all its contacts while a subscription is open",
    kinds=KINDS,
)
def deregistration_told(events: RegistrationEvents) -> Finding:
    """3GPP TS 24.229: NOTIFY on every dialog of the package when the state of the registration changes."""
    expected = "NOTIFY with the state terminated"
    parts = [
        part
        for begin, end, response in _ends(events)
        for part in _notified(events, expected, begin, end, cite_status(response))
    ]
    return worst_of(parts) or not_applicable(expected, "the terminal does not deregister while a subscription is open")


@CATALOGUE.add(
    "REG-75",
    "Contacts that the terminal gave up have the event unregistered.",
    source=("RFC 3680", None),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    severity=Severity.COSMETIC,
    condition="a NOTIFY tells of the terminal's deregistration",
    kinds=KINDS,
)
def deregistration_event(events: RegistrationEvents) -> Finding:
    """RFC 3680: unregistered is the event of a contact that a REGISTER removes."""
    expected = 'event="unregistered"'
    parts = [
        part
        for begin, _, _ in _ends(events)
        for part in _event_of_gone(events, begin, ("unregistered",), expected, given_up=True)
    ]
    return worst_of(parts) or not_applicable(expected, "no NOTIFY tells of a deregistration by the terminal (REG-74)")


@CATALOGUE.add(
    "REG-76",
    "When the HSS ends a registration, every subscriber is notified that it is terminated.",
    source=(TS24229, None),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    severity=Severity.BLOCKING,
    condition="the HSS sends an RTR while a subscription is open",
    kinds=KINDS,
)
def termination_told(events: RegistrationEvents) -> Finding:
    """3GPP TS 24.229, 3GPP TS 29.228: the network ends the registration and says so to terminal and P-CSCF."""
    expected = "NOTIFY with the state terminated"
    parts = []
    for exchange in events.terminations:
        if exchange.request is None:
            continue
        answered = exchange.answer or exchange.request
        if exchange.answer is not None and not succeeded(exchange.answer):
            continue
        cited = cite_command(exchange.request)
        parts += list(_notified(events, expected, exchange.time_ns, answered.time_ns, cited))
    return worst_of(parts) or not_applicable(expected, "no RTR that was accepted while a subscription is open")


@CATALOGUE.add(
    "REG-77",
    "Contacts that the network ended have the event deactivated, rejected or probation.",
    source=("RFC 3680", None),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    severity=Severity.DEGRADED,
    condition="a NOTIFY tells of a registration that the HSS ended",
    kinds=KINDS,
)
def termination_event(events: RegistrationEvents) -> Finding:
    """RFC 3680: the events of administrative ends; unregistered and expired would blame the terminal."""
    expected = "event: deactivated, rejected or probation"
    parts = [
        part
        for exchange in events.terminations
        for part in _event_of_gone(events, exchange.time_ns, BY_NETWORK, expected, given_up=False)
    ]
    return worst_of(parts) or not_applicable(expected, "no NOTIFY tells of an end by the network (REG-76)")


def _event_of_gone(
    events: RegistrationEvents, since_ns: int, allowed: Sequence[str], expected: str, *, given_up: bool
) -> Iterator[Finding]:
    """Judge the events of contacts that are gone: those that the terminal gave up, or all others."""
    for one in events.subscriptions:
        told = _told(one, since_ns)
        if told is None or told.request is None or told.document is None:
            continue
        for contact in _gone(told.document):
            if _is_given_up(events, contact, told.time_ns) is not given_up:
                continue
            cited = cite_contact(told.request, told.document, contact, ("event",))
            if contact.event in allowed:
                yield passed(expected, contact.event, cited)
            elif contact.event:
                yield failed(expected, f'event="{clip(contact.event, 40)}"', cited)


def _is_given_up(events: RegistrationEvents, contact: RegContact, time_ns: int) -> bool:
    """Tell whether the last REGISTER of a contact before a time took it away."""
    own = [
        one
        for one in events.registers
        if one.time_ns < time_ns and any(uri == "*" or same_contact(contact.uri, uri) for uri in one.contacts)
    ]
    return bool(own) and own[-1].removes


@CATALOGUE.add(
    "REG-78",
    "A NOTIFY that shows every registration terminated ends the subscription too.",
    source=(TS24229, None),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    severity=Severity.DEGRADED,
    condition="a NOTIFY has all registrations terminated",
    kinds=KINDS,
)
def subscription_ends(events: RegistrationEvents) -> Finding:
    """3GPP TS 24.229: Subscription-State is terminated in the final NOTIFY."""
    expected = "Subscription-State: terminated"
    parts = []
    # A subscription that is accepted while the registration ends begins with a NOTIFY of its own: the last one counts.
    last = {
        id(subscription): notify
        for subscription, notify, document in documents(events)
        if document.is_over and document.state == "full" and notify.request is not None
    }
    for notify in last.values():
        if notify.request is None:
            continue
        header = notify.request.sip.first("Subscription-State")
        if header is None:
            continue
        cited = cite_header(notify.request, header)
        state, _ = notify.substate
        parts.append((passed if state == "terminated" else failed)(expected, clip(header.value), cited))
    return worst_of(parts) or not_applicable(expected, "no NOTIFY shows every registration terminated")


@CATALOGUE.add(
    "REG-80",
    "The S-CSCF accepts the request of the HSS to end a registration.",
    source=("3GPP TS 29.228", None),
    node=Role.HOME_SCSCF,
    points=(Point.CX,),
    severity=Severity.DEGRADED,
    condition="the HSS sends an RTR",
    kinds=KINDS,
)
def termination_accepted(events: RegistrationEvents) -> Finding:
    """3GPP TS 29.228: the RTA reports success."""
    expected = "RTA with Result-Code 2001"
    parts = []
    for exchange in events.terminations:
        if exchange.answer is None:
            parts.append(inconclusive(expected, "no answer to the RTR was captured"))
            continue
        code, _ = result(exchange.answer)
        if not succeeded(exchange.answer) and events.registered_at(exchange.time_ns) is None:
            parts.append(inconclusive(expected, f"{code}; whether the user was registered was not captured"))
            continue
        found = avp(exchange.answer, Avp.RESULT_CODE) or avp(exchange.answer, Avp.EXPERIMENTAL_RESULT)
        cited = [cite_command(exchange.answer)] if found is None else [cite_avp(exchange.answer, found)]
        parts.append((passed if succeeded(exchange.answer) else failed)(expected, str(code), *cited))
    return worst_of(parts) or not_applicable(expected, "the HSS sends no RTR")
