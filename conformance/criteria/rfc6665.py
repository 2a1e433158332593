"""What RFC 6665 (before: RFC 3265) asks of every subscription: expiry, NOTIFY at once, its state, its answer."""

from __future__ import annotations

from conformance.criteria.model import Catalogue, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.subscription import PCSCFS, Passage, RegistrationEvents, Subscription
from conformance.criteria.ts24229_event import AT_ALL, KINDS, WAIT_NS, worst_of
from conformance.criteria.values import cite_header, cite_missing, cite_status, clip, seconds
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Level, Severity

CATALOGUE = Catalogue()
LATE_NS = 32_000_000_000
"""64*T1 (RFC 3261 17.1.2.2): a NOTIFY that was sent at once and got lost on its way is no longer repeated by then."""
RFC6665 = "RFC 6665"
TIMEOUT_NS = 32_000_000_000
"""64*T1 with the T1 of RFC 3261: how long a NOTIFY may wait for its answer at least."""
NO_NOTIFY = "no NOTIFY was captured"
NO_ANSWER = "no SUBSCRIBE and its 2xx were captured together"


@CATALOGUE.add(
    "REG-46",
    "Every SUBSCRIBE that is accepted is followed by a NOTIFY at once.",
    source=(RFC6665, "4.2.1.2"),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    kinds=KINDS,
)
def notified_at_once(events: RegistrationEvents) -> Finding:
    """RFC 6665: the notifier tells the state when it accepts a subscription, also when it refreshes or ends one."""
    expected = "NOTIFY behind the 2xx"
    parts = []
    for one in events.subscriptions:
        for index, subscribe in enumerate(one.accepted):
            following = one.accepted[index + 1].time_ns if index + 1 < len(one.accepted) else None
            behind = [n for n in one.notifies if n.time_ns > subscribe.time_ns]
            notify = next((n for n in behind if following is None or n.time_ns < following), None)
            response = subscribe.response
            if response is None:
                continue
            if notify is not None and notify.request is not None:
                late = (notify.time_ns - response.time_ns) / 1e6
                shown = f"NOTIFY {late:.0f} ms behind the answer" if late >= 0 else "NOTIFY before the answer"
                header = notify.request.sip.first("Event")
                cited = [] if header is None else [cite_header(notify.request, header)]
                at_once = notify.time_ns <= response.time_ns + LATE_NS
                parts.append((passed if at_once else failed)(expected, shown, *cited))
            elif notify is not None:
                parts.append(passed(expected, "the answer to a NOTIFY"))
            elif not events.shows_notifies(one):
                parts.append(inconclusive(expected, "no hop of the subscription that leaves the S-CSCF was captured"))
            elif (following or events.end_ns) < response.time_ns + WAIT_NS:
                parts.append(inconclusive(expected, "the capture ends too early behind the answer to the SUBSCRIBE"))
            else:
                parts.append(failed(expected, "no NOTIFY", cite_status(response), by_absence=True))
    return worst_of(parts) or inconclusive(expected, NO_ANSWER)


@CATALOGUE.add(
    "REG-66",
    "The 2xx to a SUBSCRIBE grants no more time than was asked for.",
    source=(RFC6665, "4.2.1.4"),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    severity=Severity.DEGRADED,
    kinds=KINDS,
)
def granted(events: RegistrationEvents) -> Finding:
    """RFC 6665: the answer has Expires, shorter than asked or the same."""
    expected = "Expires, not more than asked"
    parts = []
    for one in events.subscriptions:
        for subscribe in one.accepted:
            request, response = subscribe.request, subscribe.response
            if response is None:
                continue
            header = response.sip.first("Expires")
            if header is None:
                parts.append(failed(expected, "no Expires", cite_missing(response, "Expires")))
                continue
            wanted = None if request is None else request.sip.first("Expires")
            time, asked = seconds(header.value), None if wanted is None else seconds(wanted.value)
            cited = [cite_header(response, header)]
            if time is None:
                parts.append(failed(expected, clip(header.value), *cited))
            elif request is None:
                parts.append(inconclusive(expected, "the SUBSCRIBE was not captured", *cited))
            elif wanted is None or asked is None or time <= asked:
                parts.append(passed(expected, f"{time} s", *cited))
            else:
                parts.append(failed(f"at most {asked} s", f"{time} s", *cited, cite_header(request, wanted)))
    return worst_of(parts) or inconclusive(expected, NO_ANSWER)


@CATALOGUE.add(
    "REG-67",
    "A NOTIFY names the event package and the state of the subscription.",
    source=(RFC6665, "4.2.2, 4.4.1"),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    kinds=KINDS,
)
def named(events: RegistrationEvents) -> Finding:
    """RFC 6665: Event with the type and id of the SUBSCRIBE; Subscription-State active, pending or terminated."""
    expected = "Event: reg and Subscription-State: active, pending or terminated"
    parts = []
    for one, notify, request in events.notified():
        event, state = request.sip.first("Event"), request.sip.first("Subscription-State")
        if event is None:
            parts.append(failed(expected, "no Event", cite_missing(request, "Event")))
        elif state is None:
            parts.append(failed(expected, "no Subscription-State", cite_missing(request, "Subscription-State")))
        elif not _same_event(one, event.value):
            parts.append(failed(f"Event: {_asked_event(one)}", clip(event.value), cite_header(request, event)))
        elif notify.substate[0] not in ("active", "pending", "terminated"):
            parts.append(failed(expected, clip(state.value), cite_header(request, state)))
        else:
            cited = (cite_header(request, event), cite_header(request, state))
            parts.append(passed(expected, f"{clip(event.value, 40)}; {clip(state.value, 60)}", *cited))
    return worst_of(parts) or inconclusive(expected, NO_NOTIFY)


def _asked_event(one: Subscription) -> str:
    """Return Event of the SUBSCRIBE; the package where that was not captured."""
    for subscribe in one.subscribes:
        header = None if subscribe.request is None else subscribe.request.sip.first("Event")
        if header is not None:
            return header.value
    return "reg"


def _same_event(one: Subscription, event: str) -> bool:
    asked, found = _event(_asked_event(one)), _event(event)
    # Who subscribes is not always captured: then an id says nothing.
    return asked == found if one.subscribes else asked[0] == found[0]


def _event(value: str) -> tuple[str, str | None]:
    package, *params = value.split(";")
    pairs = (param.partition("=") for param in params)
    return package.strip().lower(), next((text.strip() for name, _, text in pairs if name.strip() == "id"), None)


@CATALOGUE.add(
    "REG-68",
    "The state of an open subscription says how long it lasts, not longer than granted.",
    source=(RFC6665, "4.2.2"),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    level=Level.SHOULD,
    severity=Severity.COSMETIC,
    condition="a NOTIFY says that the subscription is active or pending",
    kinds=KINDS,
)
def remaining(events: RegistrationEvents) -> Finding:
    """RFC 6665: expires in Subscription-State, the rest of what the SUBSCRIBE was granted."""
    expected = "expires in Subscription-State, not more than granted"
    parts = []
    for one, notify, request in events.notified():
        state, params = notify.substate
        header = request.sip.first("Subscription-State")
        if header is None or state not in ("active", "pending"):
            continue
        cited = cite_header(request, header)
        time = seconds(params.get("expires"))
        begun = [s for s in one.accepted if s.time_ns < notify.time_ns]
        # A NOTIFY may have been on its way when a refresh changed the time.
        times = [granted for s in begun[-2:] if (granted := one.granted_s(s)) is not None]
        limit = max(times, default=None)
        if time is None or (limit is not None and time > limit):
            wanted = expected if limit is None else f"expires, at most {limit}"
            parts.append(failed(wanted, clip(header.value), cited))
        else:
            parts.append(passed(expected, clip(header.value), cited))
    return worst_of(parts) or not_applicable(expected, "no NOTIFY of an open subscription")


@CATALOGUE.add(
    "REG-79",
    "A NOTIFY that ends a subscription says why.",
    source=(RFC6665, "4.2.2"),
    node=Role.HOME_SCSCF,
    points=AT_ALL,
    level=Level.SHOULD,
    severity=Severity.COSMETIC,
    condition="a NOTIFY says that the subscription is terminated",
    kinds=KINDS,
)
def reason(events: RegistrationEvents) -> Finding:
    """RFC 6665: reason in Subscription-State: terminated."""
    expected = "Subscription-State: terminated;reason=..."
    parts = []
    for _, notify, request in events.notified():
        state, params = notify.substate
        header = request.sip.first("Subscription-State")
        if header is None or state != "terminated":
            continue
        cited = cite_header(request, header)
        parts.append((passed if params.get("reason") else failed)(expected, clip(header.value), cited))
    return worst_of(parts) or not_applicable(expected, "no NOTIFY ends a subscription")


@CATALOGUE.add(
    "REG-73",
    "Every NOTIFY of an open subscription is accepted by the subscriber.",
    source=(RFC6665, None),
    node=Role.UE,
    points=AT_ALL,
    kinds=KINDS,
)
def accepted(events: RegistrationEvents) -> Finding:
    """RFC 6665: 200; only who no longer has the subscription answers 481."""
    expected = "200 to NOTIFY"
    parts = []
    for one in events.of(Role.UE, *PCSCFS):
        for notify in one.notifies:
            part = _answer(events, one, notify, expected)
            if part is not None:
                parts.append(part)
    return worst_of(parts) or inconclusive(expected, NO_NOTIFY)


def _answer(events: RegistrationEvents, one: Subscription, notify: Passage, expected: str) -> Finding | None:
    node = one.subscriber
    hop = notify.hop_to(node)
    over = not one.is_live(notify.time_ns) or any(r.ends_all and r.time_ns < notify.time_ns for r in events.registers)
    response = None if hop is None else hop.response
    if response is not None and response.sip.status is not None:
        if 200 <= response.sip.status < 300:
            return passed(expected, str(response.sip.status), cite_status(response), node=node)
        if over:
            return None
        return failed(expected, str(response.sip.status), cite_status(response), node=node)
    if over:
        return None
    if notify.is_accepted and notify.response is not None:
        return passed(expected, f"{notify.status} on the way back", cite_status(notify.response), node=node)
    if notify.status is not None:
        return inconclusive(expected, f"{notify.status} on the way back; the subscriber's own answer was not captured")
    if hop is None:
        return inconclusive(expected, "the hop that reaches the subscriber was not captured")
    request = hop.request
    who = "P-CSCF" if node in PCSCFS else "subscriber"
    if request is None or events.end_ns < request.time_ns + TIMEOUT_NS:
        return inconclusive(expected, f"the capture ends before the {who} has to have answered")
    event = request.sip.first("Event")
    cited = [] if event is None else [cite_header(request, event)]
    return failed(expected, "no answer", *cited, by_absence=True, node=node)
