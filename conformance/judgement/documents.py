"""Finds what was asked of XDMSs (XCAP, RFC 4825): one procedure a client; and the rules that it shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from conformance.criteria.presence import DocumentRequest, Documents, Rules
from conformance.criteria.procedure import Facts
from conformance.criteria.xcap_names import CAPABILITIES, RULES, SELECTOR, document_name
from conformance.judgement.found import Found
from conformance.judgement.legs import without_legs
from conformance.judgement.presence_service import documents_service
from conformance.judgement.registrations import subscriber_of
from conformance.judgement.roles import Declared, RoleTable
from conformance.judgement.surroundings import Surroundings
from conformance.trace.correlate import Transaction, correlate
from conformance.trace.model import HttpMessage, Trace
from conformance.vocabulary.federation import Federation, NodeKind
from conformance.vocabulary.identifiers import Endpoint
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role

FLOW = "xcap"
USAGES = frozenset(
    {
        *RULES,
        CAPABILITIES,
        "resource-lists",
        "rls-services",
        "pidf-manipulation",
        "watchers",
        "directory",
        "org.openmobilealliance.xcap-directory",
        "org.openmobilealliance.user-profile",
    }
)
"""Application usages by which XCAP is told from other HTTP."""
_METHODS = ("GET", "PUT", "DELETE", "HEAD")


def find(
    trace: Trace, transactions: Sequence[Transaction], federation: Federation | None, around: Surroundings
) -> Iterator[Found]:
    """Find what clients ask of XDMSs.

    Args:
        trace: The trace.
        transactions: From `correlate(trace)`.
        federation: Where given: whose documents they are, which nodes there are.
        around: What is known of the whole, where the trace is a part.
    """
    declared = Declared(federation)
    groups: dict[str, list[tuple[Transaction, DocumentRequest]]] = {}
    for transaction, asked in _requests(transactions, declared):
        groups.setdefault(transaction.source.address, []).append((transaction, asked))
    everything = sorted((one for some in groups.values() for _, one in some), key=lambda one: one.time_ns)
    for client, some in groups.items():
        user = next((one.name.user for _, one in some if one.name is not None and one.name.user), "")
        table = RoleTable()
        kinds = declared.kinds(client)
        role = Role.PRESENCE if NodeKind.PRESENCE in kinds else Role.PRESENTITY
        for transaction, _ in some:
            *between, server = _reached(transaction)
            table.add(role, transaction.source)
            table.add(Role.XDMS, server)
            for node in between:
                table.add(declared.role(node.address), node)
        home, _ = subscriber_of(federation, user, ())
        requests = sorted((asked for _, asked in some), key=lambda one: one.time_ns)
        documents = Documents(
            subject=user,
            client=role,
            requests=tuple(requests),
            history=tuple(everything),
            roles=table.done(),
            observed=around.points | {Point.UT},
            lossless=around.lossless,
            facts=Facts(
                home=None if home is None else home.domain,
                testbeds=declared.testbeds,
                block=declared.block,
                home_network=home,
                networks={} if home is None else {Role.XDMS: home, role: home},
            ),
            end_ns=around.end_ns,
        )
        yield Found(documents, (FLOW,), partial(documents_service, documents))


def _requests(transactions: Sequence[Transaction], declared: Declared) -> Iterator[tuple[Transaction, DocumentRequest]]:
    """Yield the HTTP transactions with XDMSs: who serves a known application usage serves others as well."""
    found = []
    servers: set[Endpoint] = set()
    for transaction in without_legs(transactions):
        request, answer = transaction.request, transaction.final
        asked = request if isinstance(request, HttpMessage) else None
        name = None if asked is None else document_name(asked.http.uri)
        known = name is not None and name.usage in USAGES
        reached = _reached(transaction)
        if known or any(NodeKind.XDMS in declared.kinds(one.address) for one in reached):
            servers.update(reached)
        found.append((transaction, DocumentRequest(name, asked, answer if isinstance(answer, HttpMessage) else None)))
    for transaction, one in found:
        # An answer alone tells nothing of whose documents it is about.
        if transaction.destination in servers and one.name is not None and transaction.method in _METHODS:
            yield transaction, one


def _reached(transaction: Transaction) -> list[Endpoint]:
    """Return who got the request, one after the other: nodes that pass it on without a change, and the server."""
    if transaction.request is None:
        return [transaction.destination]
    return list(dict.fromkeys(seen.destination for seen in transaction.request.sightings))


def rules_of(around: Surroundings) -> list[tuple[str, Rules]]:
    """Return the presence rules that a whole trace shows, in time order, each with its user."""
    found = []
    for _, one in _requests(correlate(around.trace), Declared(None)):
        name, request, answer = one.name, one.request, one.answer
        if name is None or request is None or answer is None or name.usage not in RULES or not one.accepted:
            continue
        if one.method == "GET" and not name.node and answer.http.status == 200:
            content = None if answer.truncated else answer.http.body
            found.append((name.user, Rules(answer.time_ns, answer, content, name.document, False)))
        elif one.method == "PUT":
            content = None if name.node or request.truncated else request.http.body
            found.append((name.user, Rules(answer.time_ns, request, content, name.document, True)))
        elif one.method == "DELETE":
            found.append((name.user, Rules(answer.time_ns, request, None, name.document, True)))
    return _completed(sorted(found, key=lambda one: one[1].since_ns))


def _completed(found: Sequence[tuple[str, Rules]]) -> list[tuple[str, Rules]]:
    """Give a change of a part the document that was read behind it: nothing here applies a change to a document."""
    done = []
    for place, (user, one) in enumerate(found):
        if one.is_change and one.document is None and f"/{SELECTOR}/" in one.message.http.uri:
            later = next((other for _, other in found[place + 1 :] if other.name == one.name), None)
            if later is not None and not later.is_change:
                one = later._replace(since_ns=one.since_ns, is_change=True)
        done.append((user, one))
    return done
