"""The S-CSCF tells application servers who is registered: third-party REGISTER (3GPP TS 24.229 5.4.1.7)."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, field

from sipmessage import URI, Request

from conformance.cores.emulated.quiet import Work
from conformance.cores.emulated.register_fields import public_identity
from conformance.cores.emulated.registrar import Registration
from conformance.cores.emulated.sip_server import Refused, relay
from conformance.protocols.filter_criteria import FilterCriteria, Occasion
from conformance.protocols.sip.charging_vector import HEADER, ChargingVector
from conformance.protocols.sip.message import new_tag
from conformance.protocols.user_profile import UserProfile
from conformance.stack.errors import StackError
from conformance.stack.locate import Locator
from conformance.stack.sip import SipStack
from conformance.vocabulary.numbers import RegistrationType

_COPIED = ("P-Access-Network-Info", "P-Visited-Network-ID")


@dataclass(slots=True)
class _Told:
    """One user at one application server: all REGISTERs have one Call-ID (RFC 3261 10.2)."""

    call_id: str = field(default_factory=lambda: secrets.token_hex(12))
    cseq: int = 0


class ThirdPartyRegistration:
    """Sends the third-party REGISTERs of one S-CSCF.

    What an application server answers changes nothing for the user: DefaultHandling is SESSION_CONTINUED.

    Args:
        stack: sends them.
        locator: finds application servers by DNS.
        uri: SIP URI of the S-CSCF: From and Contact.
        domain: of its network, for charging.
        work: what is under way of the S-CSCF.
        log: the node's logger.
    """

    def __init__(
        self, stack: SipStack, locator: Locator, uri: str, domain: str, work: Work, log: logging.Logger
    ) -> None:
        self._stack = stack
        self._locator = locator
        self._uri = uri
        self._domain = domain
        self._work = work
        self._log = log
        self._criteria: dict[str, tuple[FilterCriteria, ...]] = {}
        """By public user identity. A re-registration may bring no profile: the one that is known goes on."""
        self._told: dict[tuple[str, str], _Told] = {}
        """By application server and public user identity."""

    def learn(self, profile: UserProfile) -> None:
        """Take over the filter criteria of a profile that the HSS sent."""
        self._criteria.update(profile.services)

    def knows(self, user: str) -> bool:
        """Tell whether the HSS has sent a profile of a public user identity."""
        return user in self._criteria

    def criteria_of(self, user: str) -> tuple[FilterCriteria, ...]:
        """Return the filter criteria of a public user identity; none where nothing is known of it."""
        return self._criteria.get(user, ())

    def tell(
        self, registration: Registration, kind: RegistrationType, seconds: int, request: Request | None = None
    ) -> None:
        """Tell each application server whose filter criteria match, after what is answered now.

        Args:
            registration: as it is now.
            kind: what happened to it.
            seconds: what was granted; 0 where it has ended.
            request: the REGISTER of the terminal; None where the network ended the registration.
        """
        user = registration.explicit if request is None else public_identity(request)
        occasion = Occasion(request or Request("REGISTER", URI.parse(self._uri)), registration=kind)
        servers = [one.server for one in self.criteria_of(user) if one.matches(occasion)]
        for server in dict.fromkeys(servers):
            told = self._told.setdefault((server, user), _Told())
            told.cseq += 1
            try:
                message = self._register(server, user, told, seconds, request)
            except ValueError as error:
                self._log.error("filter criteria of %.100s: %.200s", user, error)
                continue
            self._work.begin(self._send(message))
        if kind is RegistrationType.DE_REGISTRATION:
            for identity in registration.identities:
                self._criteria.pop(identity, None)
            self._told = {key: one for key, one in self._told.items() if key[1] not in registration.identities}

    def _register(self, server: str, user: str, told: _Told, seconds: int, request: Request | None) -> Request:
        message = Request("REGISTER", URI.parse(server))
        headers = message.headers
        headers.setlist("Via", [])
        headers.set("Max-Forwards", "70")
        headers.set("From", f"<{self._uri}>;tag={new_tag()}")
        headers.set("To", f"<{user}>")
        headers.set("Call-ID", told.call_id)
        headers.set("CSeq", f"{told.cseq} REGISTER")
        headers.set("Contact", f"<{self._uri}>")
        headers.set("Expires", str(seconds))
        if request is None:
            return message
        for name in _COPIED:
            if values := request.headers.getlist(name):
                headers.setlist(name, list(values))
        vector = ChargingVector.parse(request.headers.get(HEADER) or "").only("icid-value")
        if vector.parameters:
            headers.set(HEADER, str(vector.with_parameter("orig-ioi", self._domain)))
        return message

    async def _send(self, message: Request) -> None:
        try:
            response = await relay(self._stack, message, self._locator.locate(message.uri), self._log)
            self._log.info("REGISTER %s: %d", message.uri, response.code)
        except (StackError, Refused) as error:
            self._log.warning("REGISTER %s: %s", message.uri, error)
