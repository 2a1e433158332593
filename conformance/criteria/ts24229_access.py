"""What a terminal says of its access network within calls (3GPP TS 24.229, procedures at the UE)."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.criteria.call import Call, DialogRequest
from conformance.criteria.call_values import TS24229, cite_all
from conformance.criteria.model import Catalogue, Citation, Finding, failed, inconclusive, not_applicable, passed
from conformance.criteria.procedure import Kind
from conformance.criteria.subscription import Accepted
from conformance.criteria.values import cite_header
from conformance.trace.model import SipMessage
from conformance.vocabulary.points import Point
from conformance.vocabulary.roles import Role
from conformance.vocabulary.verdicts import Severity

CATALOGUE = Catalogue()
NAME = "P-Access-Network-Info"
WITHOUT = frozenset({"ACK", "CANCEL"})


@CATALOGUE.add(
    "CALL-06",
    "A terminal that knows its access network names it (P-Access-Network-Info) in each request of a call but ACK and "
    "CANCEL.",
    source=TS24229,
    node=Role.CALLER,
    points=(Point.GM,),
    severity=Severity.DEGRADED,
    condition="the terminal named it in another request of the call, or in its REGISTER",
    kinds=(Kind.CALL,),
)
def access_named(call: Call) -> Finding:
    """3GPP TS 24.229: if it is available to the UE. What it once said was available: who never says it may not know."""
    expected = f"{NAME} in each request but ACK and CANCEL"
    cited: list[Citation] = []
    seen = False
    for role, register in ((Role.CALLER, call.caller_registered), (Role.CALLEE, call.callee_registered)):
        sent = list(_sent(call, role))
        seen = seen or bool(sent)
        named = [header for request in sent if (header := request.sip.first(NAME)) is not None]
        if not named and not _named(register):
            continue
        for request in sent:
            header = request.sip.first(NAME)
            if header is None:
                where = cite_all(request, NAME)
                found = f"none in {request.sip.method[:20]}"
                said = next((one for one in sent if one.sip.first(NAME) is not None), None)
                return failed(expected, found, *where, *(cite_all(said, NAME) if said else ()), node=role)
            cited.append(cite_header(request, header))
    if not seen:
        return inconclusive(expected, "no request of a terminal was captured where it sends it")
    if not cited:
        return not_applicable(expected, "no terminal says which access network it uses")
    return passed(expected, f"in {len(cited)} requests", *cited[:10])


def _sent(call: Call, role: Role) -> Iterator[SipMessage]:
    """Yield the requests that a terminal sends, as it sends them, whole ones alone."""
    for one in call.requests:
        request = _at_terminal(one, role)
        if request is not None and one.method not in WITHOUT and not request.truncated:
            yield request


def _at_terminal(one: DialogRequest, role: Role) -> SipMessage | None:
    hop = one.hop_from(role) if one.from_caller is (role is Role.CALLER) else None
    return None if hop is None else hop.request


def _named(register: Accepted | None) -> bool:
    """Tell whether a terminal said so when it registered, where its own REGISTER was captured."""
    return (
        register is not None
        and register.at_terminal
        and register.request is not None
        and register.request.sip.first(NAME) is not None
    )
