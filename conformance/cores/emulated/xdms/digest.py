"""HTTP Digest at the XDMS (RFC 2617, RFC 7616 with MD5): challenges, and who has answered one."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from conformance.protocols.aka import digest_ha1, digest_response
from conformance.protocols.sip.digest_header import DigestHeader
from conformance.vocabulary.federation import Subscriber

_LIFE_S = 300
_MOST_NONCES = 10_000
_ZEROS = "0" * 32


@dataclass(frozen=True, slots=True)
class Account:
    """What the XDMS knows of a subscriber: H(A1), never the password."""

    ha1: str
    identities: frozenset[str]


def accounts_of(subscribers: Iterable[Subscriber], realm: str) -> dict[str, Account]:
    """Return accounts by private identity, without those of subscribers who have no password (see decision 19)."""
    found = {}
    for subscriber in subscribers:
        password = subscriber.xcap_password or subscriber.password
        if password is not None:
            ha1 = digest_ha1(subscriber.impi, realm, password.reveal())
            found[subscriber.impi] = Account(ha1, frozenset(subscriber.impus))
    return found


class DigestGuard:
    """Challenges, and checks of what is answered to them.

    A nonce has its time in it, and a code that proves it is one of ours; it is good for five minutes, and each count of
    uses once.

    Args:
        realm: realm of the challenges.
        accounts: by user name.
        clock: seconds.
    """

    def __init__(self, realm: str, accounts: Mapping[str, Account], clock: Callable[[], float]) -> None:
        self._realm = realm
        self._accounts = accounts
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._counts: OrderedDict[str, int] = OrderedDict()

    def challenge(self, *, stale: bool = False) -> str:
        """Return the value of WWW-Authenticate."""
        values = {"realm": self._realm, "nonce": self._nonce(f"{int(self._clock()):x}-{secrets.token_hex(8)}")}
        values |= {"algorithm": "MD5", "qop": "auth"} | ({"stale": "true"} if stale else {})
        return str(DigestHeader.challenge(**values))

    def check(self, method: str, target: str, authorization: str | None) -> Account | str:
        """Return the account that has answered a challenge, else the challenge to be sent.

        Args:
            method: method of the request.
            target: path and query as they stand in the request line.
            authorization: value of Authorization.
        """
        try:
            given = DigestHeader.parse(authorization or "")
        except ValueError:
            return self.challenge()
        account = self._accounts.get(given.get("username"))
        nonce, count = given.get("nonce"), given.get("nc")
        expected = digest_response(
            account.ha1 if account is not None else _ZEROS,
            method=method,
            uri=given.get("uri"),
            nonce=nonce,
            qop="auth",
            nc=count,
            cnonce=given.get("cnonce"),
        )
        right = hmac.compare_digest(expected.encode(), given.get("response").encode("utf-8", "replace"))
        fits = given.get("uri") == target and given.get("realm") == self._realm and given.get("qop") == "auth"
        if account is None or not right or not fits or given.get("algorithm", "MD5").upper() != "MD5":
            return self.challenge()
        return account if self._is_fresh(nonce, count) else self.challenge(stale=True)

    def _nonce(self, stamp: str) -> str:
        return f"{stamp}-{hmac.new(self._key, stamp.encode(), hashlib.sha256).hexdigest()[:32]}"

    def _is_fresh(self, nonce: str, count: str) -> bool:
        stamp = nonce.rpartition("-")[0]
        try:
            made, number = int(stamp.partition("-")[0], 16), int(count, 16)
        except ValueError:
            return False
        if not hmac.compare_digest(nonce.encode("utf-8", "replace"), self._nonce(stamp).encode("utf-8", "replace")):
            return False
        if self._clock() - made > _LIFE_S or number <= self._counts.get(nonce, 0):
            return False
        self._counts[nonce] = number
        self._counts.move_to_end(nonce)
        while len(self._counts) > _MOST_NONCES:
            self._counts.popitem(last=False)
        return True
