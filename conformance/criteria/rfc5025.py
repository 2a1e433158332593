"""What RFC 5025 asks of a presence server: subscriptions are handled as the rules of the presentity say."""

from __future__ import annotations

from conformance.criteria.model import Catalogue, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.pidf import says_open
from conformance.criteria.presence import AT_ONCE_NS, PRESENCE, Rules, Watching
from conformance.criteria.presence_citations import cite_content, cite_document, cite_start
from conformance.criteria.procedure import Kind
from conformance.criteria.rfc3856 import shows_notifies
from conformance.criteria.rfc3903 import AT_ALL, PIDF_TYPE, media_type
from conformance.criteria.subscription import Passage
from conformance.criteria.ts24229_event import worst_of
from conformance.criteria.values import cite_header, clip
from conformance.vocabulary.roles import Role

CATALOGUE = Catalogue()
KINDS = (Kind.WATCHING,)
RFC5025 = "RFC 5025"
STATE = {"block": "terminated", "confirm": "pending", "polite-block": "active", "allow": "active"}
"""State of a subscription by how the rules want it to be handled."""
WITHIN_NS = 2_000_000_000
"""So long behind a change of the rules a watcher has been told at the latest."""
NO_RULES = "no rules of the presentity that say how to handle this watcher were seen on Ut"


@CATALOGUE.add(
    "PRES-15",
    "No subscription is active that the rules block or leave to be confirmed, and who waits is told of no presence.",
    source=(RFC5025, "3.2.1"),
    node=Role.PRESENCE,
    points=AT_ALL,
    condition="the trace shows the rules of the presentity, and they block the watcher or leave it to be confirmed",
    kinds=KINDS,
)
def authorised(seen: Watching) -> Finding:
    """RFC 5025: block rejects a subscription, confirm leaves it pending; what no rule permits is blocked.

    RFC 6665 4.2.1.2: a NOTIFY while it is pending has no state, or a neutral one.
    """
    expected = "pending without presence, or terminated"
    if seen.package != PRESENCE or seen.is_list:
        return not_applicable(expected, "no subscription to a single presentity")
    parts = []
    for notify, request in seen.notified():
        decided = seen.decided(notify.time_ns)
        header = request.sip.first("Subscription-State")
        if decided is None or header is None or decided[0] not in ("block", "confirm"):
            continue
        handling, rules = decided
        if not _holds(seen, rules, notify):
            continue
        words = f"{clip(header.value, 60)}, although the rules of frame {rules.message.frame} say {handling}"
        cited = (cite_header(request, header), cite_start(rules.message), cite_content(rules.message))
        if notify.substate[0] == "active":
            parts.append(failed(expected, words, *cited, by_absence=True))
        elif notify.substate[0] == "pending" and media_type(request) == PIDF_TYPE and says_open(request.sip.body):
            told = f"{clip(header.value, 60)}, with a document that says open"
            parts.append(failed(expected, told, cite_document(request), *cited, by_absence=True))
        else:
            parts.append(passed(expected, clip(header.value), *cited))
    if parts:
        return worst_of(parts) or parts[0]
    refused = [one for one in seen.subscription.subscribes if one.status == 403]
    for one in refused:
        decided = seen.decided(one.time_ns)
        if decided is not None and decided[0] == "block":
            return passed(expected, "403", cite_start(decided[1].message))
    return not_applicable(expected, NO_RULES)


def _holds(seen: Watching, rules: Rules, notify: Passage) -> bool:
    """Tell whether a presence server has to know the rules: they are older than the SUBSCRIBE, or not quite new.

    Those that were read were there before.
    """
    if not rules.is_change:
        return True
    asked = [one.time_ns for one in seen.subscription.subscribes if one.time_ns <= notify.time_ns]
    return bool(asked and rules.since_ns <= asked[-1]) or rules.since_ns + AT_ONCE_NS <= notify.time_ns


@CATALOGUE.add(
    "PRES-13",
    "A change of the rules that changes the state of a subscription is followed by a NOTIFY with the new state.",
    source=(RFC5025, "3.2.1"),
    node=Role.PRESENCE,
    points=AT_ALL,
    condition="the rules are changed on Ut while the watcher is subscribed, and ask for another state",
    kinds=KINDS,
)
def changed(seen: Watching) -> Finding:
    """RFC 5025 and RFC 3856: the subscription is approved or rejected, and the watcher is told."""
    expected = "NOTIFY with the new state"
    if seen.package != PRESENCE or seen.is_list:
        return not_applicable(expected, "no subscription to a single presentity")
    parts = []
    for index, rules in enumerate(seen.rules):
        decided = seen.decided(rules.since_ns) if rules.is_change else None
        if decided is None or decided[1] is not rules:
            continue
        told = [one for one in seen.subscription.notifies if one.time_ns <= rules.since_ns and one.substate[0]]
        wanted = STATE[decided[0]]
        before = told[-1].substate[0] if told else ""
        # Who was approved is not asked about again; only a live subscription is told anything.
        if not told or before in (wanted, "terminated") or (before, wanted) == ("active", "pending"):
            continue
        if not seen.subscription.is_live(rules.since_ns):
            continue
        until = rules.since_ns + WITHIN_NS
        again = any(one.is_change and one.since_ns <= until for one in seen.rules[index + 1 :])
        expected = f"NOTIFY with {wanted}, as the rules say {decided[0]}"
        behind = [one for one in seen.subscription.notifies if rules.since_ns - AT_ONCE_NS < one.time_ns <= until]
        fitting = [one for one in behind if one.substate[0] == wanted and one is not told[-1]]
        cited = (cite_start(rules.message), cite_content(rules.message))
        if fitting:
            parts.append(passed(expected, f"NOTIFY with {wanted}", *cited))
        elif again:
            continue
        elif not shows_notifies(seen):
            parts.append(inconclusive(expected, "no hop was captured that a NOTIFY passes"))
        elif seen.end_ns < until:
            parts.append(inconclusive(expected, "the capture ends too early behind the change of the rules"))
        else:
            found = f"NOTIFY with {behind[-1].substate[0]}" if behind and behind[-1] is not told[-1] else "no NOTIFY"
            parts.append(failed(expected, f"{found} within 2 s", *cited, by_absence=True))
    return worst_of(parts) or not_applicable(expected, "no change of the rules asks for another state")
