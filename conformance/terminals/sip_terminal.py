"""A terminal of a plain SIP network: it registers by digest at a proxy, publishes and watches by it (D2.2 3.3.1).

There is no IMS: no Service-Route, no P-Access-Network-Info, no AKA, and the timers of RFC 3261.
"""

from __future__ import annotations

from typing import Any

from sipmessage import Request, Response

from conformance.protocols.sip.digest_header import DigestHeader
from conformance.protocols.sip.timers import SipTimers
from conformance.stack.hop import Hop
from conformance.terminals.authenticator import ChallengeAnswer, DigestAuthenticator, UnusableChallenge
from conformance.terminals.register_request import RegisterSeries
from conformance.terminals.service import ServiceAgent
from conformance.terminals.terminal import Terminal
from conformance.vocabulary.errors import HarnessFault
from conformance.vocabulary.federation import Subscriber, Testbed


class SipTerminal(Terminal):
    """One terminal of a user who has a password.

    Args:
        proxy: the outbound proxy: all requests go there, and no Route names it (RFC 3261 8.1.2).
        subscriber: identities, and the password.
        testbed: home network of the subscriber.
        identity: whom it says that it is in From of what it publishes and asks; None: its user.
        claims: whom it asserts to be, which is no terminal's to say; None: nobody.
        rest: as `Terminal` has them.
    """

    _timers = staticmethod(SipTimers.core)

    def __init__(
        self,
        *,
        proxy: Hop,
        subscriber: Subscriber,
        testbed: Testbed,
        identity: str | None = None,
        claims: str | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(pcscf=proxy, subscriber=subscriber, testbed=testbed, **rest)
        self._authenticator = DigestAuthenticator(subscriber, testbed.domain)
        self._answered = ("", 0)
        """Call-ID and number of the REGISTER whose challenge was answered last."""
        self._identity = identity or self.impu
        self._claims = "" if claims is None else f"<{claims}>"

    def _new_series(self) -> RegisterSeries:
        return RegisterSeries(self._domain, self.impu, self.contact, supported="")

    def _service_agent(self) -> ServiceAgent:
        if not self._started:
            raise HarnessFault(f"{self.impu}: expected a terminal that has tried to register before it publishes")
        return ServiceAgent(
            stack=self._stack,
            hop=self._hop,
            identity=self._identity,
            contact=self.contact,
            routes=(),
            access_info="",
            device=self._device,
            claims=self._claims,
            prove=self._prove,
        )

    def _answer(self, response: Response, series: RegisterSeries) -> ChallengeAnswer:
        """Answer a challenge, and give up where the answer to one is challenged again (RFC 3261 22.1)."""
        if self._answered == (series.call_id, series.cseq - 1):
            self._reject(response.code, response.phrase)
        self._answered = (series.call_id, series.cseq)
        return super()._answer(response, series)

    def _prove(self, request: Request, response: Response) -> str:
        """Return Proxy-Authorization for a request that was answered with 407.

        Raises:
            ValueError: no challenge of the own network, or one that cannot be answered.
        """
        challenges = [DigestHeader.parse(value) for value in response.headers.getlist("Proxy-Authenticate")]
        mine = next((one for one in challenges if one.get("realm") == self._domain), None)
        if mine is None:
            raise UnusableChallenge(f"challenge: expected the realm {self._domain} in the 407")
        return str(self._authenticator.answer(mine, method=request.method, uri=str(request.uri)).credentials)
