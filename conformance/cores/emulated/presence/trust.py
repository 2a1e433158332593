"""Whom a presence server believes: P-Asserted-Identity of a trusted node alone (RFC 3325, TS 24.229 5.7.1.4).

The identity must be that of From, too; everything else is refused and recorded.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from conformance.cores.emulated.sip_server import Refused
from conformance.protocols.presence.identity import canonical
from conformance.protocols.sip.name_addr import NameAddr, parse_addresses
from conformance.stack.sip import ServerTransaction


class Trust:
    """The rule by which requests are believed.

    Args:
        trusted: addresses of the nodes that assert identities: the S-CSCF, a SIP proxy that authenticates.
        log: the node's logger; each refusal is one line of it.
        by_address: believe From of whatever comes from a trusted address (fault `trusts-address`).
        any_source: take every address for a trusted one (fault `trusts-everybody`).
    """

    def __init__(
        self, trusted: Iterable[str], log: logging.Logger, *, by_address: bool = False, any_source: bool = False
    ) -> None:
        self._any_source = any_source
        self._trusted = frozenset(trusted)
        self._log = log
        self._by_address = by_address

    def identity(self, transaction: ServerTransaction, known: str | None = None) -> str:
        """Return the canonical identity of who sent a request.

        Args:
            transaction: of the request.
            known: the identity that a dialog was begun with. A request in it needs no identity of its own, because a
                P-CSCF asserts one in initial requests only.

        Raises:
            Refused: 403.
            ValueError: From or P-Asserted-Identity cannot be read.
        """
        request = transaction.request
        self.check_source(transaction)
        claimed = canonical(NameAddr.parse(request.headers["From"]).uri)
        if not claimed.isprintable():  # no document could name it
            raise ValueError("From: expected a URI of printable characters")
        if self._by_address:
            return claimed
        asserted = {canonical(one.uri) for one in parse_addresses(request.headers.getlist("P-Asserted-Identity"))}
        if not asserted and known is not None:
            return known
        if not asserted:
            raise self._refusal(transaction, "no P-Asserted-Identity")
        if claimed not in asserted:
            raise self._refusal(transaction, f"P-Asserted-Identity {', '.join(sorted(asserted))} is not From {claimed}")
        if known not in (None, claimed):
            raise self._refusal(transaction, f"the dialog is that of {known}")
        return claimed

    def check_source(self, transaction: ServerTransaction) -> None:
        """See that a request comes from a trusted node.

        Raises:
            Refused: 403.
        """
        if transaction.source.address not in self._trusted and not self._any_source:
            raise self._refusal(transaction, "the source is no trusted node")

    def _refusal(self, transaction: ServerTransaction, why: str) -> Refused:
        shown = "".join(character if character.isprintable() else "?" for character in why[:300])
        self._log.warning("%.20s of %s refused: %s", transaction.request.method, transaction.source, shown)
        return Refused(403)
