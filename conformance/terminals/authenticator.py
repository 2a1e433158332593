"""How a terminal proves who it is: Authorization header fields for IMS AKA and for digest with MD5.

3GPP TS 24.229 5.1.1 says what is sent, RFC 3310 and RFC 2617 how it is computed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from conformance.protocols.aka import (
    Authenticated,
    MacFailure,
    SequenceNumbers,
    SyncFailure,
    authenticate,
    decode_nonce,
    digest_ha1,
    digest_response,
    encode_auts,
)
from conformance.protocols.milenage import Milenage
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.terminals.manner import Manner
from conformance.vocabulary.federation import Subscriber

AKA = "AKAv1-MD5"
MD5 = "MD5"


class UnusableChallenge(ValueError):
    """A challenge that this terminal has no credentials for, or cannot read."""


@dataclass(frozen=True, slots=True)
class ChallengeAnswer:
    """The credentials for the next REGISTER, and what the terminal thinks of the network (None: MD5, no opinion)."""

    credentials: DigestHeader
    network: Authenticated | MacFailure | SyncFailure | None


class Authenticator:
    """Answers challenges for one subscriber, with the subscriber's own memory of sequence numbers.

    Args:
        subscriber: identities and credentials.
        realm: home network domain, the realm of the first REGISTER.
        numbers: sequence numbers that the terminal has seen; none at first.
        manner: what it does otherwise than the standards ask; nothing where it is None.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        realm: str,
        numbers: SequenceNumbers | None = None,
        manner: Manner | None = None,
    ) -> None:
        self.numbers = numbers if numbers is not None else SequenceNumbers()
        self._subscriber = subscriber
        self._manner = manner or Manner()
        self._username = self._manner.username(subscriber.impi)
        self._realm = realm
        self._milenage: Milenage | None = None
        if subscriber.k is not None and subscriber.opc is not None:
            self._milenage = Milenage(subscriber.k.reveal(), subscriber.opc.reveal())

    def initial(self, uri: str) -> DigestHeader | None:
        """Return credentials that only say who asks: empty nonce and response (3GPP TS 24.229 5.1.1.2.2).

        None: this terminal sends none before it is challenged.
        """
        algorithm = AKA if self._milenage else MD5
        standard = {"username": self._username, "realm": self._realm, "nonce": "", "uri": uri, "response": ""}
        values = self._manner.introduction(standard | {"algorithm": algorithm})
        return None if values is None else DigestHeader.credentials(**values)

    def answer(self, challenge: DigestHeader, *, method: str, uri: str) -> ChallengeAnswer:
        """Answer a challenge.

        A wrong MAC gets an empty response and no auts; a stale sequence number gets auts, with a response over an
        empty password (3GPP TS 24.229, RFC 3310 3.4).

        Args:
            challenge: WWW-Authenticate of the 401.
            method: method of the request that will carry the answer.
            uri: value for the `uri` parameter.

        Raises:
            UnusableChallenge: another algorithm than the subscriber's, a qop that is unknown, or no RAND and AUTN.
        """
        algorithm = challenge.get("algorithm", MD5)
        if self._milenage is None or algorithm.lower() != AKA.lower():
            return ChallengeAnswer(self._with_password(challenge, algorithm, method, uri), None)
        try:
            rand, autn = decode_nonce(challenge.get("nonce"))
        except ValueError:
            raise UnusableChallenge("challenge: expected RAND and AUTN in its nonce (RFC 3310 3.2)") from None
        network = authenticate(self._milenage, rand, autn, self.numbers)
        match network:
            case Authenticated(res=res):
                credentials = self._respond(challenge, res, AKA, method, uri)
            case SyncFailure(auts=auts) if self._manner.blanks_resynchronisation:
                credentials = self._empty(challenge, uri).adding("auts", encode_auts(auts))
            case SyncFailure(auts=auts):
                credentials = self._respond(challenge, b"", AKA, method, uri).adding("auts", encode_auts(auts))
            case MacFailure():
                credentials = self._empty(challenge, uri)
        return ChallengeAnswer(credentials, network)

    def _empty(self, challenge: DigestHeader, uri: str) -> DigestHeader:
        return DigestHeader.credentials(
            username=self._username,
            realm=challenge.get("realm"),
            nonce=challenge.get("nonce"),
            uri=uri,
            response="",
            algorithm=AKA,
        )

    def _with_password(self, challenge: DigestHeader, algorithm: str, method: str, uri: str) -> DigestHeader:
        password = self._subscriber.password
        if password is None or algorithm.upper() != MD5:
            mine = AKA if self._milenage else MD5
            raise UnusableChallenge(f"challenge: expected algorithm {mine}, found {algorithm[:40]}")
        return self._respond(challenge, password.reveal(), MD5, method, uri)

    def _respond(self, challenge: DigestHeader, password: bytes, algorithm: str, method: str, uri: str) -> DigestHeader:
        nonce, realm = challenge.get("nonce"), challenge.get("realm")
        values = {"username": self._username, "realm": realm, "nonce": nonce, "uri": uri}
        qop, nc, cnonce = self._chosen_qop(challenge), "00000001", secrets.token_hex(8)
        ha1, hashed = digest_ha1(self._username, realm, password), self._manner.hashed_uri(uri, qop)
        values["response"] = digest_response(ha1, method=method, uri=hashed, nonce=nonce, qop=qop, nc=nc, cnonce=cnonce)
        values["algorithm"] = algorithm
        if qop is not None:
            values |= {"qop": qop, "cnonce": cnonce, "nc": nc}
        if "opaque" in challenge:
            values["opaque"] = challenge.get("opaque")
        return DigestHeader.credentials(**values)

    def _chosen_qop(self, challenge: DigestHeader) -> str | None:
        preferred = self._manner.preferred_qop(challenge)
        if not preferred:
            return None
        offered = [token.strip().lower() for token in challenge.get("qop").split(",")]
        for qop in preferred:
            if qop in offered:
                return qop
        raise UnusableChallenge(f"challenge: expected qop auth or auth-int, found {challenge.get('qop')[:40]}")


class DigestAuthenticator(Authenticator):
    """Answers challenges of plain SIP and HTTP: says nothing before it is asked (RFC 3261 22.2)."""

    def initial(self, uri: str) -> None:
        """Return nothing: there are no credentials without a challenge."""
