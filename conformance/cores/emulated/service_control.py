"""The S-CSCF lets requests pass the application servers that filter criteria name (3GPP TS 24.229 5.4.3.2, 5.4.3.3).

A request leaves to a server with two entries in Route: the server, then the S-CSCF itself with a mark by which it knows
the request again when it comes back (the original dialog identifier). What the criteria mean is said in
`protocols.filter_criteria`; which method it is makes no difference here.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sipmessage import URI, Request, Response

from conformance.protocols.filter_criteria import Evaluation, FilterCriteria, Occasion
from conformance.protocols.sip.message import copy_message, make_response
from conformance.protocols.sip.name_addr import NameAddr, split_entries
from conformance.vocabulary.numbers import DefaultHandling, SessionCase

_MARK = "odi."

CriteriaOf = Callable[[str, SessionCase], Sequence[FilterCriteria]]
"""Filter criteria of a public user identity; the session case is for who would leave some out."""
Send = Callable[[Request], Awaitable[tuple[Response, bool]]]
"""Sends a request to an application server; returns the final response, and whether the server accepted it at all."""
Onward = Callable[[Request], Awaitable[Response]]
"""Sends a request on its way when all servers are passed."""


@dataclass(slots=True, eq=False)
class Round:
    """One request on its round of application servers."""

    user: str
    """Public user identity whose criteria they are."""
    case: SessionCase
    uri: str
    """Request-URI with which the round began."""
    evaluation: Evaluation
    back: int = 0
    """How often a server has sent the request back."""


class ServiceControl:
    """The rounds of one S-CSCF.

    Args:
        uri: SIP URI of the S-CSCF.
        criteria_of: filter criteria of a public user identity.
        log: the node's logger.
    """

    def __init__(self, uri: str, criteria_of: CriteriaOf, log: logging.Logger) -> None:
        self._uri = uri
        self._criteria_of = criteria_of
        self._log = log
        self._rounds: dict[str, Round] = {}
        """By the mark in Route, for as long as a server has the request."""

    def begin(self, user: str, case: SessionCase, request: Request) -> Round:
        """Return a new round for an initial request of a user, or to one."""
        return Round(user, case, str(request.uri), Evaluation.of(self._criteria_of(user, case)))

    def is_mark(self, entry: str) -> bool:
        """Tell whether an entry of Route is one that `serve` wrote for the way back."""
        scheme, _, rest = NameAddr.parse(entry).uri.partition(":")
        user, at, host = rest.partition("@")
        return bool(at) and user.startswith(_MARK) and f"{scheme}:{host.partition(';')[0]}" == self._uri

    def resume(self, entry: str) -> Round | None:
        """Return the round that an entry of Route belongs to; None where the server has had its answer long ago."""
        mark = NameAddr.parse(entry).uri.partition(":")[2].partition("@")[0]
        found = self._rounds.get(mark)
        if found is not None:
            found.back += 1
        return found

    async def serve(self, round: Round, request: Request, send: Send, onward: Onward) -> Response:
        """Send a request to the next server whose criterion it matches, or on its way where there is none.

        A server that does not answer is passed by, where the criterion does not say that the session ends with it.

        Args:
            round: of the request.
            request: as it leaves the S-CSCF but for Route, whose rest stands behind the two new entries.
            send: to a server.
            onward: behind the last one.
        """
        while (criterion := round.evaluation.next(Occasion(request, round.case))) is not None:
            was, mark = round.back, f"{_MARK}{secrets.token_hex(8)}"
            self._log.info("%s %s passes %s", request.method, round.user, criterion.server)
            self._rounds[mark] = round
            try:
                response, alive = await send(self._towards(criterion.server, mark, request))
            except ValueError as error:  # the profile names what is no URI
                self._log.error("filter criteria of %.100s: %.200s", round.user, error)
                response, alive = make_response(request, 500), False
            finally:
                del self._rounds[mark]
            if alive or round.back > was or not (response.code == 408 or 500 <= response.code < 600):
                return response
            self._log.warning("%s: %d, %s", criterion.server, response.code, criterion.handling.name)
            if criterion.handling is DefaultHandling.SESSION_TERMINATED:
                return response
        return await onward(request)

    def _towards(self, server: str, mark: str, request: Request) -> Request:
        URI.parse(server)
        outgoing = copy_message(request)
        rest = split_entries(request.headers.getlist("Route"))
        loose = server if "lr" in server.split(";")[1:] else f"{server};lr"
        own = self._uri.replace("sip:", f"sip:{mark}@", 1)
        outgoing.headers.setlist("Route", [f"<{loose}>", f"<{own};lr>", *rest])
        return outgoing
