"""Which flow a call should follow: by the networks of caller, P-CSCFs and callee, and by how it ended.

With a federation the networks are those of the nodes' addresses. Without one they are told by names: the caller's
identity and the dialled URI name the homes, Record-Route names the P-CSCFs. What no name tells is taken to be at home.
"""

from __future__ import annotations

from conformance.criteria.call import Call
from conformance.criteria.phone_numbers import number_in
from conformance.criteria.values import in_domain, is_numeric
from conformance.trace.sip_values import parse_uri
from conformance.vocabulary.federation import Testbed
from conformance.vocabulary.roles import Role

ROUTES = (
    "call-home",
    "call-interconnect",
    "call-roaming-home",
    "call-roaming-same",
    "call-roaming-third",
    "call-to-visitor",
    "call-both-away",
)
CANCELLED = "call-cancelled"
REFUSED = "call-refused"
EVERY = (*ROUTES, CANCELLED, REFUSED)
REQUEST_TERMINATED = 487
BY_THE_USER = (480, 486, 600, 603)
"""What a terminal answers because its user does not want the call, is busy, or does not come."""


def flows_of(call: Call) -> tuple[str, ...]:
    """Return the flows that a call may follow, the one that the caller wanted first."""
    route = route_of(call)
    if call.cancelled:
        return (CANCELLED, route)
    status = call.invite.status
    if status is None or status < 300:
        return (route,)
    return (REFUSED, route) if refused_by_user(call) else (route, REFUSED)


def refused_by_user(call: Call) -> bool:
    """Tell whether the callee's terminal itself refused, as its user wished."""
    hop = call.into(Role.CALLEE)
    return hop is not None and hop.response is not None and hop.response.sip.status in BY_THE_USER


def route_of(call: Call) -> str:
    """Return the flow of a call that is answered."""
    networks = call.facts.networks
    caller, callee = networks.get(Role.ORIG_SCSCF), networks.get(Role.TERM_SCSCF)
    entry, leaving = networks.get(Role.ORIG_PCSCF), networks.get(Role.TERM_PCSCF)
    if caller is not None:
        return _route(
            _domain(caller), _domain(callee or caller), _domain(entry or caller), _domain(leaving or callee or caller)
        )
    return _by_names(call)


def _domain(testbed: Testbed) -> str:
    return testbed.domain


def _route(caller: str, callee: str, entry: str, leaving: str) -> str:
    away, callee_away = entry != caller, leaving != callee
    if callee_away:
        return "call-both-away" if away else "call-to-visitor"
    if not away:
        return "call-home" if callee == caller else "call-interconnect"
    if callee == caller:
        return "call-roaming-home"
    return "call-roaming-same" if callee == entry else "call-roaming-third"


def _by_names(call: Call) -> str:
    caller = _host(call.subject)
    callee = _called_host(call) or caller
    if not caller or is_numeric(caller) or is_numeric(callee):
        return "call-home"
    entry = _network(call.network_named.get(Role.ORIG_PCSCF), (caller, callee))
    leaving = _network(call.network_named.get(Role.TERM_PCSCF), (callee, caller))
    same = caller if in_domain(callee, caller) or in_domain(caller, callee) else callee
    return _route(caller, same, entry or caller, same if leaving in (None, callee, same) else leaving or same)


def _called_host(call: Call) -> str:
    """Return the host of who is called; of a number that of the SIP URI that it was translated to."""
    if number_in(call.callee) is None:
        return _host(call.callee)
    hosts = (_host(uri) for uri in call.called if number_in(uri) is None)
    return next((host for host in hosts if host and not is_numeric(host)), "")


def _network(host: str | None, homes: tuple[str, ...]) -> str | None:
    """Return the home that a host lies in, else its own network; None where it names none."""
    if host is None or is_numeric(host) or host.count(".") < 2:
        return None
    network = host.partition(".")[2]
    return next((home for home in homes if in_domain(host, home) or in_domain(home, network)), network)


def _host(uri: str) -> str:
    parsed = parse_uri(uri)
    return "" if parsed is None else parsed.host
